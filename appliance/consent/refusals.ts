import { randomUUID } from 'node:crypto';
import type { Refusal } from '../contract/index.js';
import type { Actor, Audit } from '../audit/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { NOTICED, refusalsOfPerson } from './family.js';

/**
 * After a clear refusal nobody may be asked again and again (Network Data Security Regulation, articles 21 to 24). The law names
 * no hours; 48 is the figure believed to be asked of apps in China.
 */
export const COOL_OFF_MS = 48 * 3_600_000;
/** A time further ahead than this was taken from a clock that was wrong; less may be a time zone set by hand. */
export const AHEAD_MAX_MS = 24 * 3_600_000;

/** Who said no, and until when they are left alone. */
export class Refusals {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #audit: Audit;

  constructor(deps: { db: Database; clock: Clock; audit: Audit }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#audit = deps.audit;
  }

  /** Writes down that the customer said no. */
  record(customerId: string, by: Actor): Refusal {
    const now = this.#clock.now();
    this.#audit.recording('consent_refused', by, { customerId }, () => {
      this.#db.run('INSERT INTO refusal (id, customer_id, refused_at_ms) VALUES (?, ?, ?)', randomUUID(), customerId, now);
    });
    return toRefusal(customerId, now);
  }

  /** The refusals of a customer, newest first. */
  of(customerId: string): Refusal[] {
    return this.#db.all<{ refused_at_ms: number }>(`SELECT refused_at_ms FROM refusal WHERE customer_id = ? AND id NOT LIKE '${NOTICED}%' ORDER BY refused_at_ms DESC`, customerId)
      .map((row) => toRefusal(customerId, row.refused_at_ms));
  }

  /**
   * Refuses, and writes the attempt down, while the customer is to be left alone. A refusal given under a dossier that was
   * merged into this one counts too; after a merge that was undone, what was refused meanwhile counts for both. Never inside a
   * transaction: what is thrown would take the entry back.
   * @throws PorticoError consent_cool_off {notBefore}
   */
  guard(customerId: string, by: Actor): void {
    const newest = this.#newest(customerId);
    // A clock that was set back since makes the wait longer, never shorter.
    if (newest === null || this.#clock.now() >= newest + COOL_OFF_MS) return;
    const notBefore = toInstant(newest + COOL_OFF_MS);
    this.#audit.record('consent_ask_blocked', by, { customerId, detail: { notBefore } });
    throw new PorticoError('consent_cool_off', { notBefore });
  }

  /**
   * When the customer last refused. One that was written down while the clock was far ahead counts from when that is first noticed,
   * which is kept beside it: should it be the present clock that is wrong, the refusal has its own time again later.
   */
  #newest(customerId: string): number | null {
    const now = this.#clock.now();
    const times = refusalsOfPerson(this.#db, customerId).map((refusal) => {
      if (refusal.atMs <= now + AHEAD_MAX_MS) return refusal.atMs;
      if (refusal.noticedMs === null) {
        this.#db.run('INSERT INTO refusal (id, customer_id, refused_at_ms) VALUES (?, ?, ?)', `${NOTICED}${refusal.id}`, refusal.customerId, now);
      }
      return Math.min(refusal.noticedMs ?? now, now);
    });
    return times.length === 0 ? null : Math.max(...times);
  }

  /** Deletes all of a customer's. @returns how many */
  deleteOf(customerId: string): number {
    return this.#db.run('DELETE FROM refusal WHERE customer_id = ?', customerId).changes;
  }

  /** For the retention table: never one that still counts. */
  readonly retention = {
    kind: 'refusals' as const, count: () => this.#db.get<{ rows: number }>('SELECT count(*) AS rows FROM refusal')!.rows,
    deleteBefore: (ms: number, held: readonly string[]) => this.#db.run(
      'DELETE FROM refusal WHERE refused_at_ms < ? AND customer_id NOT IN (SELECT value FROM json_each(?))',
      Math.min(ms, this.#clock.now() - COOL_OFF_MS), JSON.stringify(held)).changes,
  };
}

function toRefusal(customerId: string, refusedAtMs: number): Refusal {
  return { customerId, refusedAt: toInstant(refusedAtMs), notBefore: toInstant(refusedAtMs + COOL_OFF_MS) };
}
