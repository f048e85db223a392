import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PorticoError, toStorageError, type Clock } from '../kit/index.js';
import type { Database } from './database.js';
import { flush } from './whole.js';

export interface Migration {
  number: number;
  name: string;
  sql: string;
  sha256: string;
}

const BACKUPS_KEPT = 3;
/** What a copy is called until all of it is there. */
const HALF = '.new';

/** The numbered SQL files of a folder in order: 0001-name.sql, 0002-..., without gaps. */
export function readMigrations(directory: string): Migration[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.sql')).sort();
  return files.map((file, index) => {
    const match = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file);
    if (match === null || Number(match[1]) !== index + 1) throw new Error(`migration file out of order: ${file}`);
    const sql = readFileSync(join(directory, file), 'utf8');
    return { number: index + 1, name: match[2]!, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

/**
 * How many of these were applied. What was must be an exact prefix of them.
 * @throws PorticoError db_from_newer_version when the database knows another history
 */
export function countApplied(db: Database, migrations: readonly Migration[]): number {
  if (db.get(`SELECT 1 FROM main.sqlite_master WHERE name = 'migration'`) === undefined) return 0;
  const applied = db.all<{ number: number; name: string; sha256: string }>('SELECT number, name, sha256 FROM migration ORDER BY number');
  for (const [index, row] of applied.entries()) {
    const file = migrations[index];
    if (file === undefined || file.number !== row.number || file.sha256 !== row.sha256) {
      throw new PorticoError('db_from_newer_version', { migration: `${row.number}-${row.name}` });
    }
  }
  return applied.length;
}

/**
 * Brings the database up to date. What was applied must be an exact prefix of the files on disk; all that is
 * pending is applied and recorded in one transaction; an existing database is copied aside first.
 *
 * @returns how many migrations were applied
 * @throws PorticoError db_from_newer_version when the database knows another history than these files
 */
export function migrate(db: Database, migrations: readonly Migration[], databaseFile: string, backupDirectory: string, clock: Clock): number {
  db.exec(`CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT`);
  const applied = countApplied(db, migrations);
  const pending = migrations.slice(applied);
  if (pending.length === 0) return 0;
  if (applied > 0) copyAside(db, databaseFile, backupDirectory, applied);
  // A table that others refer to can only be made anew with foreign keys off, which has to be said outside a transaction.
  db.pragma('foreign_keys = OFF');
  db.transaction(() => {
    for (const migration of pending) {
      db.exec(migration.sql);
      db.run('INSERT INTO migration (number, name, sha256, applied_at_ms) VALUES (?, ?, ?, ?)',
        migration.number, migration.name, migration.sha256, clock.now());
    }
    const broken = db.all<{ table: string }>('SELECT "table" FROM pragma_foreign_key_check');
    if (broken.length > 0) throw new Error(`a migration breaks references of ${broken[0]!.table}`);
  });
  db.pragma('foreign_keys = ON');
  return pending.length;
}

/**
 * Copies the (encrypted) file; the caller holds the only lock on the folder, so the copy is consistent. Whole beside its place and renamed: a
 * power cut leaves a copy or none, and what it left of one half written goes with the next.
 * @throws PorticoError storage_full, storage_read_only; then no half of a copy stays
 */
function copyAside(db: Database, databaseFile: string, backupDirectory: string, version: number): void {
  db.truncateLog();
  const copy = join(backupDirectory, `before-migration-${String(version + 1).padStart(4, '0')}.db`);
  try {
    mkdirSync(backupDirectory, { recursive: true, mode: 0o700 });
    for (const name of copiesIn(backupDirectory).filter((each) => each.endsWith(HALF))) rmSync(join(backupDirectory, name));
    copyFileSync(databaseFile, `${copy}${HALF}`);
    flush(`${copy}${HALF}`);
    renameSync(`${copy}${HALF}`, copy);
    flush(backupDirectory);
  } catch (error) {
    rmSync(`${copy}${HALF}`, { force: true });
    throw toStorageError(error);
  }
  for (const name of copiesIn(backupDirectory).slice(0, -BACKUPS_KEPT)) rmSync(join(backupDirectory, name));
}

const copiesIn = (backupDirectory: string): string[] => readdirSync(backupDirectory).filter((name) => name.startsWith('before-migration-')).sort();


/** Deletes the copies that were put aside. */
export function dropCopies(backupDirectory: string): void {
  if (!existsSync(backupDirectory)) return;
  for (const name of copiesIn(backupDirectory)) rmSync(join(backupDirectory, name));
}
