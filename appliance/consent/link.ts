import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../storage/index.js';

const ID_BYTES = 16;
/** HMAC-SHA256 cut to 160 bits: at least half of it has to stay (RFC 2104, 5), and a shorter QR code is read more easily. */
const MAC_BYTES = 20;
const TOKEN = new RegExp(`^[A-Za-z0-9_-]{${(ID_BYTES + MAC_BYTES) * 4 / 3}}$`);

/** The secrets in the customers' own links: which consent, and the proof that this box made the link. Nothing is stored for one. */
export class LinkTokens {
  readonly #db: Database;
  #secret: Buffer | null = null;

  constructor(deps: { db: Database }) {
    this.#db = deps.db;
  }

  /** @param consentId a UUID */
  make(consentId: string): string {
    const id = Buffer.from(consentId.replaceAll('-', ''), 'hex');
    return Buffer.concat([id, this.#mac(id)]).toString('base64url');
  }

  /** The consent that a token is for; null: this box did not make it. */
  read(token: string): string | null {
    if (!TOKEN.test(token)) return null;
    const bytes = Buffer.from(token, 'base64url');
    const id = bytes.subarray(0, ID_BYTES);
    if (!timingSafeEqual(bytes.subarray(ID_BYTES), this.#mac(id))) return null;
    return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  #mac(id: Buffer): Buffer {
    return createHmac('sha256', this.#boxSecret()).update('portico link 1').update(id).digest().subarray(0, MAC_BYTES);
  }

  /** 256 bits, made when first asked for; every link of this box hangs on it. */
  #boxSecret(): Buffer {
    this.#secret ??= this.#db.transaction(() => {
      this.#db.run('INSERT INTO link_secret (only_one, secret) VALUES (1, ?) ON CONFLICT DO NOTHING', randomBytes(32));
      return this.#db.get<{ secret: Buffer }>('SELECT secret FROM link_secret')!.secret;
    });
    return this.#secret;
  }
}
