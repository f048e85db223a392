import { createHash, randomBytes, randomInt } from 'node:crypto';

/** Without I, L, O and U, which are misread (Crockford base 32). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A one-time code of 8 letters and digits (40 bits), written ABCD-EFGH. */
export function makePairingCode(): string {
  const letters = Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** As typed by a person: case, spaces, dashes and the misread letters do not matter. */
export function normalisePairingCode(typed: string): string {
  return typed.toUpperCase().replace(/[^0-9A-Z]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
}

/** 256 random bits for a cookie. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a token or code: enough to recognise it, nothing to sign in with. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** One digit repeated, or a run up or down: what people try first. */
export function isSimplePin(pin: string): boolean {
  const steps = [...pin].slice(1).map((digit, i) => Number(digit) - Number(pin[i]));
  return steps.every((step) => step === steps[0] && Math.abs(step) <= 1);
}
