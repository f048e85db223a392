/** Checks a receipt of deletion in the browser: a compact JWS (RFC 7515) signed with ES256, against the box's public keys. */
import type { KeySet, Purpose } from '../contract.js';

/** What the box signed; see docs/receipts.md. */
export interface DeletionStatement {
  iss: string;
  jti: string;
  sub: string;
  scope: 'face' | 'dossier' | 'purposes';
  reason: string;
  /** The purposes that ended. Missing in receipts from before these were named. */
  purposes?: Purpose[];
  requestedAt: string;
  completedAt: string;
  templatesDeleted: number;
  keyDestroyed: boolean;
}
/**
 * `altered`: the signature does not fit the text. `unknown_key`: another box's, or none. `not_a_receipt`: no signed
 * statement, or one of another kind. `cannot_check`: this browser cannot, so nothing is said about it.
 */
export type ReceiptCheck =
  | { outcome: 'valid'; statement: DeletionStatement; kid: string }
  | { outcome: 'altered' | 'unknown_key' | 'not_a_receipt' | 'cannot_check' };

const JWS = /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{86}$/;

export async function checkReceipt(jws: string, { keys }: KeySet, subtle: typeof globalThis.crypto.subtle | undefined): Promise<ReceiptCheck> {
  if (!JWS.test(jws)) return { outcome: 'not_a_receipt' };
  const [head, body, signature] = jws.split('.') as [string, string, string];
  const header = parse(head);
  // The algorithm is ours to say, never the text's.
  if (header?.['alg'] !== 'ES256' || header['typ'] !== 'portico-deletion+jwt') return { outcome: 'not_a_receipt' };
  const key = keys.find(({ kid }) => kid === header['kid']);
  if (!key) return { outcome: 'unknown_key' };
  if (!subtle) return { outcome: 'cannot_check' };
  const { kty, crv, x, y, kid } = key;
  const publicKey = await subtle.importKey('jwk', { kty, crv, x, y }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  const fits = await subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, publicKey, fromBase64Url(signature), new TextEncoder().encode(`${head}.${body}`));
  if (!fits) return { outcome: 'altered' };
  return { outcome: 'valid', statement: parse(body) as unknown as DeletionStatement, kid };
}

/** What went, as keys of words: the scope, and what rested on the purposes that ended. A statement that names none says the scope. */
export function deletedWords({ scope, reason, purposes = [] }: Pick<DeletionStatement, 'scope' | 'reason' | 'purposes'>): string[] {
  const outsideFace = purposes.filter((purpose) => purpose === 'preferences' || purpose === 'contact');
  const rested = (scope === 'purposes' ? purposes : scope === 'face' && reason !== 'merged' ? outsideFace : []).map((purpose) => `rested.${purpose}`);
  return scope === 'purposes' && rested.length > 0 ? rested : [`scopes.${scope}`, ...rested];
}

function parse(part: string): Record<string, unknown> | null {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64Url(part))) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
