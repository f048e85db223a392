import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign as signBytes, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import type { KeySet } from '../contract/index.js';
import { PorticoError, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';

/** Loaded when something is first signed or checked: no start waits for it. */
const jose = () => import('jose');

export type Statement = Record<string, unknown>;
/** What a signed statement is about: the `typ` of its header, so that one kind cannot be passed off as another. */
export const STATEMENT_TYPES = { deletion: 'portico-deletion+jwt', pack: 'portico-pack+jwt', wipe: 'portico-wipe+jwt', release: 'portico-release+jwt' } as const;
export type StatementType = keyof typeof STATEMENT_TYPES;
export interface Verified { type: StatementType; kid: string; claims: Statement }

interface OwnKey { kid: string; key: KeyObject }

/** Signs what leaves the box: ES256 (RFC 7518), with one key of the box that never leaves the encrypted database. */
export class Signer {
  readonly #db: Database;
  readonly #clock: Clock;
  #present: OwnKey | null = null;

  constructor(deps: { db: Database; clock: Clock }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
  }

  /** At each start: the key is made at the first, so that every backup has the one that receipts were signed with. */
  prepare(): void {
    if (this.#db.get('SELECT 1 FROM box_key') === undefined) this.#key();
  }

  /** Thumbprint of the key that signs now (RFC 7638), as printed on papers. */
  kid(): string {
    return this.#key().kid;
  }

  /** A compact JWS (RFC 7515) of the claims. They go out of the box: no name, number or text of a person in them. */
  async sign(type: StatementType, claims: Statement): Promise<string> {
    const { CompactSign } = await jose();
    const { kid, key } = this.#key();
    return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'ES256', kid, typ: STATEMENT_TYPES[type] }).sign(key);
  }

  /** A signature over bytes as `openssl dgst -sha256 -verify` takes it: ECDSA in DER. */
  signBytes(bytes: Uint8Array): Buffer {
    return signBytes('sha256', bytes, { key: this.#key().key, dsaEncoding: 'der' });
  }

  /** The key that signs now, PKCS8 PEM: for the thread that makes backups, which has the database's key, and with it this one. */
  privatePem(): string {
    return this.#key().key.export({ type: 'pkcs8', format: 'pem' }) as string;
  }

  /** The public key that signs now, SPKI PEM. */
  publicPem(): string {
    return createPublicKey(this.#key().key).export({ type: 'spki', format: 'pem' }) as string;
  }

  /** All public keys, the one that signs now first. */
  jwks(): KeySet {
    this.#key();
    return { keys: this.#all().map(({ key }) => toJwk(createPublicKey(key))) };
  }

  /** @throws PorticoError receipt_invalid */
  verify(jws: string): Promise<Verified> {
    return verifyStatement(jws, this.jwks());
  }

  /** Made when there is none. Two of the same instant cannot be: the box has one writer. */
  #key(): OwnKey {
    this.#present ??= this.#db.transaction(() => {
      const known = this.#all()[0];
      if (known !== undefined) return known;
      const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      const { kid } = toJwk(createPublicKey(key));
      this.#db.run('INSERT INTO box_key (kid, private_pem, made_at_ms) VALUES (?, ?, ?)',
        kid, key.export({ type: 'pkcs8', format: 'pem' }) as string, this.#clock.now());
      return { kid, key };
    });
    return this.#present;
  }

  #all(): OwnKey[] {
    return this.#db.all<{ kid: string; private_pem: string }>('SELECT kid, private_pem FROM box_key ORDER BY made_at_ms DESC, rowid DESC')
      .map((row) => ({ kid: row.kid, key: createPrivateKey(row.private_pem) }));
  }
}

/** A P-256 public key as a JWK that names itself by its thumbprint. @throws PorticoError receipt_invalid for another kind of key */
export function toJwk(key: KeyObject): KeySet['keys'][number] {
  const { crv, x, y } = key.export({ format: 'jwk' });
  if (crv !== 'P-256' || x === undefined || y === undefined) throw new PorticoError('receipt_invalid', { reason: 'the key is not of the curve P-256' });
  // RFC 7638: the required members, in the order of their names, without spaces.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty: 'EC', x, y })).digest('base64url');
  return { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' };
}

/** Reads a public key file: a JWK set, one JWK, or PEM. @throws PorticoError receipt_invalid */
export function readKeys(text: string): KeySet {
  try {
    if (text.includes('-----BEGIN')) return { keys: [toJwk(createPublicKey(text))] };
    const value = JSON.parse(text) as { keys?: object[] };
    return { keys: (value.keys ?? [value]).map((jwk) => toJwk(createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput))) };
  } catch (cause) {
    if (cause instanceof PorticoError) throw cause;
    throw new PorticoError('receipt_invalid', { reason: 'the key file is neither PEM nor JWK' }, { cause });
  }
}

/**
 * Checks a statement against public keys. Only ES256 is taken, whatever the header says; the key is chosen by `kid`,
 * which is worked out anew from the key itself.
 * @throws PorticoError receipt_invalid
 */
export async function verifyStatement(jws: string, { keys }: KeySet): Promise<Verified> {
  const { compactVerify } = await jose();
  const refuse = (reason: string, cause?: unknown) => new PorticoError('receipt_invalid', { reason }, { cause });
  let kid = '';
  const { payload, protectedHeader } = await compactVerify(jws, async (header) => {
    kid = header.kid ?? '';
    const jwk = keys.find((key) => key.kid === kid);
    if (jwk === undefined) throw refuse('signed with a key that is not among those given');
    return jwk; // jose keeps what it made of this very object: head office checks a thousand statements of one key
  }, { algorithms: ['ES256'] }).catch((cause: unknown) => {
    throw cause instanceof PorticoError ? cause : refuse('the signature does not fit', cause);
  });
  const type = (Object.keys(STATEMENT_TYPES) as StatementType[]).find((name) => STATEMENT_TYPES[name] === protectedHeader.typ);
  if (type === undefined) throw refuse('it is not a statement of this product');
  return { type, kid, claims: JSON.parse(new TextDecoder().decode(payload)) as Statement };
}
