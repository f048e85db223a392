/** What is made of one customer's face, sealed under a key of that customer alone: AES-256-GCM. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Purpose } from '../contract/index.js';

const FORM = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** What a seal is bound to: moved to another customer, purpose or place, it does not open. */
export interface SealedPlace {
  customerId: string;
  /** The purpose that the data rests on, and whose key this is. */
  purpose: Purpose;
  /** Within that, as `template 7 photo 2`. */
  place: string;
}

/** @returns form (1 byte), nonce (12), tag (16), ciphertext */
export function seal(key: Buffer, of: SealedPlace, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(of));
  const body = [cipher.update(plain), cipher.final()];
  return Buffer.concat([Buffer.of(FORM), nonce, cipher.getAuthTag(), ...body]);
}

/** Null: it was sealed under another key or for another place, or is damaged. */
export function unseal(key: Buffer, of: SealedPlace, sealed: Buffer): Buffer | null {
  if (sealed.length < HEAD_BYTES || sealed[0] !== FORM) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(boundTo(of)).setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES));
  const plain = decipher.update(sealed.subarray(HEAD_BYTES));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return null;
  }
  return plain;
}

function boundTo({ customerId, purpose, place }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(['portico', FORM, customerId, purpose, place]));
}
