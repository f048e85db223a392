import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import {
  CustomerChange, CustomerCreate, CustomerQuery, CustomerSummary, Dossier, DossierQuery, FollowUp, FollowUpRequest, IdParams, MergeRequest, Note, NoteRequest, QuickNote, QuickNotes,
} from '../../contract/index.js';
import type { Audit } from '../../audit/index.js';
import type { Consent } from '../../consent/index.js';
import type { Customers } from '../../customers/index.js';
import type { Finding } from '../../finding/index.js';
import type { FollowUps } from '../../followups/index.js';
import type { Gallery } from '../../gallery/index.js';
import { BoundedMap, type Clock } from '../../kit/index.js';
import type { Cards } from '../cards.js';
import { actorOf, readerOf, signedIn } from '../guards.js';

const LIMIT_DEFAULT = 30;
/** For the audit log that is one opening. */
const SAME_OPENING_MS = 60_000;
const OPENINGS_KEPT_MAX = 1_000;

export const customerRoutes = (deps: {
  audit: Audit; clock: Clock; customers: Customers; consent: Consent; finding: Finding; followUps: FollowUps; gallery: Gallery; cards: Cards;
}): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, clock, customers, consent, finding, followUps, gallery, cards } = deps;
  const config = { permission: 'serve' } as const;
  const openings = new BoundedMap<string, number>(OPENINGS_KEPT_MAX);
  /** Session and customer: opened in that session, and written down. */
  const opened = new BoundedMap<string, true>(OPENINGS_KEPT_MAX);
  const inSession = (request: FastifyRequest, customerId: string): string => `${signedIn(request).session.key} ${customerId}`;
  /** A change answers with the dossier, so it is a reading of one that is not open in this session. Inside the transaction of the change. */
  const readAlong = (request: FastifyRequest, customerId: string): void => {
    if (!opened.get(inSession(request, customerId))) audit.record('dossier_opened', actorOf(request), { customerId, detail: { why: 'edit' } });
  };
  const answer = (request: FastifyRequest, customerId: string): Dossier => {
    opened.set(inSession(request, customerId), true);
    return cards.dossier(customerId, readerOf(request));
  };
  const isAgain = (request: FastifyRequest): boolean => (request.query as { again?: unknown }).again === 'true';

  app.get('/customers', {
    config: { permission: 'read_dossier' },
    schema: { tags: ['customers'], summary: 'Find by name, sound of the name, numbers, notes', querystring: CustomerQuery, response: { 200: Type.Array(CustomerSummary) } },
  }, async (request) => {
    const { query = '', limit } = request.query;
    return finding.search(query, limit === undefined ? LIMIT_DEFAULT : Number(limit)).map((line) => cards.summary(line));
  });

  app.post('/customers', { config, schema: { tags: ['customers'], body: CustomerCreate, response: { 201: Dossier } } }, async (request, reply) => {
    const by = actorOf(request);
    const create = () => customers.create(request.body, by.staffId);
    // Sent again: made and written down the first time. What it answers is read all the same.
    const isThere = request.body.id !== undefined && customers.has(request.body.id);
    const { id } = isThere ? create() : audit.recording('customer_created', by, (made) => ({ customerId: made.id }), create);
    if (isThere) readAlong(request, id);
    return reply.status(201).send(isThere ? answer(request, id) : cards.dossier(id, readerOf(request)));
  });

  app.get('/customers/:id', {
    config: { permission: 'read_dossier', unattended: isAgain },
    schema: { tags: ['customers'], summary: 'Open a dossier, and why: that is written down', params: IdParams, querystring: DossierQuery, response: { 200: Dossier } },
  }, async (request) => {
    const dossier = cards.dossier(request.params.id, readerOf(request));
    const by = actorOf(request);
    const why = request.query.why ?? null;
    const key = inSession(request, dossier.id);
    // Whatever a page says: nothing is read in a session that is not written down at least once.
    if (isAgain(request) && opened.get(key)) return dossier;
    const opening = `${key} ${why}`;
    const before = openings.get(opening);
    if (before === undefined || Math.abs(clock.now() - before) >= SAME_OPENING_MS) {
      audit.recordReading('dossier_opened', by, { customerId: dossier.id, detail: { why } });
      openings.set(opening, clock.now());
    }
    opened.set(key, true);
    return dossier;
  });

  app.patch('/customers/:id', {
    config: { permission: 'correct_dossier' },
    schema: { tags: ['customers'], params: IdParams, body: CustomerChange, response: { 200: Dossier } },
  }, async (request) => {
    const { id } = request.params;
    const before = customers.byId(id);
    const by = actorOf(request);
    audit.recording('customer_changed', by, (after) => ({ customerId: id, detail: { fields: differing(before, after) } }), () => {
      readAlong(request, id);
      return customers.change(id, request.body, by.staffId, readerOf(request) === 'everything');
    });
    return answer(request, id);
  });

  app.post('/customers/:id/merge', {
    config,
    schema: {
      tags: ['customers'], summary: 'The same person has another dossier: end the consent of this one for good, move everything there, and hide it',
      params: IdParams, body: MergeRequest, response: { 200: Dossier },
    },
  }, async (request) => {
    const { id } = request.params;
    const { into } = request.body;
    const by = actorOf(request);
    consent.endForMerge(id, (end) => audit.recording('customers_merged', by, { customerId: into, detail: { from: id } },
      () => { readAlong(request, into); customers.merge(id, into, by.staffId, end); }));
    return answer(request, into);
  });

  app.post('/merges/:id/undo', {
    config,
    schema: {
      tags: ['customers'], summary: 'Take a merged dossier out again; its consent stays ended and has to be asked for anew',
      params: IdParams, response: { 200: Dossier },
    },
  }, async (request) => {
    const mergeId = request.params.id;
    const by = actorOf(request);
    return answer(request, audit.recording('merge_undone', by, (customerId) => ({ customerId, detail: { mergeId } }), () => {
      const customerId = customers.undoMerge(mergeId, by.staffId);
      readAlong(request, customerId);
      return customerId;
    }));
  });

  app.post('/customers/:id/template/revert', {
    config,
    schema: { tags: ['customers'], summary: 'Back to the enrolment photos alone', params: IdParams, response: { 200: Dossier } },
  }, async (request) => {
    const { id } = request.params;
    audit.recording('template_reverted', actorOf(request), { customerId: id }, () => {
      readAlong(request, id);
      gallery.revert(id);
    });
    return answer(request, id);
  });

  app.post('/customers/:id/notes', { config, schema: { tags: ['customers'], params: IdParams, body: NoteRequest, response: { 201: Note } } }, async (request, reply) => {
    const { id } = request.params;
    const by = actorOf(request);
    const { text, ...sent } = request.body;
    const add = () => customers.addNote(id, text, by.staffId, sent);
    const isThere = sent.id !== undefined && customers.hasNote(sent.id);
    return reply.status(201).send(isThere ? add() : audit.recording('note_added', by, (added) => ({ customerId: id, detail: { noteId: added.id } }), add));
  });

  app.get('/quick-notes', { config, schema: { tags: ['customers'], summary: 'Chips that write a note', response: { 200: Type.Array(QuickNote) } } }, async () => customers.quickNotes.all());

  app.put('/quick-notes', {
    config: { permission: 'arrange_desk' },
    schema: { tags: ['customers'], summary: 'All of them; none: as delivered', body: QuickNotes, response: { 200: Type.Array(QuickNote) } },
  }, async (request) => audit.recording('setting_changed', actorOf(request), { detail: { setting: 'quick_notes', count: request.body.length } },
    () => customers.quickNotes.replace(request.body)));

  app.post('/customers/:id/follow-ups', { config, schema: { tags: ['customers'], params: IdParams, body: FollowUpRequest, response: { 201: FollowUp } } },
    async (request, reply) => reply.status(201).send(followUps.add(request.params.id, request.body, actorOf(request).staffId)));

  app.post('/follow-ups/:id/done', { config, schema: { tags: ['customers'], params: IdParams, response: { 200: FollowUp } } },
    async (request) => followUps.complete(request.params.id));
};

/** The fields that are not what they were, by name: what stood there is nobody's business in a log. */
function differing(before: object, after: object): string {
  return Object.entries(after).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field as keyof typeof before])).map(([field]) => field).join(',');
}
