import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, Logger } from '../kit/index.js';
import type { Database } from './database.js';

/** Written anew in about two seconds on a small box (measured: 150 MB in 4 to 6 s), which nobody waits for while the store is empty. */
const SHORT_BYTES = 64 * 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
/** The new file stands beside the old one, first in memory and then in the log. */
const TIMES_ON_DISK = 2;
const TIMES_IN_MEMORY = 1.5;
const SPARE_BYTES = 64 * 1024 * 1024;

/** `start`: nobody works yet; `quiet`: nobody is in the store; `night`. */
export type Moment = 'start' | 'quiet' | 'night';

/**
 * Whether to write the file anew now: at night; in a quiet moment when that is short; at a start when the box was off for so long that no
 * night came.
 * @param sinceMs how long something deleted has been waiting for it @param bytes of the file
 */
export function isTimeToRewrite(moment: Moment, sinceMs: number, bytes: number): boolean {
  switch (moment) {
    case 'night': return true;
    case 'quiet': return bytes <= SHORT_BYTES;
    case 'start': return sinceMs >= DAY_MS || sinceMs < 0;
  }
}

/**
 * secure_delete overwrites what is deleted where it stands. But when SQLite moves rows between pages to even these out, copies of them
 * stay in the gap that is left (a few of thousands, found by test), and the row that is deleted later is another copy. Nobody can ask for
 * them, and the file is encrypted; but gone is gone, so the file is written anew (VACUUM), which takes along only what is there.
 */
export class Rewriting {
  readonly #db: Database;
  readonly #file: string;

  constructor(db: Database, file: string) {
    this.#db = db;
    this.#file = file;
  }

  /** Something was deleted. Inside or outside a transaction. */
  want(nowMs: number): void {
    if (this.#sinceMs() === null) this.#db.run('UPDATE main.vault_pair SET traces_since_ms = ? WHERE only_one = 1', nowMs);
  }

  /**
   * Where something waits for it and it is time, and tells the log. Holds the process meanwhile; throws nothing: the next moment tries again.
   * @returns whether it was done
   */
  at(moment: Moment, clock: Clock, log: Logger): boolean {
    try {
      const outcome = this.#at(moment, clock.now());
      if (outcome === 'done') log.info({ moment }, 'the file was written anew: nothing deleted is left in it');
      if (outcome === 'no_room') log.warn({ moment }, 'the file cannot be written anew: too little room on the disk or in memory');
      return outcome === 'done';
    } catch (err) {
      log.error({ err, moment }, 'the file could not be written anew');
      return false;
    }
  }

  #at(moment: Moment, nowMs: number): 'done' | 'no_room' | null {
    const sinceMs = this.#sinceMs();
    const { size } = statSync(this.#file);
    if (sinceMs === null || !isTimeToRewrite(moment, nowMs - sinceMs, size)) return null;
    const { bavail, bsize } = statfsSync(dirname(this.#file));
    if (bavail * bsize < size * TIMES_ON_DISK + SPARE_BYTES || process.availableMemory() < size * TIMES_IN_MEMORY + SPARE_BYTES) return 'no_room';
    this.#db.exec('VACUUM main');
    this.#db.run('UPDATE main.vault_pair SET traces_since_ms = NULL WHERE only_one = 1');
    this.#db.truncateLog();
    return 'done';
  }

  #sinceMs(): number | null {
    return this.#db.get<{ at: number | null }>('SELECT traces_since_ms AS at FROM main.vault_pair')!.at;
  }
}
