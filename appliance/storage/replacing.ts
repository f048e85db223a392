/** The box's files replaced as a whole: built beside, said yes to with one rename, then moved in; a kill at any step leaves the old ones or the new. */
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PorticoError } from '../kit/index.js';
import { ownLike } from './lock.js';
import { flush } from './whole.js';

/** In the data folder. While the second is there, its contents are what the box is. */
const [BUILDING, AGREED] = ['restoring', 'restored'];
/** The key of what comes, sealed for systemd: whoever has the right to puts it where systemd looks (provisioning/restoredKey.ts). */
export const SEALED_KEY = 'db-key.sealed';
/** What may be replaced. The database comes last: it is what everything else belongs to. */
const MOVED = ['vault', 'tls', 'db-key', SEALED_KEY, 'restored-settings.env', 'portico.db'] as const;

export interface Replacement {
  /** Where the new files are to be put: any of vault/, tls/, db-key, db-key.sealed, restored-settings.env, portico.db. What is not there stays as it was. */
  folder: string;
  /** From now on the new files are the box's. */
  commit(): void;
  /** As if nothing had been. */
  abandon(): void;
}

/** For one who holds the lock on the folder. What an earlier attempt left is gone. */
export function beginReplacing(dataDirectory: string): Replacement {
  finishReplacing(dataDirectory);
  const folder = join(dataDirectory, BUILDING!);
  rmSync(folder, { recursive: true, force: true });
  // The folders that will be in it too: the box removes what root left when it was cut off.
  for (const each of [folder, join(folder, 'vault'), join(folder, 'tls'), join(folder, 'backups')]) {
    mkdirSync(each, { recursive: true, mode: 0o700 });
    ownLike(dataDirectory, each);
  }
  return {
    folder,
    commit: () => {
      flushTree(folder, dataDirectory);
      renameSync(folder, join(dataDirectory, AGREED!));
      flush(dataDirectory);
      finishReplacing(dataDirectory);
    },
    abandon: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a replacing that was cut off before the yes left. For one who holds the lock on the folder, at each start. */
export function dropUnfinished(dataDirectory: string): void {
  try {
    rmSync(join(dataDirectory, BUILDING!), { recursive: true, force: true });
  } catch {
    // A disk that takes nothing: the box starts all the same, and no key lies there in clear.
  }
}

/**
 * Moves in what was agreed to. Safe to repeat, and nothing where there is nothing; before the files are opened. Root runs it too, at a boot, in a folder that is
 * the service's: what it put there instead of a folder is not followed to the files of others.
 * @throws PorticoError data_directory_unusable
 */
export function finishReplacing(dataDirectory: string): void {
  const agreed = join(dataDirectory, AGREED!);
  const there = lstatSync(agreed, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isDirectory()) throw new PorticoError('data_directory_unusable', { dataDirectory, reason: `${AGREED!} is not a folder` });
  // The old database's log would be taken for the new one's.
  if (existsSync(join(agreed, 'portico.db'))) for (const log of ['portico.db-wal', 'portico.db-shm', 'portico.db-journal']) rmSync(join(dataDirectory, log), { force: true });
  for (const name of MOVED) {
    if (!existsSync(join(agreed, name))) continue;
    rmSync(join(dataDirectory, name), { recursive: true, force: true });
    renameSync(join(agreed, name), join(dataDirectory, name));
    flush(dataDirectory);
  }
  rmSync(agreed, { recursive: true, force: true });
  flush(dataDirectory);
}

/** Onto the disk, and to whom the data folder belongs. */
function flushTree(path: string, dataDirectory: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) flushTree(join(path, entry.name), dataDirectory);
    else settle(join(path, entry.name), dataDirectory);
  }
  settle(path, dataDirectory);
  flush(dirname(path));
}

function settle(path: string, dataDirectory: string): void {
  ownLike(dataDirectory, path);
  flush(path);
}
