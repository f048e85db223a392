import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { THE_BOX, type Audit } from '../../audit/index.js';
import type { Consent } from '../../consent/index.js';
import { LINK_HEADER, OwnConsent, WithdrawalReceipt, WithdrawalRequest } from '../../contract/index.js';
import { PorticoError } from '../../kit/index.js';
import { withReceipt, type ReceiptDeps } from '../receipts.js';
import { PDF, sendPdf, type CustomerPapers } from './papers.js';

/** A person opens their own page now and then; a guesser would need ages at any pace. */
const LIMIT = { config: { permission: 'public', requestsPerMinute: 30 } } as const;

/** The customer's own phone: no paired device, nobody signed in, only the secret of a link. It opens one consent. */
export const ownRoutes = (deps: {
  consent: Consent; audit: Audit; box: { storeName: string }; receipts: ReceiptDeps; papers: CustomerPapers;
}): FastifyPluginAsyncTypebox => async (app) => {
  const { consent, audit, box, receipts, papers } = deps;

  app.get('/mine', {
    schema: { tags: ['mine'], summary: 'What I agreed to (header with the secret of the link)', response: { 200: OwnConsent } }, ...LIMIT,
  }, async (request) => {
    const own = openLink(consent, request);
    const { displayName, consent: agreed, notice } = own;
    return { storeName: box.storeName, displayName, consent: agreed, notice, withdrawal: await lastWithdrawal(own, receipts, baseOf(request)) };
  });

  app.post('/mine/withdraw', {
    schema: { tags: ['mine'], summary: 'Take back all of it or single purposes', body: Type.Union([WithdrawalRequest, Type.Null()]), response: { 200: WithdrawalReceipt } },
    ...LIMIT,
  }, async (request) => {
    const own = openLink(consent, request);
    if (own.consent.endedAt !== null) throw new PorticoError('consent_not_active'); // a newer one has a link of its own
    return withReceipt(consent.withdraw(own.customerId, THE_BOX, request.body?.purposes), receipts, baseOf(request));
  });

  app.get('/mine/copy.pdf', { schema: { tags: ['mine'], summary: 'A copy of what I signed', response: { 200: PDF } }, ...LIMIT }, async (request, reply) => {
    const own = openLink(consent, request);
    const pdf = await papers.consentCopy(consent.records.evidence(own.consent.id), own.consent.language, baseOf(request));
    audit.record('consent_copied', THE_BOX, { customerId: own.customerId, detail: { consentId: own.consent.id } });
    return sendPdf(reply, pdf, `consent-${own.consent.id}`);
  });

  app.get('/mine/receipt.pdf', {
    schema: { tags: ['mine'], summary: 'The receipt of what was deleted for me', querystring: Type.Object({ id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }), response: { 200: PDF } },
    ...LIMIT,
  }, async (request, reply) => {
    const own = openLink(consent, request);
    const deletion = receipts.deletions.byId(request.query.id);
    if (deletion.customerId !== own.customerId) throw new PorticoError('deletion_not_found');
    return sendPdf(reply, await papers.receipt(deletion, own.consent.language, baseOf(request)), `receipt-${deletion.id}`);
  });
};

type Own = ReturnType<Consent['byLink']>;

/** @throws PorticoError consent_link_invalid */
function openLink(consent: Consent, request: FastifyRequest): Own {
  const token = request.headers[LINK_HEADER];
  return consent.byLink(typeof token === 'string' ? token : '');
}

/** What was last withdrawn of this consent; null: nothing. */
async function lastWithdrawal({ customerId, consent, narrowed }: Own, receipts: ReceiptDeps, base: string): Promise<WithdrawalReceipt | null> {
  const { givenAt, endedAt, endReason, purposes } = consent;
  if (!narrowed && endReason !== 'withdrawn') return null;
  const since = receipts.deletions.ofCustomer(customerId).filter(({ requestedAt }) => requestedAt >= givenAt);
  // A deletion is asked for in the moment in which the consent ends, never before; later ones are of later consents.
  const deletion = endReason === 'withdrawn' && endedAt !== null
    ? since.findLast(({ reason, requestedAt }) => reason === 'withdrawn' && requestedAt >= endedAt)
    : since.find(({ reason, requestedAt }) => reason === 'narrowed' && (endedAt === null || requestedAt <= endedAt));
  if (deletion === undefined) return null;
  const { requestedAt, templatesDeleted } = deletion;
  const plain = { customerId, withdrawnAt: requestedAt, templatesDeleted, purposesLeft: endedAt === null ? purposes : [], deletion, receipt: null, receiptUrl: null };
  return withReceipt(plain, receipts, base);
}

/** As the phone itself reaches the box. */
function baseOf(request: FastifyRequest): string {
  return `https://${request.headers.host ?? 'localhost'}`;
}
