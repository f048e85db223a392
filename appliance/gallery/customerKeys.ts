import { randomBytes } from 'node:crypto';
import type { PHOTO_SOURCES, Purpose } from '../contract/index.js';
import { RotatedEmbedding, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { seal, unseal } from './sealing.js';

type Source = (typeof PHOTO_SOURCES)[number];
/** The purposes that something is stored for. Each has a key of its own, so that each can be withdrawn alone. */
export const SEALED_PURPOSES = ['recognise', 'refresh', 'keep_photo'] as const satisfies readonly Purpose[];
type SealedPurpose = (typeof SEALED_PURPOSES)[number];
const PURPOSE_OF: Record<Source, SealedPurpose> = { enrolment: 'recognise', refresh: 'refresh' };

/** Which photo of which template. */
export interface PhotoPlace { customerId: string; templateId: number; position: number; source: Source }

/** The customers' keys in the vault, and what is sealed under them. */
export class CustomerKeys {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(deps: { db: Database; clock: Clock }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
  }

  /** @returns as stored */
  sealPhoto(place: PhotoPlace, embedding: RotatedEmbedding): Buffer {
    const values = Buffer.from(embedding.values().buffer);
    const { customerId, purpose, ...rest } = boundPhoto(place);
    const sealed = seal(this.make(customerId, purpose), { customerId, purpose, ...rest }, values);
    values.fill(0);
    return sealed;
  }

  /** Null: the key is gone, or it is another one. */
  openPhoto(place: PhotoPlace, sealed: Buffer): RotatedEmbedding | null {
    const bound = boundPhoto(place);
    const plain = this.#open(bound, sealed);
    if (plain === null) return null;
    // A copy: a Buffer need not begin at a multiple of four bytes.
    const embedding = new RotatedEmbedding(new Float32Array(Uint8Array.from(plain).buffer));
    plain.fill(0);
    return embedding;
  }

  sealPicture(customerId: string, position: number, jpeg: Uint8Array): Buffer {
    return seal(this.make(customerId, 'keep_photo'), boundPicture(customerId, position), jpeg);
  }

  /** Null as `openPhoto`. */
  openPicture(customerId: string, position: number, sealed: Buffer): Buffer | null {
    return this.#open(boundPicture(customerId, position), sealed);
  }

  /** The key, made if there is none. Inside a transaction. */
  make(customerId: string, purpose: SealedPurpose): Buffer {
    const known = this.#key(customerId, purpose);
    if (known !== null) return known;
    const key = randomBytes(32);
    this.#db.run('INSERT INTO vault.customer_key (customer_id, purpose, key, made_at_ms) VALUES (?, ?, ?, ?)', customerId, purpose, key, this.#clock.now());
    return key;
  }

  /** What was sealed for these purposes is noise from now on, here and in every copy. @returns how many keys went */
  destroy(customerId: string, purposes: readonly Purpose[]): number {
    return purposes.reduce((sum, purpose) =>
      sum + this.#db.run('DELETE FROM vault.customer_key WHERE customer_id = ? AND purpose = ?', customerId, purpose).changes, 0);
  }

  #key(customerId: string, purpose: Purpose): Buffer | null {
    return this.#db.get<{ key: Buffer }>('SELECT key FROM vault.customer_key WHERE customer_id = ? AND purpose = ?', customerId, purpose)?.key ?? null;
  }

  #open(of: { customerId: string; purpose: Purpose; place: string }, sealed: Buffer): Buffer | null {
    const key = this.#key(of.customerId, of.purpose);
    return key === null ? null : unseal(key, of, sealed);
  }
}

function boundPhoto({ customerId, templateId, position, source }: PhotoPlace) {
  return { customerId, purpose: PURPOSE_OF[source], place: `template ${templateId} photo ${position}` };
}

function boundPicture(customerId: string, position: number) {
  return { customerId, purpose: 'keep_photo' as const, place: `picture ${position}` };
}
