import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { IdParams, SightingAnswer, VisitCard, VisitRequest } from '../../contract/index.js';
import type { Sightings } from '../../recognition/index.js';
import type { Visits } from '../../visits/index.js';
import type { Cards } from '../cards.js';
import { actorOf } from '../guards.js';

export const visitRoutes = (deps: { visits: Visits; sightings: Sightings; cards: Cards }): FastifyPluginAsyncTypebox => async (app) => {
  const { visits, sightings, cards } = deps;
  const config = { permission: 'serve' } as const;

  app.post('/visits', { config, schema: { tags: ['visits'], summary: 'Write an arrival in by hand', body: VisitRequest, response: { 201: VisitCard } } },
    async (request, reply) => reply.status(201).send(cards.visit(visits.arriveByHand(request.body.customerId))));

  app.post('/visits/:id/serve', { config, schema: { tags: ['visits'], summary: '"I\'ll serve"; of a card that named somebody it says that the name was right', params: IdParams, response: { 200: VisitCard } } }, async (request) => {
    sightings.serve(request.params.id, actorOf(request).staffId);
    return cards.visit(request.params.id);
  });

  app.post('/visits/:id/close', { config, schema: { tags: ['visits'], params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    visits.close(request.params.id);
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
