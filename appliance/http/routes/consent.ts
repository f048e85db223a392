import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Consent as ConsentRoom } from '../../consent/index.js';
import {
  Consent, ConsentLink, ConsentRequest, Deletion, DeletionStatus, Enrolled, EnrolmentFinish, EnrolmentProgress, IdParams, MAX_FRAME_BYTES, Notice, PhotoQuery, Refusal,
  WithdrawalReceipt, WithdrawalRequest,
} from '../../contract/index.js';
import type { Enrolments } from '../../recognition/index.js';
import type { Audit } from '../../audit/index.js';
import { receiptUrl } from '../../papers/index.js';
import { PorticoError } from '../../kit/index.js';
import { actorOf, customerInPath, signedIn } from '../guards.js';
import { withReceipt, type ReceiptDeps } from '../receipts.js';
import { reachableFromLan } from './access.js';

/** Consent first, then the face: enrolment answers 403 `consent_required` without it. */
export const consentRoutes = (deps: { audit: Audit; consent: ConsentRoom; enrolments: Enrolments; receipts: ReceiptDeps }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, consent, enrolments, receipts } = deps;
  const config = { permission: 'enrol', aboutCustomer: customerInPath } as const;
  const underWay = enrolmentConfig(enrolments);

  app.get('/notices/current', { config: { permission: 'read_notice' }, schema: { tags: ['consent'], summary: 'The notice as it is now; to ask a customer, use ask', response: { 200: Notice } } },
    async () => consent.currentNotice());

  app.post('/customers/:id/consents/ask', {
    config,
    schema: { tags: ['consent'], summary: 'The customer is asked now: the notice to show. Blocked for 48 hours after a refusal', params: IdParams, response: { 200: Notice } },
  }, async (request) => {
    enrolments.requireOn();
    return consent.ask(request.params.id, actorOf(request));
  });

  app.post('/customers/:id/consents/refuse', {
    config,
    schema: { tags: ['consent'], summary: 'The customer said no', params: IdParams, response: { 201: Refusal } },
  }, async (request, reply) => reply.status(201).send(consent.refuse(request.params.id, actorOf(request))));

  app.post('/customers/:id/consents', {
    config,
    schema: { tags: ['consent'], summary: 'Record a signed consent', params: IdParams, body: ConsentRequest, response: { 201: Consent } },
  }, async (request, reply) => reply.status(201).send(consent.grant(request.params.id, request.body, actorOf(request))));

  app.post('/customers/:id/consents/withdraw', {
    config: { permission: 'withdraw' },
    schema: {
      tags: ['consent'], summary: 'Withdraw all of the consent or single purposes; what rested on them is deleted at once', params: IdParams,
      body: Type.Union([WithdrawalRequest, Type.Null()]), response: { 200: WithdrawalReceipt },
    },
  }, async (request) => {
    const receipt = consent.withdraw(request.params.id, actorOf(request), request.body?.purposes);
    return withReceipt(receipt, receipts, reachableFromLan(request));
  });

  app.post('/customers/:id/consents/link', {
    config,
    schema: { tags: ['consent'], summary: 'A link for the customer\'s own phone, to show as a QR code', params: IdParams, response: { 201: ConsentLink } },
  }, async (request, reply) => {
    const { token, validUntil } = consent.makeLink(request.params.id, actorOf(request));
    return reply.status(201).send({ url: `${reachableFromLan(request)}/mine#${token}`, validUntil });
  });

  app.get('/deletions', {
    config: { permission: 'privacy_office' }, schema: { tags: ['consent'], summary: 'Deletions under way, oldest first', response: { 200: Type.Array(Deletion) } },
  }, async () => receipts.deletions.pending());

  app.get('/deletions/:id', {
    config: { permission: 'withdraw' },
    schema: { tags: ['consent'], summary: 'How far a deletion is', params: IdParams, response: { 200: DeletionStatus } },
  }, async (request) => {
    const deletion = receipts.deletions.byId(request.params.id);
    const base = reachableFromLan(request);
    return { ...deletion, receiptUrl: deletion.completedAt === null ? null : receiptUrl(base, await receipts.signReceipt(deletion)) };
  });

  app.post('/customers/:id/enrolments', {
    config,
    schema: { tags: ['enrolment'], summary: 'Begin an enrolment', params: IdParams, response: { 201: EnrolmentProgress } },
  }, async (request, reply) => reply.status(201).send(enrolments.start(request.params.id)));

  await app.register(photoRoutes(enrolments));

  app.post('/enrolments/:id/finish', {
    config: underWay,
    schema: { tags: ['enrolment'], summary: 'Make the template from the photos taken', params: IdParams, body: EnrolmentFinish, response: { 201: Enrolled } },
  }, async (request, reply) => {
    const { acceptFewer = false, despiteLikeness = false } = request.body;
    const by = actorOf(request);
    // Whose face it is already, and that it is another person's all the same, is for the staff to hear and to say.
    const toStaff = signedIn(request).session.handedTo === null;
    if (despiteLikeness && !toStaff) throw new PorticoError('not_allowed');
    return reply.status(201).send(await enrolments.finish(request.params.id, { acceptFewer, despiteLikeness, toStaff }, () => request.stillMay(),
      ({ customerId, photos }) => audit.record('template_enrolled', by, { customerId, detail: { photos } })));
  });

  app.delete('/enrolments/:id', { config: underWay, schema: { tags: ['enrolment'], params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    enrolments.cancel(request.params.id);
    return reply.status(204).send(null);
  });
};

const enrolmentConfig = (enrolments: Enrolments) => ({ permission: 'enrol', aboutCustomer: (request: FastifyRequest) => enrolments.customerOf(customerInPath(request)) } as const);

/** Raw pictures in a scope of their own; what they are is found out by looking, not by the header. */
const photoRoutes = (enrolments: Enrolments): FastifyPluginAsyncTypebox => async (app) => {
  app.removeAllContentTypeParsers();
  // Up to twice the limit is read, so that a photo a little too large is told so by its own code.
  app.addContentTypeParser(/^(image\/|application\/octet-stream)/, { parseAs: 'buffer', bodyLimit: 2 * MAX_FRAME_BYTES },
    (_request, body, done) => done(null, body));

  app.post('/enrolments/:id/photos', {
    config: enrolmentConfig(enrolments),
    schema: { tags: ['enrolment'], summary: 'Offer one photo (raw image body)', params: IdParams, querystring: PhotoQuery, response: { 200: EnrolmentProgress } },
  }, async (request) => {
    const image = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
    return enrolments.addPhoto(request.params.id, image, request.query.pose !== 'any', () => request.stillMay());
  });
};
