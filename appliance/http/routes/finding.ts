import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import { Duplicate, DuplicateDismissal, IdParams, LINK_HEADER, MemberCodeLink, OwnMemberCode, ScanFound, ScanRequest, Tag, TagRequest } from '../../contract/index.js';
import type { Finding } from '../../finding/index.js';
import type { Cards } from '../cards.js';
import { actorOf } from '../guards.js';

/** A code has eight digits and three of them are valid: at this pace a guesser needs years, and staff scan one customer after another. */
const SCANS_PER_MINUTE = 60;

export const findingRoutes = (deps: { audit: Audit; finding: Finding; cards: Cards; box: { storeName: string } }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, finding, cards, box } = deps;
  const config = { permission: 'serve' } as const;

  app.post('/find', {
    config: { ...config, requestsPerMinute: SCANS_PER_MINUTE },
    schema: { tags: ['finding'], summary: 'Whose code, tag or number was scanned, or which product', body: ScanRequest, response: { 200: ScanFound } },
  }, async (request) => {
    const by = actorOf(request);
    const found = finding.scan(request.body.scan, (customerId, way) => audit.record('customer_scanned', by, { customerId, detail: { by: way } }));
    switch (found.kind) {
      case 'customer': return { ...found, customer: cards.summary(found.customer) };
      case 'choose': return { ...found, customers: found.customers.map((line) => cards.summary(line)) };
      case 'product': return found;
    }
  });

  app.get('/duplicates', { config, schema: { tags: ['finding'], summary: 'Pairs that may be one person, the surest first', response: { 200: Type.Array(Duplicate) } } }, async (request) => {
    const pairs = await finding.duplicates();
    request.stillMay();
    return pairs.map(({ a, b, ...pair }) => ({ ...pair, a: cards.summary(a), b: cards.summary(b) }));
  });

  app.post('/duplicates/dismiss', {
    config, schema: { tags: ['finding'], summary: 'They are two people', body: DuplicateDismissal, response: { 204: Type.Null() } },
  }, async (request, reply) => {
    const { a, b } = request.body;
    const by = actorOf(request);
    audit.recording('duplicate_dismissed', by, { customerId: a, detail: { other: b } }, () => finding.dismissDuplicate(a, b, by.staffId));
    return reply.status(204).send(null);
  });

  app.post('/customers/:id/tags', {
    config, schema: { tags: ['finding'], summary: 'A tag or card that a reader types', params: IdParams, body: TagRequest, response: { 201: Tag } },
  }, async (request, reply) => {
    const { id } = request.params;
    const by = actorOf(request);
    const tag = audit.recording('tag_added', by, (added) => ({ customerId: id, detail: { tagId: added.id } }),
      () => finding.addTag(id, request.body.tag, request.body.label ?? null, by.staffId));
    return reply.status(201).send(tag);
  });

  app.delete('/tags/:id', { config, schema: { tags: ['finding'], params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const tagId = request.params.id;
    audit.recording('tag_removed', actorOf(request), (customerId) => ({ customerId, detail: { tagId } }), () => finding.removeTag(tagId));
    return reply.status(204).send(null);
  });

  app.post('/customers/:id/member-code', {
    config,
    schema: {
      tags: ['finding'], summary: 'A member code, for the customer\'s own phone; one from before is worth nothing from then on', params: IdParams, response: { 201: MemberCodeLink },
    },
  }, async (request, reply) => {
    const { id } = request.params;
    const { token, madeAt } = audit.recording('member_code_made', actorOf(request), { customerId: id }, () => finding.makeMemberCode(id));
    // In the fragment: browsers send it to nobody, and it stands in no log.
    return reply.status(201).send({ url: `https://${request.headers.host ?? 'localhost'}/member#${token}`, madeAt });
  });

  app.delete('/customers/:id/member-code', { config, schema: { tags: ['finding'], params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const { id } = request.params;
    audit.recording('member_code_ended', actorOf(request), { customerId: id }, () => finding.endMemberCode(id));
    return reply.status(204).send(null);
  });

  app.get('/member', {
    config: { permission: 'public', requestsPerMinute: 30 },
    schema: { tags: ['mine'], summary: 'What my rotating member code is made of (header with the secret of the link)', response: { 200: OwnMemberCode } },
  }, async (request) => {
    const token = request.headers[LINK_HEADER];
    return finding.ownMemberCode(typeof token === 'string' ? token : '', box.storeName);
  });
};
