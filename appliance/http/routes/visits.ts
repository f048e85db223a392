import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import { IdParams, SightingAnswer, VisitCard, VisitRequest } from '../../contract/index.js';
import type { Sightings } from '../../recognition/index.js';
import type { Visits } from '../../visits/index.js';
import type { Cards } from '../cards.js';
import { actorOf } from '../guards.js';

export const visitRoutes = (deps: { audit: Audit; visits: Visits; sightings: Sightings; cards: Cards }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, visits, sightings, cards } = deps;
  const config = { permission: 'serve' } as const;

  app.post('/visits', {
    config, schema: { tags: ['visits'], summary: 'Write an arrival in by hand; the answer shows the card, so it is written down who asked', body: VisitRequest, response: { 201: VisitCard } },
  }, async (request, reply) => {
    const { customerId } = request.body;
    const id = audit.recording('visit_written', actorOf(request), (visitId) => ({ customerId, detail: { visitId } }), () => visits.arriveByHand(customerId));
    return reply.status(201).send(cards.visit(id));
  });

  app.post('/visits/:id/serve', { config, schema: { tags: ['visits'], summary: '"I\'ll serve"; of a card that named somebody it says that the name was right', params: IdParams, response: { 200: VisitCard } } }, async (request) => {
    sightings.serve(request.params.id, actorOf(request).staffId);
    return cards.visit(request.params.id);
  });

  app.post('/visits/:id/close', { config, schema: { tags: ['visits'], params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const visitId = request.params.id;
    const { customerId } = visits.byId(visitId);
    audit.recording('visit_closed', actorOf(request), { customerId, detail: { visitId } }, () => visits.close(visitId));
    return reply.status(204).send(null);
  });

  app.post('/visits/:id/not-this-person', {
    config,
    schema: { tags: ['visits'], summary: 'The card named the wrong person: end the visit and remember it', params: IdParams, response: { 204: Type.Null() } },
  }, async (request, reply) => {
    sightings.rejectVisit(request.params.id, actorOf(request).staffId);
    return reply.status(204).send(null);
  });

  app.post('/sightings/:id/answer', {
    config,
    schema: { tags: ['visits'], summary: 'Answer "Is this ...?"', params: IdParams, body: SightingAnswer, response: { 204: Type.Null() } },
  }, async (request, reply) => {
    sightings.answer(request.params.id, request.body.answer, actorOf(request).staffId);
    return reply.status(204).send(null);
  });
};
