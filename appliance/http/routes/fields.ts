import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import type { Access } from '../../access/index.js';
import type { Audit } from '../../audit/index.js';
import {
  CustomerSummary, FieldData, FieldExportQuery, FieldHistory, FieldHistoryParams, FieldQuery, FieldValue, FieldValuesChange, IdParams, OwnForm, OwnFormChange,
} from '../../contract/index.js';
import type { Customers } from '../../customers/index.js';
import type { EventBus } from '../../events/index.js';
import type { Fields } from '../../fields/index.js';
import { BoundedMap, PorticoError } from '../../kit/index.js';
import type { Visits } from '../../visits/index.js';
import type { Cards } from '../cards.js';
import { actorOf, readerOf, signedIn, whileAllowed } from '../guards.js';

const Csv = Type.Unsafe<Readable>({ description: 'RFC 4180, UTF-8', content: { 'text/csv': { schema: { type: 'string' } } } });
const OPENINGS_KEPT_MAX = 1_000;
/** As in the contract; the schema refuses more. */
const VALUES_MAX = 200;

/** Own fields: the form that a manager makes, what is written into it, finding by it, the export. */
export const fieldRoutes = (deps: {
  access: Access; audit: Audit; cards: Cards; customers: Customers; events: EventBus; fields: Fields; visits: Visits;
}): FastifyPluginAsyncTypebox => async (app) => {
  const { access, audit, cards, customers, events, fields, visits } = deps;
  const tags = ['fields'];
  /** Session and customer: whose history was read in that session, and written down. */
  const opened = new BoundedMap<string, true>(OPENINGS_KEPT_MAX);

  app.get('/fields', {
    config: { permission: 'read_dossier' },
    schema: { tags, summary: 'The store\'s own fields; managers\' fields for managers and the privacy officer only', response: { 200: OwnForm } },
  }, async (request) => fields.form(readerOf(request)));

  app.put('/fields', {
    config: { permission: 'arrange_desk' },
    schema: { tags, summary: 'The whole form as it shall be; what is missing is removed, and can be brought back for 30 days', body: OwnFormChange, response: { 200: OwnForm } },
  }, async (request) => {
    const form = audit.recording('setting_changed', actorOf(request), ({ revision, sections }) => ({
      detail: { setting: 'own_fields', revision, fields: sections.reduce((sum, section) => sum + section.fields.length, 0) },
    }), () => fields.changeForm(request.body));
    for (const { id } of visits.open()) events.emit('visitUpdated', { visitId: id }); // other facts may stand on the cards
    return form;
  });

  app.post('/fields/search', {
    config: { permission: 'serve' },
    schema: { tags, summary: 'Customers whose field is like this, at most 100', body: FieldQuery, response: { 200: Type.Array(CustomerSummary) } },
  }, async (request) => (await fields.find(request.body, readerOf(request))).flatMap((id) => {
    request.stillMay();
    if (!customers.has(id)) return []; // erased meanwhile
    const { displayName, salutation, tier, phone } = customers.byId(id);
    return cards.summary({ id, displayName, salutation, tier, phoneTail: phone?.slice(-4) ?? null, found: { in: 'field', text: null } });
  }));

  app.get('/fields/export.csv', {
    config: { permission: 'arrange_desk' },
    schema: {
      tags, summary: 'Chosen fields of everybody who has something in one of them: member number and dossier, no names; not who is restricted',
      querystring: FieldExportQuery, response: { 200: Csv },
    },
  }, async (request, reply) => {
    access.requireProof(signedIn(request)); // it takes data about people out of the box
    const fieldIds = [...new Set(request.query.fields.split(','))];
    const { customers: count, csv } = await fields.export(fieldIds, request.query.language ?? 'zh-CN');
    request.stillMay();
    audit.record('customers_exported', actorOf(request), { detail: { fields: fieldIds.length, customers: count } });
    void reply.header('content-disposition', 'attachment; filename="portico-fields.csv"').type('text/csv; charset=utf-8');
    return reply.send(Readable.from(whileAllowed(request, csv)));
  });

  app.put('/customers/:id/fields', {
    config: { permission: 'correct_dossier' },
    schema: { tags, summary: 'Write and empty own fields of a customer; all or nothing', params: IdParams, body: FieldValuesChange, response: { 200: Type.Array(FieldValue) } },
    preValidation: async (request) => nameMisfit(request.body),
  }, async (request) => {
    const { id } = request.params;
    const by = actorOf(request);
    const reader = readerOf(request);
    audit.recording('customer_changed', by, (changed) => (changed.length === 0 ? null : { customerId: id, detail: { fields: 'ownFields', fieldIds: changed.join(',') } }),
      () => fields.change(id, request.body, by.staffId, reader));
    // No more than was sent: the rest of the dossier is read where that is written down.
    return fields.of(id, reader).filter(({ fieldId }) => request.body.values.some((sent) => sent.fieldId === fieldId));
  });

  app.get('/customers/:id/fields/:fieldId/history', {
    config: { permission: 'read_dossier' },
    schema: { tags, summary: 'What stood in a field, newest first', params: FieldHistoryParams, response: { 200: FieldHistory } },
  }, async (request) => {
    const { id, fieldId } = request.params;
    const { id: customerId } = customers.byId(id);
    const history = fields.history(customerId, fieldId, readerOf(request));
    const key = `${signedIn(request).session.key} ${customerId}`;
    if (!opened.get(key)) audit.recordReading('dossier_opened', actorOf(request), { customerId, detail: { why: null } });
    opened.set(key, true);
    return history;
  });
};

/** A value that cannot be read as any is told by its field, not by its place in the request. @throws PorticoError field_invalid {fieldId} */
function nameMisfit(body: unknown): void {
  const values = (body as Partial<FieldValuesChange> | null)?.values;
  for (const each of Array.isArray(values) ? values.slice(0, VALUES_MAX) : []) {
    if (typeof each?.fieldId === 'string' && each.value != null && !Check(FieldData, each.value)) throw new PorticoError('field_invalid', { fieldId: each.fieldId });
  }
}
