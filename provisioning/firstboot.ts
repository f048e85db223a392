import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { PorticoError } from '../appliance/kit/index.js';
import { makeBoxKey, type BoxIdentity } from './boxKey.js';
import type { BoxPaths } from './boxPaths.js';
import type { Credentials } from './credentials.js';
import { readIfThere, type Disk } from './disk.js';
import { settleRestoredKey } from './restoredKey.js';

const CREDENTIAL = 'db-key';
const KEY = /^[0-9a-f]{64}$/;

export interface FirstBoot extends BoxIdentity {
  hostName: string;
  /** False: nothing can be sealed here, below another root; keys lie in files that only their owner reads. */
  sealed: boolean;
}

/**
 * Makes the keys that a box has for life: its own, to which secrets on sticks are encrypted, and the database's, as a credential of
 * systemd. Done again it changes nothing; cut off anywhere it is done to its end the next time.
 * @throws PorticoError box_cannot_seal, wipe_incomplete (a wipe has to end before a box gets new keys), db_key_missing, db_key_malformed, db_key_ambiguous, box_key_unsealed, box_key_unreadable
 */
export async function firstBoot(paths: BoxPaths, disk: Disk, credentials: Credentials | null): Promise<FirstBoot> {
  // Keys in clear are for images and trials below another root: the service of a real box takes its key from systemd's credentials alone.
  if (credentials === null && paths.root === '/') throw new PorticoError('box_cannot_seal');
  if (existsSync(paths.wipeRequest)) throw new PorticoError('wipe_incomplete', { left: 'portico wipe --resume has not ended' });
  for (const path of [paths.key, paths.databaseCredential, paths.boxJson]) disk.tidy(path);
  await settleRestoredKey(paths, disk, credentials); // a restore that the power cut came into
  const identity = await makeBoxKey(paths, disk, credentials);
  if (credentials !== null) await sealDatabaseKey(paths, disk, credentials);
  const hostName = readIfThere(paths.at('/etc/hostname'))?.toString('utf8').trim() ?? '';
  writePublic(paths, disk, identity, hostName);
  return { ...identity, hostName, sealed: credentials !== null };
}

/** public/box.json: what IT's laptop needs to encrypt for this box. */
export function writePublic({ boxJson }: BoxPaths, disk: Disk, { boxId, recipient }: BoxIdentity, hostName: string): void {
  const text = `${JSON.stringify({ boxId, recipient, hostName }, null, 2)}\n`;
  if (readIfThere(boxJson)?.toString('utf8') !== text) disk.write(boxJson, text, 0o644);
}

async function sealDatabaseKey(paths: BoxPaths, disk: Disk, credentials: Credentials): Promise<void> {
  const sealed = readIfThere(paths.databaseCredential);
  const plainBytes = readIfThere(paths.dataKey);
  // Zeros with the sealed one beside it: a power cut came between overwriting and removing.
  const overwritten = sealed !== null && plainBytes?.includes(0) === true;
  const plain = plainBytes === null || overwritten ? null : readKey(plainBytes, paths.dataKey);
  if (sealed === null) {
    if (plain === null && existsSync(paths.database)) throw new PorticoError('db_key_missing', { expectedAt: paths.databaseCredential });
    const key = plain ?? randomBytes(32).toString('hex');
    disk.write(paths.databaseCredential, await credentials.seal(CREDENTIAL, Buffer.from(key)), 0o600);
  }
  // The plain one goes only when the sealed one was read back from the disk and is the same.
  const readBack = readKey(await credentials.open(CREDENTIAL, readIfThere(paths.databaseCredential)!), paths.databaseCredential);
  if (plain !== null && plain !== readBack) throw new PorticoError('db_key_ambiguous', { plain: paths.dataKey, sealed: paths.databaseCredential });
  disk.shred(paths.dataKey);
}

function readKey(bytes: Buffer, file: string): string {
  const key = bytes.toString('utf8').trim().toLowerCase();
  if (!KEY.test(key)) throw new PorticoError('db_key_malformed', { file });
  return key;
}
