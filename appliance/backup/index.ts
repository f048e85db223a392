import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { THE_BOX, type Actor, type Audit } from '../audit/index.js';
import { BACKUP_ERRORS, type BackupRun, type Backups as BackupsOnWire, type Deletion } from '../contract/index.js';
import { isPorticoError, PorticoError, toInstant, type Clock, type Logger } from '../kit/index.js';
import { lockDataDirectory, type Database, type ReaderTicket } from '../storage/index.js';
import { isDue, workFolderOf } from './names.js';
import type { DeletionList } from './list.js';
import type { OpenedBackup } from './opening.js';
import type { RunOrder, RunResult } from './run.js';
import type { Target, TargetSettings } from './target.js';
import type { FromBackupThread } from './worker.js';

export { identityIn } from './keyFile.js';
export { deletionListsOf, madeAtOf } from './names.js';
export type { DeletionList, OpenedBackup, Target, TargetSettings };

// The box itself needs none of this: encryption and SSH are loaded by its thread, or by the command line, when they are used.
type Opening = typeof import('./opening.js');
type Sealing = typeof import('./sealing.js');
export const openBackup: Opening['openBackup'] = async (...args) => (await import('./opening.js')).openBackup(...args);
export const readDeletionList: Opening['readDeletionList'] = async (...args) => (await import('./opening.js')).readDeletionList(...args);
export const newKey: Sealing['newKey'] = async () => (await import('./sealing.js')).newKey();
export const recipientOf: Sealing['recipientOf'] = async (...args) => (await import('./sealing.js')).recipientOf(...args);
export const openTarget = async (settings: TargetSettings, where: { dataDirectory: string; credentialsDirectory: string | null; keyName?: string }): Promise<Target> =>
  (await import('./target.js')).openTarget(settings, where);

type ErrorCode = (typeof BACKUP_ERRORS)[number];
type AskedBy = BackupRun['askedBy'];

export interface BackupSettings { readonly recipient: string; readonly to: TargetSettings; readonly at: string; readonly keep: number }
/** Of the settings of the box, what this room needs. */
export interface BackupConfig {
  /** Null: nothing says where backups go. */
  backup: BackupSettings | null;
  storeId: string; version: string; timeZone: string;
  /** As text, NAME=value a line. */
  settings: string;
  dataDirectory: string; credentialsDirectory: string | null;
}
/** For whoever asks how the box is. `code`: why the newest run failed, null when it did not. */
export interface LastBackup { setUp: boolean; running: boolean; doneAtMs: number | null; fileName: string | null; code: string | null }

interface Deps {
  db: Database; clock: Clock; audit: Audit; log: Logger;
  config: BackupConfig;
  storage: { readerTicket: Pick<ReaderTicket, 'file' | 'key'>; keyFor(purpose: string): string };
  /** Every record of a deletion. */
  deletions: () => Deletion[];
  /** Signs what is made, PEM. */
  signingKey: () => string;
  /** Whether anybody works here: a box that was only switched on has nothing to keep, and may stand in for another. */
  staffed: () => boolean;
  /** For a bar on a terminal. */
  onStep?: (step: string, share: number) => void;
}

interface Row {
  id: string; started_at_ms: number; finished_at_ms: number | null; target: BackupRun['target']; asked_by: AskedBy; outcome: BackupRun['outcome'];
  error_code: ErrorCode | null; file_name: string | null; bytes: number | null; verified_at_ms: number | null;
}

/** As many as the page shows. */
const SHOWN = 30;
const ROWS_KEPT = 400;
/** A box that was just switched on has other things to do. */
const CATCH_UP_MS = 10 * 60_000;
/** No step, no piece moved: a disk that hangs, a server that neither answers nor goes. */
const SILENCE_MS = 15 * 60_000;
const WRITE_TRIES = 10;
const WRITE_AGAIN_MS = 500;

/** For a restore: the run that made the backup is `running` in it, and of no other is anything known. */
export function dropUnfinishedRuns(db: Database): void {
  db.run(`DELETE FROM backup_run WHERE outcome = 'running'`);
}

/**
 * For a restore onto another box: none is made there by itself until somebody asks for one. It may be a spare on which the way back is practised, and
 * then its place is not the store's.
 */
export function holdBackups(db: Database, nowMs: number): void {
  db.run('INSERT INTO backup_hold (only_one, since_ms) VALUES (1, ?) ON CONFLICT DO UPDATE SET since_ms = excluded.since_ms', nowMs);
}

/** When backups are made, and the record of them. One at a time, over processes too. */
export class Backups {
  readonly #deps: Deps;
  #current: { id: string; share: number; done: Promise<BackupRun>; worker: Worker | null } | null = null;
  #catchUp: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** What a kill left behind goes; a night that was missed is caught up with after a while. */
  start(): void {
    const lock = this.#tryLock();
    if (lock !== null) {
      try {
        this.#tidy();
      } finally {
        lock.release();
      }
    }
    this.#catchUp = setTimeout(() => {
      if (this.isDue()) this.nightly().catch((err: unknown) => this.#deps.log.error({ err }, 'the backup that was missed could not be made'));
    }, CATCH_UP_MS).unref();
  }

  /** A run under way is cut off: its part goes, and the next one begins anew. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#catchUp);
    await this.#current?.worker?.terminate();
    await this.#current?.done.catch(() => undefined);
  }

  /** When it is made each night, for cron, in the store's time zone; where nothing is set up nothing happens then. */
  get nightlyAt(): string {
    const [hour, minute] = (this.#deps.config.backup?.at ?? '02:40').split(':').map(Number);
    return `${minute} ${hour} * * *`;
  }

  // ---- Asking ----------------------------------------------------------------------------------------------------

  state(): BackupsOnWire {
    const { db, config: { backup: settings } } = this.#deps;
    const rows = db.all<Row>('SELECT * FROM backup_run ORDER BY started_at_ms DESC, rowid DESC LIMIT ?', SHOWN);
    return { setUp: settings !== null, target: settings?.to.kind ?? null, at: settings?.at ?? null, held: this.heldSinceMs() !== null, runs: rows.map((row) => this.#toRun(row)) };
  }

  last(): LastBackup {
    const { db, config: { backup: settings } } = this.#deps;
    const done = db.get<Row>(`SELECT * FROM backup_run WHERE outcome = 'done' ORDER BY rowid DESC LIMIT 1`);
    const ended = db.get<Row>(`SELECT * FROM backup_run WHERE outcome <> 'running' ORDER BY rowid DESC LIMIT 1`);
    return {
      setUp: settings !== null, running: this.#current !== null, doneAtMs: done?.verified_at_ms ?? null, fileName: done?.file_name ?? null, code: ended?.error_code ?? null,
    };
  }

  /** For the report of the box. Null: there was no good one yet. */
  forHealth(): { finishedAtMs: number; failedSince: boolean } | null {
    const { doneAtMs, code } = this.last();
    return doneAtMs === null ? null : { finishedAtMs: doneAtMs, failedSince: code !== null };
  }

  /** Since when it waits for somebody to ask; null: it does not. */
  heldSinceMs(): number | null {
    return this.#deps.db.get<{ since_ms: number }>('SELECT since_ms FROM backup_hold')?.since_ms ?? null;
  }

  /** Whether anybody works on this box: what it makes before that is nobody's. */
  staffed(): boolean {
    return this.#deps.staffed();
  }

  /** Whether one may be made that nobody asked for. */
  #mayBegin(): boolean {
    return this.#deps.config.backup !== null && !this.#stopped && this.heldSinceMs() === null && this.#deps.staffed();
  }

  /** Whether the last night went by without a good one. */
  isDue(): boolean {
    const { db, clock, config: { backup: settings, timeZone } } = this.#deps;
    if (settings === null || !this.#mayBegin()) return false;
    const done = db.get<{ at: number | null }>(`SELECT max(started_at_ms) AS at FROM backup_run WHERE outcome = 'done' AND started_at_ms <= ?`, clock.now());
    return isDue(done?.at ?? null, clock.now(), settings.at, timeZone);
  }

  // ---- Making one ------------------------------------------------------------------------------------------------

  /** Where nothing is set up, nobody works or nobody has asked yet it is silent. */
  async nightly(): Promise<void> {
    if (!this.#mayBegin()) return;
    await this.begin('night', THE_BOX).done;
  }

  /**
   * Begins one, and goes on by itself.
   * @returns the run as it begins, and as it ended; `done` does not fail for a backup that did, its row says so
   * @throws PorticoError backup_not_possible, backup_running, storage_full
   */
  begin(askedBy: AskedBy, by: Actor): { run: BackupRun; done: Promise<BackupRun> } {
    const { db, clock, config: { backup: settings } } = this.#deps;
    if (settings === null) throw new PorticoError('backup_not_possible');
    const lock = this.#current === null ? this.#tryLock() : null;
    if (lock === null) throw new PorticoError('backup_running');
    const id = randomUUID();
    try {
      this.#tidy();
      db.transaction(() => {
        db.run('DELETE FROM backup_run WHERE rowid <= (SELECT max(rowid) FROM backup_run) - ?', ROWS_KEPT);
        if (askedBy !== 'night') db.run('DELETE FROM backup_hold WHERE only_one = 1'); // in the copy too
        db.run('INSERT INTO backup_run (id, started_at_ms, target, asked_by, outcome) VALUES (?, ?, ?, ?, ?)', id, clock.now(), settings.to.kind, askedBy, 'running');
      });
      this.#current = { id, share: 0, worker: null, done: Promise.resolve(null as never) };
      this.#current.done = this.#runOne(id, by, settings).finally(() => {
        lock.release();
        this.#current = null;
      });
    } catch (error) {
      this.#current = null;
      lock.release();
      throw error;
    }
    return { run: this.#byId(id), done: this.#current.done };
  }

  async #runOne(id: string, by: Actor, settings: BackupSettings): Promise<BackupRun> {
    const { db, clock, audit, log } = this.#deps;
    try {
      const result = await this.#inThread(settings);
      const now = clock.now();
      await this.#written(() => db.transaction(() => {
        db.run(`UPDATE backup_run SET outcome = 'done', finished_at_ms = max(started_at_ms, ?), verified_at_ms = ?, file_name = ?, bytes = ? WHERE id = ?`, now, now, result.fileName, result.bytes, id);
        audit.record('backup_made', by, { detail: { runId: id, target: settings.to.kind, file: result.fileName, bytes: result.bytes } });
      }));
      log.info({ ...result }, 'a backup was made and checked');
    } catch (err) {
      const code = this.#codeOf(err);
      log.error({ err, errorCode: code }, 'the backup could not be made');
      try {
        await this.#written(() => db.transaction(() => {
          this.#fail(id, code);
          audit.record('backup_failed', by, { detail: { runId: id, target: settings.to.kind, code } });
        }));
      } catch (error) {
        log.error({ err: error }, 'that the backup failed could not be written down'); // the next start or run does it
      }
    }
    return this.#byId(id);
  }

  #inThread(settings: BackupSettings): Promise<RunResult> {
    const { db, config, storage: { readerTicket, keyFor }, clock, deletions, signingKey } = this.#deps;
    const { dataDirectory } = config;
    const pair = db.get<{ last_deletion: number; vault: string }>('SELECT last_deletion, lower(hex(vault_id)) AS vault FROM vault_pair')!;
    const order: RunOrder = {
      dataDirectory, credentialsDirectory: config.credentialsDirectory, file: readerTicket.file, key: readerTicket.key,
      target: settings.to, recipient: settings.recipient, keep: settings.keep, version: config.version, settings: config.settings,
      // Two boxes whose stores have no id may use one server.
      storeId: config.storeId === '' ? `box-${keyFor('name of backups').slice(0, 8)}` : config.storeId,
      deletions: deletions(), lastDeletion: pair.last_deletion, vault: pair.vault, signingKey: signingKey(), atMs: clock.now(),
    };
    return new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: order });
      if (this.#current !== null) this.#current.worker = worker;
      let silent = false;
      const silence = setTimeout(() => {
        silent = true;
        void worker.terminate();
      }, SILENCE_MS);
      let outcome: (() => void) | null = null;
      worker.on('message', (message: FromBackupThread) => {
        silence.refresh();
        switch (message.type) {
          case 'step':
            if (this.#current !== null) this.#current.share = message.share;
            this.#deps.onStep?.(message.step, message.share);
            break;
          case 'done':
            outcome = () => resolve(message.result);
            break;
          case 'failed':
            outcome = () => reject(message.code === null ? new Error(message.reason) : new PorticoError(message.code, message.details, { cause: new Error(message.reason) }));
            break;
        }
      });
      worker.on('error', (error) => { outcome ??= () => reject(error); });
      worker.on('exit', () => {
        clearTimeout(silence);
        rmSync(workFolderOf(dataDirectory), { recursive: true, force: true });
        if (outcome !== null) outcome();
        else if (silent) reject(new PorticoError('backup_target_missing', { reason: 'no answer' }));
        else reject(new PorticoError(this.#stopped ? 'backup_interrupted' : 'backup_failed', { reason: 'the thread ended' }));
      });
    });
  }

  /** The box and `portico backup now` write into one file: who finds it held waits a little. */
  async #written(work: () => void): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.#deps.db.withReserve(work);
        return;
      } catch (error) {
        if (!isPorticoError(error, 'storage_busy') || tries === WRITE_TRIES) throw error;
        await new Promise((resolve) => { setTimeout(resolve, WRITE_AGAIN_MS); });
      }
    }
  }

  /** Nobody else makes one: rows that say so were cut off, and what lies in the work folder is nobody's. */
  #tidy(): void {
    rmSync(workFolderOf(this.#deps.config.dataDirectory), { recursive: true, force: true });
    const { db } = this.#deps;
    for (const { id } of db.all<{ id: string }>(`SELECT id FROM backup_run WHERE outcome = 'running'`)) db.withReserve(() => this.#fail(id, 'backup_interrupted'));
  }

  #fail(id: string, code: ErrorCode): void {
    this.#deps.db.run(`UPDATE backup_run SET outcome = 'failed', finished_at_ms = max(started_at_ms, ?), error_code = ? WHERE id = ?`, this.#deps.clock.now(), code, id);
  }

  /** Held while one is made, by this process or by `portico backup now`; gone with the process, however it ends. */
  #tryLock(): { release(): void } | null {
    try {
      return lockDataDirectory(join(this.#deps.config.dataDirectory, 'backup.lock'));
    } catch (error) {
      if (isPorticoError(error, 'db_in_use')) return null;
      throw error;
    }
  }

  #codeOf(error: unknown): ErrorCode {
    const code = isPorticoError(error) ? error.code : 'backup_failed';
    return (BACKUP_ERRORS as readonly string[]).includes(code) ? code as ErrorCode : 'backup_failed';
  }

  #byId(id: string): BackupRun {
    return this.#toRun(this.#deps.db.get<Row>('SELECT * FROM backup_run WHERE id = ?', id)!);
  }

  #toRun(row: Row): BackupRun {
    const at = (ms: number | null) => (ms === null ? null : toInstant(ms));
    return {
      id: row.id, startedAt: toInstant(row.started_at_ms), finishedAt: at(row.finished_at_ms), target: row.target, askedBy: row.asked_by, outcome: row.outcome,
      errorCode: row.error_code, fileName: row.file_name, bytes: row.bytes, verifiedAt: at(row.verified_at_ms),
      progress: this.#current?.id === row.id && row.outcome === 'running' ? this.#current.share : null,
    };
  }
}
