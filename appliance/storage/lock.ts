import { lchownSync, lstatSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import Driver from 'better-sqlite3';
import { PorticoError } from '../kit/index.js';

/**
 * Keeps a second Portico off the same data folder. Node has no file locks, SQLite does: an exclusive transaction
 * on an empty side file lasts as long as the process, however it ends. What somebody else put in its place locks nothing and is cleared away.
 * Nothing is ever written there, so its journal is in memory: on a full disk none could be begun, and a full box has to start.
 * @throws PorticoError db_in_use, data_directory_unusable
 */
export function lockDataDirectory(lockFile: string): { release(): void } {
  try {
    return asOwnerOf(dirname(lockFile), () => {
      const there = lstatSync(lockFile, { throwIfNoEntry: false });
      if (there?.isFile() === false) rmSync(lockFile, { recursive: true });
      else if (there !== undefined && there.size > 0) truncateSync(lockFile); // not removed: two that come at once have to meet at the same file
      const driver = new Driver(lockFile, { timeout: 0 });
      try {
        driver.pragma('journal_mode = MEMORY');
        driver.exec('BEGIN EXCLUSIVE');
      } catch (error) {
        driver.close();
        throw error;
      }
      return { release: () => driver.close() };
    });
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'SQLITE_BUSY') throw new PorticoError('db_in_use', {}, { cause });
    throw new PorticoError('data_directory_unusable', { dataDirectory: dirname(lockFile), reason: code }, { cause });
  }
}

/**
 * Does something in somebody else's folder with their rights: SQLite follows links, and root, led by one that the box's user put there, would make or
 * change any file of the machine. @param work synchronous: the rights are the whole process's
 */
export function asOwnerOf<T>(folder: string, work: () => T): T {
  const { uid, gid } = statSync(folder);
  if (uid === 0 || process.geteuid?.() !== 0) return work();
  const [groups, group] = [process.getgroups!(), process.getegid!()];
  process.setgroups!([]);
  process.setegid!(gid);
  process.seteuid!(uid);
  try {
    return work();
  } finally {
    process.seteuid!(0);
    process.setegid!(group);
    process.setgroups!(groups);
  }
}

/** What root makes in a folder of somebody else's belongs to them: the box runs as a user of its own. */
export function ownLike(model: string, path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(model);
  lchownSync(path, uid, gid); // what is there may be a link by now
}
