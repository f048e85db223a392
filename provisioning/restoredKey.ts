/** The database's key after a restore: sealed in the data folder with the data that it opens, then where systemd looks. */
import { constants, existsSync, lstatSync, openSync, readFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { PorticoError } from '../appliance/kit/index.js';
import type { BoxPaths } from './boxPaths.js';
import type { Credentials } from './credentials.js';
import type { Disk } from './disk.js';

const CREDENTIAL = 'db-key';
/** As in appliance/storage/replacing.ts, which is loaded only where there is something to do. */
const AGREED = 'restored';
const SEALED = 'db-key.sealed';

export const sealDatabaseKey = (credentials: Credentials, key: string): Promise<Buffer> => credentials.seal(CREDENTIAL, Buffer.from(key));

/** The sealed key of the box that is here; undefined: there is none, or it does not open. */
export async function databaseKeyOf(paths: BoxPaths, credentials: Credentials | null): Promise<string | undefined> {
  if (credentials === null || !existsSync(paths.databaseCredential)) return undefined;
  const key = await credentials.open(CREDENTIAL, readFileSync(paths.databaseCredential)).catch(() => null);
  return key === null || !isKey(key) ? undefined : key.toString('utf8').trim();
}

/**
 * Finishes a restore that was agreed to: its data are in place, then the key replaces the old one, which opens nothing any more. Safe to repeat; nothing where
 * there is nothing. Until it is done the old key stays where it is, and the new one lies sealed beside the new data.
 * @returns whether there was something
 * @throws PorticoError box_key_unreadable, box_key_unsealed, db_key_malformed
 */
export async function settleRestoredKey(paths: BoxPaths, disk: Disk, credentials: Credentials | null): Promise<boolean> {
  const sealedFile = join(paths.data, SEALED);
  const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isThere(join(paths.data, AGREED))) (await import('../appliance/storage/index.js')).finishReplacing(paths.data);
  if (credentials === null || !isThere(sealedFile)) return false;
  const sealed = readOwn(sealedFile);
  if (!isKey(await credentials.open(CREDENTIAL, sealed))) throw new PorticoError('db_key_malformed', { file: sealedFile });
  disk.write(paths.databaseCredential, sealed, 0o600);
  disk.shred(paths.dataKey); // of the box that was replaced
  disk.remove(sealedFile);
  return true;
}

const isKey = (bytes: Buffer): boolean => /^[0-9a-f]{64}$/.test(bytes.toString('utf8').trim());

/** The folder is the service's: what it put there instead of a file is not followed. */
function readOwn(path: string): Buffer {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}
