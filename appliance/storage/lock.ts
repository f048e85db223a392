import { chownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Driver from 'better-sqlite3';
import { PorticoError } from '../kit/index.js';

/**
 * Keeps a second Portico off the same data folder. Node has no file locks, SQLite does: an exclusive transaction
 * on an empty side file lasts as long as the process, however it ends.
 * Nothing is ever written there, so its journal is in memory: on a full disk none could be begun, and a full box has to start.
 * @throws PorticoError db_in_use
 */
export function lockDataDirectory(lockFile: string): { release(): void } {
  const driver = new Driver(lockFile, { timeout: 0 });
  try {
    driver.pragma('journal_mode = MEMORY');
    driver.exec('BEGIN EXCLUSIVE');
    ownLike(dirname(lockFile), lockFile);
  } catch (error) {
    driver.close();
    if (error instanceof Driver.SqliteError && error.code === 'SQLITE_BUSY') throw new PorticoError('db_in_use', {}, { cause: error });
    throw error;
  }
  return { release: () => driver.close() };
}

/** What root makes in a folder of somebody else's belongs to them: the box runs as a user of its own. */
export function ownLike(model: string, path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(model);
  chownSync(path, uid, gid);
}
