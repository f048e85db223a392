/** The organisation's key on IT's laptop: FILE, beside it FILE.pub for others, and FILE.serial, the number that the next signature follows. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PorticoError } from '../../appliance/kit/index.js';
import { isEncrypted, makeSigningKey, readSigningKey, writeSigningKey, type OrganisationKey, type SigningKey } from '../signing.js';
import { writeNew, writeWhole } from './files.js';

/** A key file has 119 to 400 bytes. */
const KEY_BYTES_MAX = 4_096;
/** 2^31 - 1, as the schema has it. */
export const SERIAL_MAX = 2_147_483_647;
export const PASSPHRASE_LENGTH_MIN = 12;

/**
 * Makes the key that every box of the organisation will know.
 * @param passphrase null: the file opens to whoever has it
 * @throws PorticoError key_file_exists {file}
 */
export function newKeyFile(file: string, passphrase: string | null): OrganisationKey {
  const key = makeSigningKey();
  writeNew(file, writeSigningKey(key, passphrase));
  writeNew(`${file}.pub`, createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }));
  return { keyId: key.keyId, publicKey: key.publicKey };
}

/** @throws PorticoError key_file_invalid {file, problem} */
export function readKeyText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= KEY_BYTES_MAX) return bytes.toString('utf8');
  } catch (error) {
    throw new PorticoError('key_file_invalid', { file, problem: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read' }, { cause: error });
  }
  throw new PorticoError('key_file_invalid', { file, problem: 'it is too large to be a key' });
}

/**
 * @param passphrase asked for only where the file is encrypted
 * @throws PorticoError key_file_invalid {file, problem}, key_passphrase_wrong {file}
 */
export async function openKeyFile(file: string, passphrase: () => Promise<string>): Promise<SigningKey> {
  const text = readKeyText(file);
  try {
    return readSigningKey(text, isEncrypted(text) ? await passphrase() : null);
  } catch (error) {
    if (!(error instanceof PorticoError)) throw error;
    throw new PorticoError(error.code, { file, ...error.details }, { cause: error });
  }
}

/**
 * The number for the next signature: above the last one made with this key, and above the one that stands in the file, should the key have
 * come to another laptop without its serial. It is used up at once, so that it is never on two sticks.
 * @param inFile what portico.yaml says; 0: nothing yet
 * @throws PorticoError key_file_invalid {file, problem}
 */
export function nextSerial(keyFile: string, inFile: number): number {
  const file = `${keyFile}.serial`;
  const serial = Math.max(lastSerial(file), inFile) + 1;
  if (serial > SERIAL_MAX) throw new PorticoError('key_file_invalid', { file, problem: `no number is left after ${SERIAL_MAX}` });
  writeWhole(file, `${serial}\n`);
  return serial;
}

function lastSerial(file: string): number {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw new PorticoError('key_file_invalid', { file, problem: 'it cannot be read' }, { cause: error });
  }
  const serial = Number(text);
  // From 0 again every box would refuse what is signed.
  if (!/^\d{1,10}$/.test(text) || serial > SERIAL_MAX) throw new PorticoError('key_file_invalid', { file, problem: 'it does not hold the number of the last signature' });
  return serial;
}
