import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import type { Consent as ConsentRoom } from '../../consent/index.js';
import {
  Consent, ConsentRequest, Enrolled, EnrolmentFinish, EnrolmentProgress, IdParams, MAX_FRAME_BYTES, Notice, PhotoQuery, WithdrawalReceipt,
} from '../../contract/index.js';
import type { Enrolments } from '../../recognition/index.js';
import { actorOf } from '../guards.js';

/** Consent first, then the face: enrolment answers 403 `consent_required` without it. */
export const consentRoutes = (deps: { audit: Audit; consent: ConsentRoom; enrolments: Enrolments }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, consent, enrolments } = deps;
  const config = { permission: 'enrol' } as const;

  app.get('/notices/current', { config: { permission: 'read_notice' }, schema: { tags: ['consent'], summary: 'The notice to show', response: { 200: Notice } } },
    async () => consent.currentNotice());

  app.post('/customers/:id/consents', {
    config,
    schema: { tags: ['consent'], summary: 'Record a signed consent', params: IdParams, body: ConsentRequest, response: { 201: Consent } },
  }, async (request, reply) => {
    const given = consent.grant(request.params.id, request.body, actorOf(request));
    return reply.status(201).send(given);
  });

  app.post('/customers/:id/consents/withdraw', {
    config: { permission: 'withdraw' },
    schema: { tags: ['consent'], summary: 'Withdraw consent; templates are deleted at once', params: IdParams, response: { 200: WithdrawalReceipt } },
  }, async (request) => consent.withdraw(request.params.id));

  app.post('/customers/:id/enrolments', {
    config,
    schema: { tags: ['enrolment'], summary: 'Begin an enrolment', params: IdParams, response: { 201: EnrolmentProgress } },
  }, async (request, reply) => reply.status(201).send(enrolments.start(request.params.id)));

  await app.register(photoRoutes(enrolments));

  app.post('/enrolments/:id/finish', {
    config,
    schema: { tags: ['enrolment'], summary: 'Make the template from the photos taken', params: IdParams, body: EnrolmentFinish, response: { 201: Enrolled } },
  }, async (request, reply) => {
    const { acceptFewer = false, despiteLikeness = false } = request.body;
    const by = actorOf(request);
    return reply.status(201).send(await enrolments.finish(request.params.id, { acceptFewer, despiteLikeness },
      ({ customerId, photos }) => audit.record('template_enrolled', by, { customerId, detail: { photos } })));
  });

  app.delete('/enrolments/:id', { config, schema: { tags: ['enrolment'], params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    enrolments.cancel(request.params.id);
    return reply.status(204).send(null);
  });
};

/** Raw pictures in a scope of their own; what they are is found out by looking, not by the header. */
const photoRoutes = (enrolments: Enrolments): FastifyPluginAsyncTypebox => async (app) => {
  app.removeAllContentTypeParsers();
  // Up to twice the limit is read, so that a photo a little too large is told so by its own code.
  app.addContentTypeParser(/^(image\/|application\/octet-stream)/, { parseAs: 'buffer', bodyLimit: 2 * MAX_FRAME_BYTES },
    (_request, body, done) => done(null, body));

  app.post('/enrolments/:id/photos', {
    config: { permission: 'enrol' },
    schema: { tags: ['enrolment'], summary: 'Offer one photo (raw image body)', params: IdParams, querystring: PhotoQuery, response: { 200: EnrolmentProgress } },
  }, async (request) => {
    const image = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
    return enrolments.addPhoto(request.params.id, image, request.query.pose !== 'any');
  });
};
