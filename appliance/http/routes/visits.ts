import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import { HandOver, IdParams, LookRequest, Rejection, SightingAnswer, StageChange, VisitCard, VisitRequest } from '../../contract/index.js';
import type { Customers } from '../../customers/index.js';
import type { Sightings } from '../../recognition/index.js';
import type { Visits } from '../../visits/index.js';
import type { Cards } from '../cards.js';
import { actorOf } from '../guards.js';

export const visitRoutes = (deps: {
  audit: Audit; customers: Customers; visits: Visits; sightings: Sightings; cards: Cards;
}): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, customers, visits, sightings, cards } = deps;
  const config = { permission: 'serve' } as const;

  app.post('/visits', {
    config, schema: { tags: ['visits'], summary: 'Write an arrival in by hand, or by a code or tag; the answer shows the card, so it is written down who asked', body: VisitRequest, response: { 201: VisitCard } },
  }, async (request, reply) => {
    const { customerId, by } = request.body;
    const actor = actorOf(request);
    const id = audit.recording('visit_written', actor, (visitId) => ({ customerId, detail: { visitId } }), () => visits.arriveByHand(customerId, actor.staffId, by));
    return reply.status(201).send(cards.visit(id));
  });

  app.post('/visits/:id/serve', { config, schema: { tags: ['visits'], summary: '"I\'ll serve"; of a card that named somebody it says that the name was right', params: IdParams, response: { 200: VisitCard } } }, async (request) => {
    sightings.serve(request.params.id, actorOf(request).staffId);
    return cards.visit(request.params.id);
  });

  app.post('/visits/:id/hand-over', {
    config,
    schema: {
      tags: ['visits'], summary: 'The one who serves hands the customer to somebody else, or to whoever comes, with a note',
      params: IdParams, body: HandOver, response: { 200: VisitCard },
    },
  }, async (request) => {
    const visitId = request.params.id;
    const { customerId } = visits.byId(visitId);
    const actor = actorOf(request);
    audit.recording('visit_handed_over', actor, { customerId, detail: { visitId, to: request.body.staffId } }, () => visits.handOver(visitId, request.body, actor.staffId));
    return cards.visit(visitId);
  });

  app.post('/visits/:id/stages', {
    config, schema: { tags: ['visits'], summary: 'Mark how far a visit got, or take the mark away', params: IdParams, body: StageChange, response: { 200: VisitCard } },
  }, async (request) => {
    visits.setStage(request.params.id, request.body, actorOf(request).staffId);
    return cards.visit(request.params.id);
  });

  app.post('/visits/:id/looks', {
    config, schema: { tags: ['visits'], summary: 'A product is looked at now; the look before ends', params: IdParams, body: LookRequest, response: { 201: VisitCard } },
  }, async (request, reply) => {
    visits.look(request.params.id, request.body, actorOf(request).staffId);
    return reply.status(201).send(cards.visit(request.params.id));
  });

  app.post('/looks/:id/end', { config, schema: { tags: ['visits'], params: IdParams, response: { 200: VisitCard } } },
    async (request) => cards.visit(visits.endLook(request.params.id)));

  app.delete('/looks/:id', { config, schema: { tags: ['visits'], summary: 'It was a slip: as if it had never been', params: IdParams, response: { 200: VisitCard } } },
    async (request) => cards.visit(visits.takeBackLook(request.params.id)));

  app.post('/visits/:id/close', { config, schema: { tags: ['visits'], params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const visitId = request.params.id;
    const { customerId } = visits.byId(visitId);
    audit.recording('visit_closed', actorOf(request), { customerId, detail: { visitId } }, () => visits.close(visitId));
    return reply.status(204).send(null);
  });

  app.post('/visits/:id/not-this-person', {
    config,
    schema: {
      tags: ['visits'], summary: 'The card named the wrong person: end the visit and remember it; the answer tells what is left to put right',
      params: IdParams, response: { 200: Rejection },
    },
  }, async (request) => {
    const visitId = request.params.id;
    const by = actorOf(request);
    const { customerId, openedAt, purchases } = audit.recording('visit_rejected', by,
      (rejected: { customerId: string; purchases: number }) => ({ customerId: rejected.customerId, detail: { visitId, purchases: rejected.purchases } }),
      () => sightings.rejectVisit(visitId, by.staffId));
    return { customerId, purchases, notes: customers.notes(customerId).filter((note) => note.at >= openedAt).length };
  });

  app.post('/sightings/:id/answer', {
    config,
    schema: { tags: ['visits'], summary: 'Answer "Is this ...?"', params: IdParams, body: SightingAnswer, response: { 204: Type.Null() } },
  }, async (request, reply) => {
    sightings.answer(request.params.id, request.body.answer, actorOf(request).staffId);
    return reply.status(204).send(null);
  });
};
