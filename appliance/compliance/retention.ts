import { THE_BOX, type Audit } from '../audit/index.js';
import { RETENTION_KINDS, type RetentionKind, type RetentionTable } from '../contract/index.js';
import { PorticoError, toInstant, type Clock, type Logger } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Officer } from './modes.js';
import { TERMS } from './terms.js';

const DAY_MS = 86_400_000;
/** A run is due each night; after two nights without one something is wrong. */
const LATE_AFTER_MS = 2 * DAY_MS;
/** A clock this far behind the last run, or this far beyond it, has jumped or the box stood still. */
const BACK_MS = DAY_MS;
const AHEAD_MS = 60 * DAY_MS;
/** So long somebody has to put the clock right: until the next night. */
const HELD_FOR_MS = 20 * 3_600_000;

/** One kind of data as its room hands it in. */
export interface Retained {
  readonly kind: RetentionKind;
  count(): number;
  /**
   * Deletes what has been over since before `ms`; inside a transaction.
   * @param held customers whose data waits, merged dossiers among them
   * @returns how many
   */
  deleteBefore(ms: number, held: readonly string[]): number;
}

interface Rooms {
  db: Database; clock: Clock; audit: Audit; log: Logger; items: readonly Retained[];
  /** Customers with a restriction or an open request: nothing of theirs goes for its age. */
  held: () => readonly string[];
  /** Called after anything was deleted: copies of the database may hold it still. */
  emptied: () => void;
  /** Days that hold until the privacy officer chooses others; what is not in it is kept as TERMS says. */
  ownTerms: ReadonlyMap<RetentionKind, number>;
}

/** Keeps each kind of data for its term and no longer. */
export class Retention {
  readonly #deps: Rooms;

  constructor(deps: Rooms) {
    this.#deps = deps;
  }

  table(): RetentionTable {
    const runs = this.#runs();
    return {
      rules: RETENTION_KINDS.map((kind) => ({
        kind, days: this.#days(kind), minDays: TERMS[kind].minDays, maxDays: TERMS[kind].maxDays,
        rows: this.#deps.items.filter((item) => item.kind === kind).reduce((sum, item) => sum + item.count(), 0), deletedLast: runs.get(kind)?.deleted ?? 0,
      })),
      ranAt: this.#ranAtMs() === null ? null : toInstant(this.#ranAtMs()!),
    };
  }

  /** Holds from the next night on. @throws PorticoError retention_invalid {minDays, maxDays} */
  change(kind: RetentionKind, days: number, by: Officer): RetentionTable {
    const { minDays, maxDays } = TERMS[kind];
    if (days < minDays || days > maxDays) throw new PorticoError('retention_invalid', { minDays, maxDays });
    const { db, clock, audit } = this.#deps;
    audit.recording('retention_changed', by, { detail: { kind, from: this.#days(kind), to: days } }, () => db.run(
      `INSERT INTO retention_rule (kind, days, staff_id, at_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (kind) DO UPDATE SET days = excluded.days, staff_id = excluded.staff_id, at_ms = excluded.at_ms WHERE kind = excluded.kind`,
      kind, days, by.staffId, clock.now()));
    return this.table();
  }

  /**
   * Deletes what is over its term, each kind by itself: one that fails is logged and tried again the next night. The logs of the
   * database are emptied right after. A clock that jumped would delete for good what is not over its term: then nothing goes until the
   * next night.
   * @returns what went, by kind
   */
  run(): Partial<Record<RetentionKind, number>> {
    return this.#deps.db.withReserve(() => this.#run());
  }

  #run(): Partial<Record<RetentionKind, number>> {
    const { db, clock, audit, log, items, emptied } = this.#deps;
    const now = clock.now();
    const waits = this.#clockJumped(now);
    if (waits) log.warn('the clock has jumped: nothing is deleted for its age until the next night');
    const held = this.#deps.held();
    const deleted: Partial<Record<RetentionKind, number>> = {};
    for (const item of items) {
      try {
        db.transaction(() => {
          const gone = waits ? 0 : item.deleteBefore(now - this.#days(item.kind) * DAY_MS, held);
          db.run(
            `INSERT INTO retention_run (kind, at_ms, deleted, held) VALUES (?, ?, ?, ?)
             ON CONFLICT (kind) DO UPDATE SET at_ms = excluded.at_ms, deleted = excluded.deleted, held = excluded.held WHERE kind = excluded.kind`,
            item.kind, now, gone, waits ? 1 : 0);
          if (gone === 0) return;
          audit.record('retention_ran', THE_BOX, { detail: { kind: item.kind, deleted: gone } });
          db.afterCommit(() => { deleted[item.kind] = gone; });
        });
      } catch (err) {
        log.error({ err, kind: item.kind }, 'what is over its term could not be deleted');
      }
    }
    if (Object.keys(deleted).length > 0) {
      db.truncateLog();
      emptied();
    }
    return deleted;
  }

  /** At the start: a night that the box slept through is made up for. */
  catchUp(): void {
    const ranAtMs = this.#ranAtMs();
    if (ranAtMs === null || Math.abs(this.#deps.clock.now() - ranAtMs) >= DAY_MS) this.run();
  }

  isLate(): boolean {
    const ranAtMs = this.#ranAtMs();
    return ranAtMs === null || Math.abs(this.#deps.clock.now() - ranAtMs) >= LATE_AFTER_MS;
  }

  /** Nothing was deleted the last time, because the clock had jumped. */
  isHeld(): boolean {
    return this.#deps.db.get('SELECT 1 FROM retention_run WHERE held = 1') !== undefined;
  }

  /** False from a jump of the clock on until somebody had a night to put it right: nothing may end or go for its date. */
  trustsClock(): boolean {
    return !this.#clockJumped(this.#deps.clock.now());
  }

  #clockJumped(now: number): boolean {
    const ranAtMs = this.#deps.db.get<{ atMs: number | null }>('SELECT max(at_ms) AS atMs FROM retention_run')!.atMs;
    return ranAtMs !== null && (now < ranAtMs - BACK_MS || now > ranAtMs + AHEAD_MS || (this.isHeld() && now < ranAtMs + HELD_FOR_MS));
  }

  #days(kind: RetentionKind): number {
    return this.#deps.db.get<{ days: number }>('SELECT days FROM retention_rule WHERE kind = ?', kind)?.days
      ?? this.#deps.ownTerms.get(kind) ?? TERMS[kind].days;
  }

  #runs(): Map<RetentionKind, { atMs: number; deleted: number }> {
    return new Map(this.#deps.db.all<{ kind: RetentionKind; atMs: number; deleted: number }>('SELECT kind, at_ms AS atMs, deleted FROM retention_run')
      .map(({ kind, ...run }) => [kind, run]));
  }

  /** When the kind that waits longest was done; null: some kind never was. */
  #ranAtMs(): number | null {
    const runs = this.#runs();
    const times = this.#deps.items.map(({ kind }) => runs.get(kind)?.atMs ?? null);
    return times.reduce((first, at) => (first === null || at === null ? null : Math.min(first, at)), Number.MAX_SAFE_INTEGER as number | null);
  }
}
