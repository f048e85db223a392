import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import {
  CustomerChange, CustomerCreate, CustomerQuery, CustomerSummary, Dossier, FollowUp, FollowUpRequest, IdParams, MergeRequest, Note, NoteRequest,
} from '../../contract/index.js';
import type { Consent } from '../../consent/index.js';
import type { Customers } from '../../customers/index.js';
import type { FollowUps } from '../../followups/index.js';
import type { Gallery } from '../../gallery/index.js';
import type { Cards } from '../cards.js';
import { requireStaff, staffOf } from '../guards.js';

const LIMIT_DEFAULT = 30;

export const customerRoutes = (deps: {
  customers: Customers; consent: Consent; followUps: FollowUps; gallery: Gallery; cards: Cards;
}): FastifyPluginAsyncTypebox => async (app) => {
  const { customers, consent, followUps, gallery, cards } = deps;
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

  app.post('/customers/:id/merge', {
    schema: {
      tags: ['customers'], summary: 'The same person has another dossier: end the consent of this one for good, move everything there, and hide it',
      params: IdParams, body: MergeRequest, response: { 200: Dossier },
    },
  }, async (request) => {
    const { id } = request.params;
    const { into } = request.body;
    consent.endForMerge(id, (end) => customers.merge(id, into, staffOf(request).session.staff.id, end));
    return cards.dossier(into);
  });

  app.post('/merges/:id/undo', { schema: { tags: ['customers'], summary: 'Take a merged dossier out again; its consent stays ended and has to be asked for anew', params: IdParams, response: { 200: Dossier } } },
    async (request) => cards.dossier(customers.undoMerge(request.params.id)));

  app.post('/customers/:id/template/revert', {
    schema: { tags: ['customers'], summary: 'Back to the enrolment photos alone', params: IdParams, response: { 200: Dossier } },
  }, async (request) => {
    gallery.revert(request.params.id);
    return cards.dossier(request.params.id);
  });

  app.post('/customers/:id/notes', { schema: { tags: ['customers'], params: IdParams, body: NoteRequest, response: { 201: Note } } },
    async (request, reply) => reply.status(201).send(customers.addNote(request.params.id, request.body.text, staffOf(request).session.staff.id)));

  app.post('/customers/:id/follow-ups', { schema: { tags: ['customers'], params: IdParams, body: FollowUpRequest, response: { 201: FollowUp } } },
    async (request, reply) => reply.status(201).send(followUps.add(request.params.id, request.body, staffOf(request).session.staff.id)));

  app.post('/follow-ups/:id/done', { schema: { tags: ['customers'], params: IdParams, response: { 200: FollowUp } } },
    async (request) => followUps.complete(request.params.id));
};
