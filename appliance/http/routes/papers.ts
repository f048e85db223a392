import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import type { Consent } from '../../consent/index.js';
import { IdParams, KeySet, Language, type Deletion } from '../../contract/index.js';
import { consentCopyPdf, deletionReceiptPdf, receiptUrl, signDeletion, type Signer } from '../../papers/index.js';
import { actorOf } from '../guards.js';
import { reachableFromLan } from './access.js';

export interface PaperDeps {
  consent: Consent; audit: Audit; signer: Signer;
  box: { storeName: string; timeZone: string };
  /** Makes the link to the customer's own page that the copy of a consent shows as a QR code; without it there is none. */
  ownLink?: (customerId: string, base: string) => string;
}
const LanguageQuery = Type.Object({ language: Type.Optional(Language) }, { additionalProperties: false });

/** Anybody: what a receipt is checked with. */
export const keyRoutes = ({ signer }: Pick<PaperDeps, 'signer'>): FastifyPluginAsyncTypebox => async (app) => {
  app.get('/keys', { config: { permission: 'public' }, schema: { tags: ['papers'], summary: 'Public keys of the box, to check receipts and packs with', response: { 200: KeySet } } },
    async () => signer.jwks());
};

/** Papers for a customer, given out by staff. */
export const paperRoutes = ({ consent, audit, signer, box, ownLink }: PaperDeps): FastifyPluginAsyncTypebox => async (app) => {
  app.get('/consents/:id/copy.pdf', {
    schema: { tags: ['papers'], summary: 'The customer\'s copy of a signed consent (PDF)', params: IdParams, querystring: LanguageQuery },
    config: { permission: 'withdraw' },
  }, async (request, reply) => {
    const record = consent.evidence(request.params.id);
    const language = request.query.language ?? record.language;
    const link = record.endedAt === null ? ownLink?.(record.customerId, reachableFromLan(request.headers.host ?? 'localhost')) : undefined;
    const pdf = await consentCopyPdf({ ...box, consent: record, ownLink: link ?? null, kid: signer.kid() }, language);
    audit.record('consent_copied', actorOf(request), { customerId: record.customerId, detail: { consentId: record.id, language } });
    return sendPdf(reply, pdf, `consent-${record.id}`);
  });
};

/** Receipts of deletions; `byId` throws deletion_not_found. */
export const receiptRoutes = ({ deletions, audit, signer, box }: Omit<PaperDeps, 'consent'> & { deletions: { byId(id: string): Deletion } }): FastifyPluginAsyncTypebox => async (app) => {
  app.get('/deletions/:id/receipt.pdf', {
    schema: { tags: ['papers'], summary: 'Signed receipt of a deletion (PDF)', params: IdParams, querystring: LanguageQuery },
    config: { permission: 'withdraw' },
  }, async (request, reply) => {
    const deletion = deletions.byId(request.params.id);
    const jws = await signDeletion(signer, box.storeName, deletion, audit.head());
    const url = receiptUrl(reachableFromLan(request.headers.host ?? 'localhost'), jws);
    const pdf = await deletionReceiptPdf({ ...box, deletion, jws, url, kid: signer.kid() }, request.query.language ?? 'zh-CN');
    return sendPdf(reply, pdf, `receipt-${deletion.id}`);
  });
};

/** Sent as a file: in an app on the home screen a PDF in place of the page has no way back. */
export function sendPdf(reply: FastifyReply, pdf: Buffer, name: string): FastifyReply {
  return reply.header('content-disposition', `attachment; filename="${name}.pdf"`).type('application/pdf').send(pdf);
}
