/** A backup opened with the store's key: read whole, checked, put into a folder. For the command line. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isPorticoError, PorticoError } from '../kit/index.js';
import { knownMigrations } from '../storage/index.js';
import { DATABASE_PART, KEY_PART, unpack, type Manifest } from './archive.js';
import { contentsOf, requireRoom, sameContents } from './copy.js';
import { readList, type DeletionList } from './list.js';
import { counted, whole, writeWhole } from './run.js';
import { unseal, type Bytes } from './sealing.js';

/** `parts`: settings.env and tls/..., in memory; the key of the database too: only the database, which is encrypted, is ever in a file. */
export interface OpenedBackup { manifest: Manifest; bytes: number; key: string; parts: ReadonlyMap<string, Buffer> }

/** Settings and certificates have some kilobytes. */
const SMALL_MAX = 1_048_576;

/**
 * Unpacks the database of a backup into `folder`, which has no portico.db; all else stays in memory. Everything is checked: authentication, hashes,
 * the database with its key, every page, the rows.
 * @param report 0..1
 * @throws PorticoError backup_not_ours, backup_key_wrong, restore_newer_version, storage_full
 */
export async function openBackup(file: string, identity: string, folder: string, report: (share: number) => void): Promise<OpenedBackup> {
  const { size } = await stat(file).catch((cause: unknown) => { throw new PorticoError('backup_not_ours', { reason: 'cannot be read' }, { cause }); });
  await requireRoom(folder, size);
  const known = knownMigrations();
  const parts = new Map<string, Buffer>();
  const needs = (manifest: Manifest) => {
    if (manifest.parts.some(({ name, bytes }) => name !== DATABASE_PART && bytes > SMALL_MAX)) throw new PorticoError('backup_not_ours', { reason: 'a part is too large' });
    for (const [index, sha256] of manifest.migrations.entries()) {
      if (known[index] !== sha256) throw new PorticoError('restore_newer_version', { version: manifest.version });
    }
  };
  const manifest = await unpack(counted(unseal(identity, readFrom(file)), size, (share) => report(share * 0.8)), needs, async (name, content) => {
    if (name === DATABASE_PART) await writeWhole(join(folder, name), content);
    else parts.set(name, await whole(content));
  });
  const key = parts.get(KEY_PART)?.toString('utf8').trim();
  if (key === undefined || !/^[0-9a-f]{64}$/.test(key)) throw new PorticoError('backup_not_ours', { reason: 'no key in it' });
  parts.delete(KEY_PART);
  report(0.8);
  let same: boolean;
  try {
    same = sameContents(contentsOf(join(folder, DATABASE_PART), key, true), manifest);
  } catch (cause) {
    if (isPorticoError(cause)) throw new PorticoError('backup_not_ours', { reason: cause.code }, { cause });
    throw cause;
  }
  if (!same) throw new PorticoError('backup_not_ours', { reason: 'other rows than were counted' });
  report(1);
  return { manifest, bytes: size, key, parts };
}

/**
 * A list that lies beside the backups.
 * @param databaseKey out of the backup that it lies beside
 * @throws PorticoError backup_list_not_ours: by another hand, of another store, damaged
 */
export async function readDeletionList(file: string, identity: string, { storeId, databaseKey }: { storeId: string; databaseKey: string }): Promise<DeletionList> {
  try {
    return readList((await whole(unseal(identity, readFrom(file)))).toString('utf8'), storeId, databaseKey);
  } catch (cause) {
    throw new PorticoError('backup_list_not_ours', { file: basename(file) }, { cause });
  }
}

const readFrom = (file: string): Bytes => createReadStream(file, { highWaterMark: 262_144 }) as Bytes;
