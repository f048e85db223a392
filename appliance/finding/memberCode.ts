/** The rotating code: TOTP (RFC 6238), a secret a customer. Pure. */
import { Secret, TOTP } from 'otpauth';

/** RFC 6238 allows SHA-256; eight digits, because whoever types guesses has the whole store as a target. */
export const MEMBER_CODE = { algorithm: 'SHA256', digits: 8, period: 30 } as const;
/** One step before and after: clocks differ, and showing and scanning take a moment (RFC 6238, 5.2). */
const WINDOW = 1;
/** Base32: 16 letters, 80 bits. It names the secret and is none. */
const HANDLE = /^PM1-([A-Z2-7]{16})-(\d{8})$/i;

/** What stands before the digits. */
export const prefixOf = (handle: string): string => `PM1-${handle}-`;

/** A member code as it was read; null: it is something else. */
export function readMemberCode(scan: string): { handle: string; digits: string } | null {
  const read = HANDLE.exec(scan);
  return read === null ? null : { handle: read[1]!.toUpperCase(), digits: read[2]! };
}

/**
 * The step of time that the digits belong to; null: of none that is valid now, or of one that is not later than the last used.
 * @param lastStep 0: never used
 */
export function stepOf(secret: Uint8Array, digits: string, nowMs: number, lastStep: number): number | null {
  const { period, ...form } = MEMBER_CODE;
  const delta = TOTP.validate({ token: digits, secret: keyOf(secret), ...form, period, timestamp: nowMs, window: WINDOW });
  if (delta === null) return null;
  const now = TOTP.counter({ period, timestamp: nowMs });
  // A last step that no code could have now is from a clock that was ahead: it would refuse every code until then.
  const last = lastStep > now + WINDOW ? 0 : lastStep;
  return now + delta > last ? now + delta : null;
}

/** @param text as toBase32 made it */
export const fromBase32 = (text: string): Uint8Array => Secret.fromBase32(text).bytes;
export const toBase32 = (bytes: Uint8Array): string => keyOf(bytes).base32;

function keyOf(bytes: Uint8Array): Secret {
  return new Secret({ buffer: Uint8Array.from(bytes).buffer });
}
