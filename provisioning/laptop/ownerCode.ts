// Past the door: behind it is the database, and this runs on laptops.
import { hashSecret, makePairingCode, normalisePairingCode } from '../../appliance/access/secrets.js';

/**
 * The first owner's code: 16 letters and digits, 80 bits, written ABCD-EFGH-JKMN-PQRS. Nobody finds it out from its hash, which lies open on the
 * stick: 2^80 tries.
 */
export function makeOwnerCode(): { code: string; sha256: string } {
  const code = `${makePairingCode()}-${makePairingCode()}`;
  return { code, sha256: hashOwnerCode(code) };
}

/** As the box hashes what the owner types: case, spaces, dashes and misread letters do not matter. @returns hexadecimal */
export function hashOwnerCode(typed: string): string {
  return hashSecret(normalisePairingCode(typed)).toString('hex');
}
