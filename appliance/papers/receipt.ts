import { inflateSync } from 'node:zlib';
import { PorticoError } from '../kit/index.js';
import type { Deletion } from '../contract/index.js';
import type { Signer } from './signer.js';

/** Where the audit chain stood: a paper that leaves the box makes it impossible to write the chain before that anew. */
export interface ChainHead { seq: number; hash: string }

/** What a deletion receipt says. Registered names of RFC 7519 where there are some, so that any JWT tool shows it well. */
export interface DeletionClaims {
  /** Name of the store. */
  iss: string;
  /** Id of the deletion and of the customer; no name. */
  jti: string;
  sub: string;
  /** Seconds since 1970 at which the deletion was complete. */
  iat: number;
  scope: Deletion['scope'];
  reason: Deletion['reason'];
  /** The purposes that ended; empty with `dossier`. */
  purposes: Deletion['purposes'];
  requestedAt: string;
  completedAt: string;
  templatesDeleted: number;
  keyDestroyed: boolean;
  audit: ChainHead;
}

/**
 * The signed statement that a deletion is done.
 * @throws PorticoError deletion_pending while it is under way: nothing is said to be gone before it is
 */
export async function signDeletion(signer: Signer, storeName: string, deletion: Deletion, audit: ChainHead): Promise<string> {
  const { id, customerId, completedAt, scope, reason, purposes, requestedAt, templatesDeleted, keyDestroyed } = deletion;
  if (completedAt === null) throw new PorticoError('deletion_pending');
  const claims: DeletionClaims = {
    iss: storeName, jti: id, sub: customerId, iat: Math.floor(Date.parse(completedAt) / 1000),
    scope, reason, purposes, requestedAt, completedAt, templatesDeleted, keyDestroyed, audit: { seq: audit.seq, hash: audit.hash },
  };
  return signer.sign('deletion', { ...claims });
}

/** The page of the box that shows and checks a receipt; the fragment never reaches a server. @param base e.g. https://192.168.1.9 */
export function receiptUrl(base: string, jws: string): string {
  return `${base}/receipt#${jws}`;
}

/** A compact JWS with an ES256 signature: three base64url parts, the first and second JSON objects, the third of 86 letters. */
const JWS = /eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{86}(?![\w-])/g;
/** The same where the next words of the paper follow without a space: whether the 86 are all of it, the signature says. */
const JWS_IN_WORDS = /eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{86}/g;
/** Inflated pieces of a PDF beyond this are nobody's receipt. */
const INFLATED_BYTES_MAX = 4_000_000;

/**
 * Finds the statement in a receipt: the PDF as given out or saved again by a viewer, a link, or the text itself, line
 * breaks and all. What the paper's words say is not looked at: only the statement is signed.
 * @throws PorticoError receipt_invalid when there is none, or more than one
 */
export function findStatement(bytes: Buffer): string {
  const found = new Set<string>();
  const look = (text: string, pattern = JWS) => { for (const [jws] of text.matchAll(pattern)) found.add(jws); };
  if (bytes.subarray(0, 1024).includes('%PDF-')) {
    look(bytes.toString('latin1'));
    if (found.size === 0) for (const stream of inflatedStreams(bytes)) look(stream);
  } else {
    const text = bytes.toString('utf8');
    look(text);
    if (found.size === 0) look(text.replace(/\s+/g, ''), JWS_IN_WORDS); // copied off the paper, line by line
  }
  const [only] = found;
  if (only === undefined) throw new PorticoError('receipt_invalid', { reason: 'there is no signed statement in it' });
  if (found.size > 1) throw new PorticoError('receipt_invalid', { reason: 'there is more than one signed statement in it' });
  return only;
}

/** Viewers that save a PDF compress what is attached to it. */
function* inflatedStreams(pdf: Buffer): Generator<string> {
  for (let at = pdf.indexOf('stream'); at !== -1; at = pdf.indexOf('stream', at + 6)) {
    if (pdf.subarray(at - 3, at).toString('latin1') === 'end') continue;
    const start = pdf[at + 6] === 0x0d ? at + 8 : at + 7; // CR LF or LF (ISO 32000-1, 7.3.8.1)
    const end = pdf.indexOf('endstream', start);
    if (end === -1) return;
    try {
      yield inflateSync(pdf.subarray(start, end), { maxOutputLength: INFLATED_BYTES_MAX }).toString('latin1');
    } catch {
      // A font, a picture, or a stream of another filter.
    }
  }
}
