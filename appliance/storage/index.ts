import { accessSync, chmodSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isPorticoError, PorticoError, toStorageError, type Clock } from '../kit/index.js';
import { dropBallast, keepBallast } from './ballast.js';
import { ALL_PAGES, Database } from './database.js';
import { keyFor, loadDatabaseKey } from './key.js';
import { lockDataDirectory } from './lock.js';
import { countApplied, dropCopies, migrate, readMigrations } from './migrations.js';
import { dropUnfinished, finishReplacing } from './replacing.js';
import { Rewriting } from './rewriting.js';
import { isVaultOfThisForm, nameVault, openVault, type WhichVault } from './vault.js';

export { keyFor, loadDatabaseKey } from './key.js';
export { AtStart } from './atStart.js';
export { checkIntegrity, type Integrity } from './integrity.js';
export { asOwnerOf, lockDataDirectory } from './lock.js';
export { beginReplacing, finishReplacing, SEALED_KEY, type Replacement } from './replacing.js';
export { isTimeToRewrite, type Moment } from './rewriting.js';
export { flush } from './whole.js';
export { movableRows, type MovableRows } from './movableRows.js';
export { Database, isUniqueViolation, type Row, type Value } from './database.js';
export {
  deletionsMatch, filesMatch, isRenewing, isVaultOf, markApart, markDeletionsAlike, markRenewing, markWrittenTogether, type WhichVault,
} from './vault.js';

/** The SQL files stay in the source tree: from dist/appliance/storage/ up to the root and down again. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../../appliance/storage/migrations/', import.meta.url));

export interface StorageOptions {
  dataDirectory: string;
  credentialsDirectory: string | null;
  maxBytes: number | null;
  clock: Clock;
  /** Other files than the product's own, for the tests of migrating. */
  migrationsDirectory?: string;
  /** Default: the box's own; the others are for `portico vault new`. */
  vault?: WhichVault;
  /** Of the database, where it lies in no file: a restore has it in memory. */
  key?: string;
}

/** What the search thread needs to open the same files for itself. */
export interface ReaderTicket {
  file: string;
  vaultFile: string;
  key: string;
}

export interface Storage {
  db: Database;
  readerTicket: ReaderTicket;
  /** A key of its own for what else is sealed on the disk; the same each time, and nobody without the database's key has it. */
  keyFor(purpose: string): string;
  /** Deletes the copies made before migrations: they may hold what was deleted since. */
  dropCopies(): void;
  /** The same, and empties both logs; the file is written anew soon. @returns false: a log could not be emptied yet */
  dropTraces(): boolean;
  rewriting: Rewriting;
  /** Both files as they are at this moment, over a connection of its own, which the caller closes soon. */
  openStill(): Database;
  close(): void;
}

/**
 * Opens the two encrypted files of the box (portico.db, and the vault that no backup may hold): lock, key, connection, vault,
 * migrations, in this order; on any failure nothing stays open and nothing was changed.
 * @throws PorticoError data_directory_unusable, db_in_use, db_key_missing, db_key_malformed, db_key_wrong, db_corrupt,
 *   vault_missing, vault_unfinished, db_from_newer_version, storage_full, storage_read_only
 */
export function openStorage(options: StorageOptions): Storage {
  const ballast = join(options.dataDirectory, 'ballast');
  let storage: Storage;
  try {
    storage = openOnce(options);
  } catch (error) {
    if (!isPorticoError(error, 'storage_full') || !dropBallast(ballast)) throw error;
    storage = openOnce(options);
  }
  keepBallast(ballast);
  return storage;
}

function openOnce(options: StorageOptions): Storage {
  const { dataDirectory } = options;
  try {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    accessSync(dataDirectory, constants.W_OK);
  } catch (cause) {
    throw new PorticoError('data_directory_unusable', { dataDirectory, reason: (cause as NodeJS.ErrnoException).code ?? '' }, { cause });
  }
  const file = join(dataDirectory, 'portico.db');
  const vaultFile = join(dataDirectory, 'vault', 'vault.db');
  const backups = join(dataDirectory, 'backups');
  const lock = lockDataDirectory(join(dataDirectory, 'portico.lock'));
  let db: Database | null = null;
  try {
    finishReplacing(dataDirectory); // a restore that was cut off after it had said yes
    dropUnfinished(dataDirectory); // and one from before that
    const key = options.key ?? loadDatabaseKey({
      credentialsDirectory: options.credentialsDirectory,
      keyFile: join(dataDirectory, 'db-key'),
      databaseFile: file,
    });
    db = Database.open({ file, key, maxBytes: options.maxBytes });
    chmodSync(file, 0o600);
    openVault(db, vaultFile, key, options.vault ?? 'own');
    const made = db;
    // A full box takes an update too: it has to start so that somebody can make room.
    made.withReserve(() => migrate(made, readMigrations(options.migrationsDirectory ?? MIGRATIONS_DIRECTORY), file, backups, options.clock), ALL_PAGES);
    nameVault(made, options.vault ?? 'own');
    db.truncateLog(); // a kill right after a deletion may have left its old bytes there
    const opened = db;
    const rewriting = new Rewriting(opened, file);
    return {
      db: opened,
      rewriting,
      readerTicket: { file, vaultFile, key },
      keyFor: (purpose) => keyFor(purpose, key),
      dropCopies: () => dropCopies(backups),
      dropTraces: () => {
        dropCopies(backups);
        opened.withReserve(() => rewriting.want(options.clock.now()));
        return opened.truncateLog();
      },
      openStill: () => {
        const still = openReader({ file, vaultFile, key });
        still.holdStill();
        return still;
      },
      close: () => {
        opened.close();
        lock.release();
      },
    };
  } catch (error) {
    db?.close();
    lock.release();
    throw toStorageError(error);
  }
}

/** Without the vault where there is none, or one that cannot be read: `vault` says which. */
export interface ForReading { db: Database; vault: 'open' | 'missing' | PorticoError }

/**
 * The box's files for looking only, whether the box runs or not; makes nothing, changes nothing.
 * @throws PorticoError data_directory_unusable, db_key_missing, db_key_malformed, db_key_wrong, db_corrupt
 */
export function openForReading(options: { dataDirectory: string; credentialsDirectory: string | null; key?: string }): ForReading {
  const { dataDirectory, credentialsDirectory } = options;
  const [file, vaultFile] = [join(dataDirectory, 'portico.db'), join(dataDirectory, 'vault', 'vault.db')];
  if (!existsSync(file)) throw new PorticoError('data_directory_unusable', { dataDirectory, reason: 'ENOENT' });
  const key = options.key ?? loadDatabaseKey({ credentialsDirectory, keyFile: join(dataDirectory, 'db-key'), databaseFile: file });
  if (!existsSync(vaultFile) || statSync(vaultFile).size === 0) return { db: Database.open({ file, key, readOnly: true }), vault: 'missing' };
  try {
    return { db: Database.open({ file, key, readOnly: true, vaultFile }), vault: 'open' };
  } catch (error) {
    if (!isPorticoError(error) || error.code === 'storage_busy') throw error;
    return { db: Database.open({ file, key, readOnly: true }), vault: error }; // throws again where the first file is at fault
  }
}

/**
 * Both files for a command that works beside the box, whether that runs or not: no lock is taken, so only for short transactions of rooms that nobody
 * else's memory mirrors.
 * @throws as openForReading; PorticoError vault_missing; db_from_newer_version where the box, once started, would change their form first
 */
export function openBeside(options: { dataDirectory: string; credentialsDirectory: string | null }): Pick<Storage, 'db' | 'readerTicket' | 'keyFor' | 'close'> {
  const { dataDirectory, credentialsDirectory } = options;
  const looked = openForReading(options);
  try {
    if (looked.vault === 'missing') throw new PorticoError('vault_missing', { expectedAt: join(dataDirectory, 'vault', 'vault.db') });
    if (looked.vault !== 'open') throw looked.vault;
    if (!isOfThisVersion(looked)) throw new PorticoError('db_from_newer_version', { reason: 'start the box once with this version' });
  } finally {
    looked.db.close();
  }
  const [file, vaultFile] = [join(dataDirectory, 'portico.db'), join(dataDirectory, 'vault', 'vault.db')];
  const key = loadDatabaseKey({ credentialsDirectory, keyFile: join(dataDirectory, 'db-key'), databaseFile: file });
  const db = Database.open({ file, key, vaultFile });
  return { db, readerTicket: { file, vaultFile, key }, keyFor: (purpose) => keyFor(purpose, key), close: () => db.close() };
}

/** Whether files opened for reading have the form of this version; else the box, once started, gives it to them. @throws PorticoError db_from_newer_version */
export function isOfThisVersion({ db, vault }: ForReading): boolean {
  const migrations = readMigrations(MIGRATIONS_DIRECTORY);
  return countApplied(db, migrations) === migrations.length && (vault !== 'open' || isVaultOfThisForm(db));
}

/** SHA-256 of the migrations of this version, in order. */
export const knownMigrations = (): string[] => readMigrations(MIGRATIONS_DIRECTORY).map(({ sha256 }) => sha256);

/** A read-only connection of its own, for the search thread. */
export function openReader(ticket: ReaderTicket): Database {
  return Database.open({ ...ticket, readOnly: true });
}
