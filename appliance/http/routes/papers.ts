import { PassThrough, type Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Access } from '../../access/index.js';
import type { Audit } from '../../audit/index.js';
import type { Consent } from '../../consent/index.js';
import { IdParams, KeySet, Language, PERMISSIONS, type ConsentEvidence, type Deletion } from '../../contract/index.js';
import { toInstant, type Clock } from '../../kit/index.js';
import {
  accessCopyPdf, assessmentPdf, auditPack, breachNoticesPdf, consentCopyPdf, deletionReceiptPdf, receiptUrl, signDeletion, type PackContents, type Signer,
} from '../../papers/index.js';
import type { AccessCopies, Rights } from '../../rights/index.js';
import { actorOf, whileAllowed } from '../guards.js';
import type { Deletions } from '../receipts.js';
import { reachableFromLan } from './access.js';
import type { Compliance } from './privacy.js';

export interface PaperDeps {
  access: Access; audit: Audit; clock: Clock; consent: Consent; signer: Signer; rights: Rights; accessCopies: AccessCopies; compliance: Compliance;
  deletions: Deletions & { all(): Deletion[] };
  /** Consents and log as they stand at this moment, whatever is written until `close`. */
  stillEvidence: () => Pick<PackContents, 'consents' | 'accesses'> & { close(): void };
  box: { storeName: string; timeZone: string; currency: string };
}
const LanguageQuery = Type.Object({ language: Type.Optional(Language) }, { additionalProperties: false });
const file = (type: string) => Type.Unsafe<Readable | Buffer>({ description: 'A file', content: { [type]: { schema: { type: 'string', format: 'binary' } } } });
export const PDF = file('application/pdf');

/** What makes the papers of one customer, for staff and for the customer's own link alike. @param base `https://host:port` as the reader reaches the box */
export function customerPapers({ audit, consent, signer, box }: Pick<PaperDeps, 'audit' | 'consent' | 'signer' | 'box'>) {
  return {
    /** @param by whose act it is, written down */
    consentCopy(record: ConsentEvidence, language: Language, base: string): Promise<Buffer> {
      const link = record.endedAt === null ? `${base}/mine#${consent.linkToken(record.id)}` : null;
      return consentCopyPdf({ ...box, consent: record, ownLink: link, kid: signer.kid() }, language);
    },
    /** @throws PorticoError deletion_pending */
    async receipt(deletion: Deletion, language: Language, base: string): Promise<Buffer> {
      const jws = await signDeletion(signer, box.storeName, deletion, audit.head());
      return deletionReceiptPdf({ ...box, deletion, jws, url: receiptUrl(base, jws), kid: signer.kid() }, language);
    },
  };
}
export type CustomerPapers = ReturnType<typeof customerPapers>;

/** Everything that is given out as a file. */
export const paperRoutes = (deps: PaperDeps): FastifyPluginAsyncTypebox => async (app) => {
  const { access, audit, clock, consent, signer, rights, accessCopies, compliance, deletions, stillEvidence, box } = deps;
  const papers = customerPapers(deps);
  const tags = ['papers'];
  const withdraw = { permission: 'withdraw' } as const;
  const office = { permission: 'privacy_office' } as const;

  app.get('/keys', {
    config: { permission: 'public' }, schema: { tags, summary: 'Public keys of the box, to check receipts and packs with', response: { 200: KeySet } },
  }, async () => signer.jwks());

  app.get('/consents/:id/copy.pdf', {
    config: withdraw, schema: { tags, summary: 'The customer\'s copy of a signed consent', params: IdParams, querystring: LanguageQuery, response: { 200: PDF } },
  }, async (request, reply) => {
    const record = consent.records.evidence(request.params.id);
    const language = request.query.language ?? record.language;
    const pdf = await papers.consentCopy(record, language, reachableFromLan(request));
    request.stillMay();
    audit.record('consent_copied', actorOf(request), { customerId: record.customerId, detail: { consentId: record.id, language } });
    return sendPdf(reply, pdf, `consent-${record.id}`);
  });

  app.get('/deletions/:id/receipt.pdf', {
    config: withdraw, schema: { tags, summary: 'Signed receipt of a deletion', params: IdParams, querystring: LanguageQuery, response: { 200: PDF } },
  }, async (request, reply) => {
    const deletion = deletions.byId(request.params.id);
    const pdf = await papers.receipt(deletion, request.query.language ?? 'zh-CN', reachableFromLan(request));
    return sendPdf(reply, pdf, `receipt-${deletion.id}`);
  });

  app.get('/customers/:id/access-copy.pdf', {
    config: office, schema: { tags, summary: 'Everything the box holds about a person, to read', params: IdParams, querystring: LanguageQuery, response: { 200: PDF } },
  }, async (request, reply) => {
    const customerId = request.params.id;
    const copy = audit.recording('access_copy_made', actorOf(request), { customerId, detail: { form: 'pdf' } }, () => accessCopies.of(customerId));
    return sendPdf(reply, await accessCopyPdf({ copy, timeZone: box.timeZone, currency: box.currency }, request.query.language ?? 'zh-CN'), `access-copy-${customerId}`);
  });

  app.get('/privacy/assessments/:id.pdf', {
    config: office, schema: { tags, summary: 'An impact assessment, to file', params: IdParams, querystring: LanguageQuery, response: { 200: PDF } },
  }, async (request, reply) => {
    const assessment = compliance.assessments.byId(request.params.id);
    return sendPdf(reply, await assessmentPdf({ ...box, assessment }, request.query.language ?? 'zh-CN'), `assessment-${assessment.id}`);
  });

  app.get('/privacy/breaches/:id/notices.pdf', {
    config: office, schema: { tags, summary: 'Report to the authority and letters to those affected', params: IdParams, querystring: LanguageQuery, response: { 200: PDF } },
  }, async (request, reply) => {
    const breach = compliance.breaches.byId(request.params.id);
    const addressees = compliance.breaches.affected(breach.id).map(({ displayName }) => displayName);
    audit.record('breach_notices_made', actorOf(request), { detail: { breachId: breach.id, form: 'pdf', affected: addressees.length } });
    return sendPdf(reply, await breachNoticesPdf({ ...box, breach, addressees }, request.query.language ?? 'zh-CN'), `breach-${breach.id}`);
  });

  app.get('/privacy/audit-pack.zip', {
    config: office, schema: { tags, summary: 'Rules, consents, deletions, accesses and assessments in one signed archive', response: { 200: file('application/zip') } },
  }, async (request, reply) => {
    audit.record('audit_pack_made', actorOf(request));
    const { assessments, breaches, modes, retention } = compliance;
    const madeAt = toInstant(clock.now());
    // All of one moment: the short lists are read before anything else can happen, the long ones stand still.
    const { close, ...still } = stillEvidence();
    const pack = auditPack({
      storeName: box.storeName, madeAt, notices: consent.notices.all(), deletions: deletions.all(), assessments: assessments.all(),
      breaches: breaches.all(), requests: rights.requests(), stations: modes.stations(), retention: retention.table(),
      roles: { staff: access.staff(), permissions: PERMISSIONS }, ...still,
    }, signer);
    return reply.header('content-disposition', `attachment; filename="audit-pack-${madeAt.slice(0, 10)}.zip"`).type('application/zip').send(madeAhead(whileAllowed(request, pack), close));
  });
};

/** A file made as fast as the box can, however slowly it is fetched: what it is made of stands still until then. @param made called at the end, or when nobody wants it */
function madeAhead(pieces: AsyncIterable<Uint8Array>, made: () => void): Readable {
  const file = new PassThrough();
  const make = async () => {
    for await (const piece of pieces) {
      if (file.destroyed) return;
      file.write(piece);
    }
    file.end();
  };
  make().catch((error: unknown) => file.destroy(error as Error)).finally(made);
  return file;
}

/**
 * Sent as a file: in an app on the home screen a PDF in place of the page has no way back.
 * @throws PorticoError as the guard of the route: whoever asked may not any more
 */
export function sendPdf(reply: FastifyReply, pdf: Buffer, name: string): FastifyReply {
  reply.request.stillMay();
  return reply.header('content-disposition', `attachment; filename="${name}.pdf"`).type('application/pdf').send(pdf);
}
