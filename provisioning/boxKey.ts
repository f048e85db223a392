import { createHash } from 'node:crypto';
import { Decrypter, generateX25519Identity, identityToRecipient, armor } from 'age-encryption';
import { PorticoError } from '../appliance/kit/index.js';
import type { BoxPaths } from './boxPaths.js';
import type { Credentials } from './credentials.js';
import { readIfThere, type Disk } from './disk.js';

const NAME = 'portico-box-key';
const CLEAR = 'AGE-SECRET-KEY-';

/** What others may know of a box: where secrets for it are encrypted to, and what it is called. */
export interface BoxIdentity {
  boxId: string;
  /** age1... */
  recipient: string;
}

/** Makes the box's own key, once. @param credentials null: nothing can be sealed, below another root; the key then lies there for root alone to read */
export async function makeBoxKey(paths: BoxPaths, disk: Disk, credentials: Credentials | null): Promise<BoxIdentity> {
  const there = await readBoxKey(paths, credentials);
  if (there !== null) return identityOf(there);
  const identity = await generateX25519Identity();
  const bytes = Buffer.from(`${identity}\n`);
  disk.write(paths.key, credentials === null ? bytes : await credentials.seal(NAME, bytes), 0o600);
  return identityOf(identity);
}

/** @returns AGE-SECRET-KEY-1...; null: none was made yet. @throws PorticoError box_key_unsealed, box_key_unreadable */
export async function readBoxKey(paths: BoxPaths, credentials: Credentials | null): Promise<string | null> {
  const bytes = readIfThere(paths.key);
  if (bytes === null) return null;
  const clear = bytes.subarray(0, CLEAR.length).toString('latin1') === CLEAR;
  if (!clear && credentials === null) throw new PorticoError('box_key_unreadable', { name: NAME });
  return (clear ? bytes : await credentials!.open(NAME, bytes)).toString('utf8').trim();
}

/** The id follows from the key: made again after a power cut it is the same. */
export async function identityOf(identity: string): Promise<BoxIdentity> {
  const recipient = await identityToRecipient(identity);
  return { boxId: `box-${createHash('sha256').update(recipient).digest('hex').slice(0, 12)}`, recipient };
}

/** A secret of a stick, armored. @throws PorticoError stick_secret_unreadable: not to this box, or damaged */
export async function openSecret(armored: string, identity: string): Promise<Buffer> {
  try {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    return Buffer.from(await decrypter.decrypt(armor.decode(armored)));
  } catch (cause) {
    throw new PorticoError('stick_secret_unreadable', undefined, { cause });
  }
}
