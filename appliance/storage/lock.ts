import Driver from 'better-sqlite3';
import { PorticoError } from '../kit/index.js';

/**
 * Keeps a second Portico off the same data folder. Node has no file locks, SQLite does: an exclusive transaction
 * on an empty side file lasts as long as the process, however it ends.
 * @throws PorticoError db_in_use
 */
export function lockDataDirectory(lockFile: string): { release(): void } {
  const driver = new Driver(lockFile, { timeout: 0 });
  try {
    driver.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    driver.close();
    if (error instanceof Driver.SqliteError && error.code === 'SQLITE_BUSY') throw new PorticoError('db_in_use', {}, { cause: error });
    throw error;
  }
  return { release: () => driver.close() };
}
