import { execFile } from 'node:child_process';
import { isPorticoError, type Logger } from '../kit/index.js';
import type { Database } from '../storage/index.js';

/** Of the time that systemd waits: three tries before it gives up (sd_watchdog_enabled(3) asks for half at least). */
const FEEDS_PER_WATCHDOG = 3;
/** systemd-notify waits until its message was read (its barrier), so that it is known whom it is from. */
const TELL_DEADLINE_MS = 5_000;

/** What has to be done before the watchdog is fed. Each throws or answers false where it could not be. */
export interface Work {
  /** Reads and writes: a look-up, and a tiny transaction that is committed. */
  database: () => boolean;
  /** Every vision worker has answered since the last time, or passes a self-test within so many ms. */
  vision: (deadlineMs: number) => Promise<boolean>;
}

/**
 * A look-up and a tiny transaction. What a start would not make better is an answer too, for then reading and recognition would only be
 * lost besides: a disk that is full or takes nothing, and a file that another process holds. What a start does end is a transaction of
 * our own that was left open: none ever waits, so between two turns there must be none, and a write would join it and seem done.
 */
export function databaseAnswers(db: Database, write: () => void): boolean {
  if (db.inTransaction) return false;
  try {
    db.get('SELECT 1 FROM migration LIMIT 1');
    db.withReserve(write);
    return true;
  } catch (error) {
    return isPorticoError(error, 'storage_full') || isPorticoError(error, 'storage_read_only') || isPorticoError(error, 'storage_busy');
  }
}

/**
 * Tells systemd that the box is ready, that it stops, and that it works (sd_notify(3)). Node has no datagram sockets of the file system, so
 * the words go through `systemd-notify`, whose unit says NotifyAccess=all. Where nobody listens nothing is done.
 */
export class Systemd {
  readonly #socket: string | null;
  readonly #watchdogMs: number | null;
  readonly #work: Work;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | null = null;
  #feeding = false;
  #stopped = false;

  /** @param deps.socket NOTIFY_SOCKET; null: not run by systemd @param deps.watchdogMs WATCHDOG_USEC, in ms; null: no watchdog */
  constructor(deps: { socket: string | null; watchdogMs: number | null; work: Work; log: Logger }) {
    this.#socket = deps.socket;
    this.#watchdogMs = deps.watchdogMs;
    this.#work = deps.work;
    this.#log = deps.log;
  }

  /** The box is ready. */
  start(status: string): void {
    void this.#tell('READY=1', `STATUS=${status}`);
    if (this.#socket === null || this.#watchdogMs === null) return;
    this.#timer = setInterval(() => void this.#feed(), this.#watchdogMs / FEEDS_PER_WATCHDOG);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#tell('STOPPING=1', 'STATUS=Stopping');
  }

  /** Only when all of it was done; that this runs at all says that the event loop turns. */
  async #feed(): Promise<void> {
    if (this.#feeding) return; // the last one still waits: that is no work done
    this.#feeding = true;
    try {
      const deadlineMs = this.#watchdogMs! / FEEDS_PER_WATCHDOG;
      const missing = !this.#work.database() ? 'the database' : !(await this.#work.vision(deadlineMs)) ? 'a vision worker' : null;
      if (this.#stopped) return;
      if (missing === null) await this.#tell('WATCHDOG=1');
      else this.#log.error({ missing }, 'the watchdog is not fed: something does not answer');
    } catch (err) {
      this.#log.error({ err }, 'the watchdog is not fed: something failed');
    } finally {
      this.#feeding = false;
    }
  }

  #tell(...words: string[]): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return Promise.resolve();
    return new Promise((resolve) => {
      execFile('systemd-notify', words, { timeout: TELL_DEADLINE_MS, env: { NOTIFY_SOCKET: socket, PATH: '/usr/bin:/bin' } }, (error) => {
        if (error !== null) this.#log.error({ reason: error.code ?? error.signal ?? 'unknown' }, 'systemd could not be told');
        resolve();
      });
    });
  }
}
