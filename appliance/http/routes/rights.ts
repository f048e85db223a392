import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import {
  AccessCopy, Deletion, Explanation, IdParams, RequestClosing, Restriction, RestrictionRequest, RightsRequest, RightsRequestNew,
} from '../../contract/index.js';
import type { Customers } from '../../customers/index.js';
import type { Explanations } from '../../recognition/index.js';
import type { AccessCopies, Rights } from '../../rights/index.js';
import { actorOf } from '../guards.js';

/** The rights desk: requests, access copy, explanation, restriction, erasure. Correcting is `PATCH /customers/{id}`. */
export const rightsRoutes = (deps: {
  rights: Rights; accessCopies: AccessCopies; explanations: Explanations; customers: Customers; audit: Audit;
}): FastifyPluginAsyncTypebox => async (app) => {
  const { rights, accessCopies, explanations, customers, audit } = deps;
  const config = { permission: 'privacy_office' } as const;
  const tags = ['rights'];

  app.get('/privacy/requests', { config, schema: { tags, summary: 'Open requests, the earliest due first; then answered ones', response: { 200: Type.Array(RightsRequest) } } },
    async () => rights.requests());
  app.post('/privacy/requests', { config, schema: { tags, summary: 'Write down what somebody asked for', body: RightsRequestNew, response: { 201: RightsRequest } } },
    async (request, reply) => reply.status(201).send(rights.receive(request.body, actorOf(request))));
  app.post('/privacy/requests/:id/close', {
    config,
    schema: { tags, summary: 'Answered; a refusal needs its reason', params: IdParams, body: RequestClosing, response: { 200: RightsRequest } },
  }, async (request) => rights.close(request.params.id, request.body, actorOf(request)));

  app.get('/customers/:id/access-copy.json', {
    config,
    schema: { tags, summary: 'Everything the box holds about a person', params: IdParams, response: { 200: AccessCopy } },
  }, async (request, reply) => {
    const customerId = request.params.id;
    const copy = audit.recording('access_copy_made', actorOf(request), { customerId, detail: { form: 'json' } }, () => accessCopies.of(customerId));
    return reply.header('content-disposition', 'attachment; filename="access-copy.json"').send(copy);
  });

  app.get('/customers/:id/explanations', {
    config,
    schema: { tags, summary: 'Each time a face led to this person, and what that rested on', params: IdParams, response: { 200: Type.Array(Explanation) } },
  }, async (request) => {
    const customerId = customers.byId(request.params.id).id;
    return audit.recording('recognition_explained', actorOf(request), { customerId }, () => explanations.of(customers.withMerged(customerId)));
  });

  app.get('/customers/:id/restriction', { config, schema: { tags, params: IdParams, response: { 200: Restriction } } },
    async (request) => rights.restriction(customers.byId(request.params.id).id));
  app.put('/customers/:id/restriction', {
    config,
    schema: { tags, summary: 'Stop doing anything with the face, or go on again', params: IdParams, body: RestrictionRequest, response: { 200: Restriction } },
  }, async (request) => rights.restrict(request.params.id, request.body, actorOf(request)));

  app.delete('/customers/:id', {
    config,
    schema: { tags, summary: 'Delete the whole dossier, everywhere and for good', params: IdParams, response: { 200: Deletion } },
  }, async (request) => rights.erase(request.params.id, 'erased', actorOf(request)));
};
