import Driver from 'better-sqlite3';
import { load as loadVectorExtension } from 'sqlite-vec';
import { existsSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { isPorticoError, PorticoError } from '../kit/index.js';

export type Value = string | number | bigint | Buffer | Uint8Array | null;
export type Row = Record<string, unknown>;

/** How long a statement waits for another process's lock. Our own process writes from one connection only. */
const BUSY_TIMEOUT_MS = 250;
const TRUNCATE_AGAIN_MS = 1_000;
/** Decrypted pages in memory: a page out of the file costs some 20 µs, and a search reads hundreds. SQLite's own 2 MiB hold none of 100,000 dossiers. */
const CACHE_KIB = 32_768;
/** Pages (1 MiB) beyond the set limit that only `withReserve` may use. */
const RESERVE_PAGES = 256;
/** As many as the file format can count (SQLite, "Limits"). */
export const ALL_PAGES = 4_294_967_294;

export interface OpenOptions {
  file: string;
  /** 64 hexadecimal digits. */
  key: string;
  /** A second file under the same key, as schema `vault`; it must exist, empty or not. */
  vaultFile?: string | undefined;
  /** For the search thread: never writes. */
  readOnly?: boolean;
  /** The database never grows beyond this; null: only the disk limits it. */
  maxBytes?: number | null;
}

/**
 * One connection to the encrypted database. SQLCipher 4 format with a raw key, so `sqlcipher` opens it too.
 * Statements are prepared once and kept. All calls are synchronous and short; errors of the engine that somebody
 * can act on become PorticoErrors (storage_full, storage_read_only, storage_busy).
 */
export class Database {
  readonly #driver: Driver.Database;
  readonly #pagesMax: number | null;
  /** The driver's wrapper, made once: to make one takes longer than a look-up. */
  readonly #transact: Driver.Transaction<(work: () => unknown) => unknown>;
  readonly #statements = new Map<string, Driver.Statement>();
  #afterCommit: (() => void)[] = [];
  #beforeCommit: (() => void) | null = null;
  #inReserve = false;
  #truncateAgain: NodeJS.Timeout | undefined;
  /** The last that was refused was refused for this. */
  #onReadOnlyDisk = false;

  private constructor(driver: Driver.Database, pagesMax: number | null) {
    this.#driver = driver;
    this.#pagesMax = pagesMax;
    if (pagesMax !== null) this.#allow(pagesMax);
    this.#transact = driver.transaction((work: () => unknown) => work());
  }

  /**
   * Opens, or creates when absent and not readOnly.
   * @throws PorticoError db_key_wrong (nothing is touched), db_corrupt, storage_busy
   */
  static open(options: OpenOptions): Database {
    const existed = existsSync(options.file);
    const driver = new Driver(options.file, {
      readonly: options.readOnly ?? false,
      fileMustExist: options.readOnly ?? false,
      timeout: BUSY_TIMEOUT_MS,
    });
    try {
      driver.pragma(`cipher = 'sqlcipher'`);
      driver.pragma('legacy = 4');
      driver.pragma(`key = "x'${options.key}'"`);
      driver.prepare('SELECT count(*) FROM sqlite_master').get(); // reads page one: fails here when the key is wrong
      if (options.readOnly !== true) makeDurable(driver, 'main');
      driver.pragma('foreign_keys = ON');
      driver.pragma('temp_store = MEMORY'); // nothing decrypted in a temporary file
      driver.pragma(`cache_size = ${-CACHE_KIB}`);
      loadVectorExtension(driver);
      const pageBytes = driver.pragma('page_size', { simple: true }) as number;
      const database = new Database(driver, options.maxBytes == null ? null : Math.max(1, Math.floor(options.maxBytes / pageBytes)));
      if (options.vaultFile !== undefined) database.attachVault(options.vaultFile, options.key);
      return database;
    } catch (error) {
      driver.close();
      if (engineCode(error) === 'SQLITE_NOTADB' && existed) throw new PorticoError('db_key_wrong', {}, { cause: error });
      throw translate(error, options.file);
    }
  }

  /**
   * Attaches the second file; a name that both have means the one of the main file.
   * @throws PorticoError db_key_wrong, db_corrupt, storage_busy
   */
  attachVault(vaultFile: string, key: string): void {
    try {
      this.#driver.prepare('ATTACH DATABASE ? AS vault KEY ?').run(vaultFile, `x'${key}'`);
      this.#driver.prepare('SELECT count(*) FROM vault.sqlite_master').get();
      if (!this.#driver.readonly) makeDurable(this.#driver, 'vault');
    } catch (error) {
      if (engineCode(error) === 'SQLITE_NOTADB') throw new PorticoError('db_key_wrong', { file: 'vault' }, { cause: error });
      throw translate(error, vaultFile);
    }
  }

  /** The first row, or undefined. */
  get<T extends object = Row>(sql: string, ...values: Value[]): T | undefined {
    return this.#guard(() => this.#prepare(sql).get(...values) as T | undefined);
  }

  all<T extends object = Row>(sql: string, ...values: Value[]): T[] {
    return this.#guard(() => this.#prepare(sql).all(...values) as T[]);
  }

  /** Runs INSERT, UPDATE or DELETE; returns how many rows changed and the last rowid. */
  run(sql: string, ...values: Value[]): { changes: number; lastInsertRowid: number | bigint } {
    return this.#guard(() => this.#prepare(sql).run(...values));
  }

  /** Several statements without values, as in a migration. */
  exec(sql: string): void {
    this.#guard(() => this.#driver.exec(sql));
  }

  pragma(source: string): unknown {
    return this.#guard(() => this.#driver.pragma(source, { simple: true }));
  }

  /**
   * All or nothing. Nested calls join the outer transaction. `work` must not return a promise: a transaction that
   * waits would let other work into it.
   */
  transaction<T>(work: () => T): T {
    const refusePromises = () => {
      const made = work();
      if (made instanceof Promise) throw new TypeError('a transaction must not wait'); // thrown inside: rolls back
      return made;
    };
    if (this.#driver.inTransaction) return refusePromises();
    this.#afterCommit = [];
    let result: T;
    try {
      result = this.#guard(() => this.#transact.immediate(() => {
        const made = refusePromises();
        this.#beforeCommit?.();
        return made;
      })) as T;
    } catch (error) {
      this.#afterCommit = [];
      throw error;
    }
    const callbacks = this.#afterCommit;
    this.#afterCommit = [];
    for (const callback of callbacks) callback();
    return result;
  }

  /**
   * For what makes room, or must not fail for want of it: a deletion may go beyond the set limit. (A disk that is full is full.)
   * Nested calls join the outer one.
   * @param pages how far
   */
  withReserve<T>(work: () => T, pages = RESERVE_PAGES): T {
    if (this.#pagesMax === null || this.#inReserve) return work();
    this.#allow(Math.min(this.#pagesMax + pages, ALL_PAGES));
    this.#inReserve = true;
    try {
      return work();
    } finally {
      this.#inReserve = false;
      this.#allow(this.#pagesMax);
    }
  }

  /** Whether the disk took nothing when it was last written to, and still takes nothing. */
  get isReadOnly(): boolean {
    return this.#onReadOnlyDisk && (this.#onReadOnlyDisk = isOnReadOnlyDisk(this.#driver.name));
  }

  /** A transaction is open. They never wait, so between two turns of the event loop this means that one was left so. */
  get inTransaction(): boolean {
    return this.#driver.inTransaction;
  }

  /** Pages that may still be written within the set limit; none of the reserve. */
  get sparePages(): number {
    if (this.#pagesMax === null) return ALL_PAGES;
    return this.#pagesMax - Number(this.pragma('main.page_count')) + Number(this.pragma('main.freelist_count'));
  }

  /**
   * Inside a transaction: work that must not undo it. What fails is undone by itself.
   * @returns what it failed of; null: it is done
   * @throws what the engine could only undo as a whole
   */
  attempt(work: () => void): Error | null {
    try {
      this.#transact(work);
      return null;
    } catch (error) {
      if (!this.#driver.inTransaction) throw translate(error, this.#driver.name);
      return translate(error, this.#driver.name) as Error;
    }
  }

  /** Runs `callback` once the present transaction is committed, never if it is rolled back; at once outside one. */
  afterCommit(callback: () => void): void {
    if (this.#driver.inTransaction) this.#afterCommit.push(callback);
    else callback();
  }

  /** From now on the last thing in every transaction: what it throws undoes that. For one room that keeps something in step with all others. */
  beforeEachCommit(work: () => void): void {
    this.#beforeCommit = work;
  }

  /**
   * Moves the write-ahead logs of both files into them and empties them, so that deleted bytes do not linger there. While
   * a reader holds a log, or the disk is full, this cannot be done; then it is tried again every second until it is.
   * Nobody waits for a reader here: a backup or a check of the file reads for minutes, and each try would stop the box.
   * Throws nothing that a caller could act on.
   * @returns whether it is done
   */
  truncateLog(): boolean {
    clearTimeout(this.#truncateAgain);
    let done = false;
    try {
      this.#driver.pragma('busy_timeout = 0');
      done = this.#driver.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
    } catch (error) {
      // A full or failing disk. What was deleted is deleted; emptying the log goes on being tried.
      if (!(error instanceof Driver.SqliteError)) throw error;
    } finally {
      this.#driver.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
    if (!done) this.#truncateAgain = setTimeout(() => this.truncateLog(), TRUNCATE_AGAIN_MS).unref();
    return done;
  }

  /**
   * From now on this connection sees both files as they are at this moment, whatever others write, until it is closed. Nobody is kept
   * from writing by it, only from emptying the logs: so not for long. For one that only reads.
   */
  holdStill(): void {
    this.exec('BEGIN');
    // A file stands still from its first reading on.
    for (const { name } of this.all<{ name: string }>('SELECT name FROM pragma_database_list')) {
      if (name !== 'temp') this.get(`SELECT count(*) FROM "${name}".sqlite_master`);
    }
  }

  close(): void {
    clearTimeout(this.#truncateAgain);
    this.#driver.close();
  }

  #allow(pages: number): void {
    this.#driver.pragma(`main.max_page_count = ${pages}`);
  }

  #prepare(sql: string): Driver.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#driver.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const told = translate(error, this.#driver.name);
      if (isPorticoError(told, 'storage_read_only')) this.#onReadOnlyDisk = true;
      throw told;
    }
  }
}

/** Whether `error` is the engine's refusal of a second row with the same unique value in `table.column`. */
export function isUniqueViolation(error: unknown, tableAndColumn: string): boolean {
  return engineCode(error) === 'SQLITE_CONSTRAINT_UNIQUE' && (error as Error).message.includes(tableAndColumn);
}

function makeDurable(driver: Driver.Database, schema: 'main' | 'vault'): void {
  driver.pragma(`${schema}.journal_mode = WAL`);
  driver.pragma(`${schema}.synchronous = FULL`);
  driver.pragma(`${schema}.secure_delete = ON`);
}

function engineCode(error: unknown): string {
  return error instanceof Driver.SqliteError ? error.code : '';
}

function translate(error: unknown, file: string): unknown {
  if (isPorticoError(error)) return error;
  const code = engineCode(error);
  if (/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(code) && isOnReadOnlyDisk(file)) return new PorticoError('storage_read_only', {}, { cause: error });
  // SQLite reports a full disk as FULL, or as a failed write or a log's index that cannot grow where the file system says so late.
  if (['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE'].includes(code)) return new PorticoError('storage_full', {}, { cause: error });
  // sqlite-vec passes a refused allocation on under this plain code.
  if (code === 'SQLITE_ERROR' && /insert a new vector chunk/.test((error as Error).message)) return new PorticoError('storage_full', {}, { cause: error });
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED') return new PorticoError('storage_busy', {}, { cause: error });
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return new PorticoError('db_corrupt', {}, { cause: error });
  return error;
}

/** The engine says no more than that it could not; after an error of the disk the kernel takes no more writing, and every file stays open. */
function isOnReadOnlyDisk(file: string): boolean {
  try {
    const now = new Date();
    utimesSync(dirname(file), now, now); // asking alone is not enough: files may still be opened for writing
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}
