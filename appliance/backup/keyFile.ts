import { PorticoError } from '../kit/index.js';

const IDENTITY = /^AGE-SECRET-KEY-(PQ-)?1[A-Z0-9]{20,100}$/;

/**
 * The private key in a key file as age writes them: comments, and the key; typed as it stands on the sheet, it may have spaces and go over several lines.
 * @throws PorticoError key_file_invalid
 */
export function identityIn(text: string): string {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'));
  const identity = lines.join('').replace(/\s/g, '').toUpperCase();
  if (!IDENTITY.test(identity) || identity.indexOf('AGE-SECRET-KEY-', 1) !== -1) throw new PorticoError('key_file_invalid');
  return identity;
}
