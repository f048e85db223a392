import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import {
  CustomerChange, CustomerCreate, CustomerQuery, CustomerSummary, Dossier, FollowUp, FollowUpRequest, IdParams, Note, NoteRequest,
} from '../../contract/index.js';
import type { Customers } from '../../customers/index.js';
import type { FollowUps } from '../../followups/index.js';
import type { Cards } from '../cards.js';
import { requireStaff, staffOf } from '../guards.js';

const LIMIT_DEFAULT = 30;

export const customerRoutes = (deps: { customers: Customers; followUps: FollowUps; cards: Cards }): FastifyPluginAsyncTypebox => async (app) => {
  const { customers, followUps, cards } = deps;
  app.addHook('onRequest', requireStaff);

  app.get('/customers', {
    schema: { tags: ['customers'], summary: 'Find by part of a name or phone number', querystring: CustomerQuery, response: { 200: Type.Array(CustomerSummary) } },
  }, async (request) => {
    const { query = '', limit } = request.query;
    return customers.search(query, limit === undefined ? LIMIT_DEFAULT : Number(limit)).map((line) => cards.summary(line));
  });

  app.post('/customers', { schema: { tags: ['customers'], body: CustomerCreate, response: { 201: Dossier } } },
    async (request, reply) => reply.status(201).send(cards.dossier(customers.create(request.body).id)));

  app.get('/customers/:id', { schema: { tags: ['customers'], params: IdParams, response: { 200: Dossier } } },
    async (request) => cards.dossier(request.params.id));

  app.patch('/customers/:id', { schema: { tags: ['customers'], params: IdParams, body: CustomerChange, response: { 200: Dossier } } },
    async (request) => cards.dossier(customers.change(request.params.id, request.body).id));

  app.post('/customers/:id/notes', { schema: { tags: ['customers'], params: IdParams, body: NoteRequest, response: { 201: Note } } },
    async (request, reply) => reply.status(201).send(customers.addNote(request.params.id, request.body.text, staffOf(request).session.staff.id)));

  app.post('/customers/:id/follow-ups', { schema: { tags: ['customers'], params: IdParams, body: FollowUpRequest, response: { 201: FollowUp } } },
    async (request, reply) => reply.status(201).send(followUps.add(request.params.id, request.body, staffOf(request).session.staff.id)));

  app.post('/follow-ups/:id/done', { schema: { tags: ['customers'], params: IdParams, response: { 200: FollowUp } } },
    async (request) => followUps.complete(request.params.id));
};
