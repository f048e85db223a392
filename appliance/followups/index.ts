import { randomUUID } from 'node:crypto';
import type { FollowUp, FollowUpRequest } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { doneAt, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';

interface FollowUpRow {
  id: string; customer_id: string; text: string; due_on: string | null; author: string; at_ms: number; done_at_ms: number | null;
}
const SELECT = `SELECT follow_up.id, customer_id, text, due_on, staff.name AS author, at_ms, done_at_ms
  FROM follow_up JOIN staff ON staff.id = author_id`;

/** What was promised to a customer and is still to be done. */
export class FollowUps {
  /**
   * What goes along when dossiers are merged. Open ones stay with the dossier that is hidden where the consent of the other leaves
   * contacting out: nobody is reminded of them, and they are there again when the merge is undone.
   */
  readonly rows: MovableRows;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  #requireAgreed: (customerId: string) => number | null = () => null;
  #isLeftOut: (customerId: string) => boolean = () => false;

  constructor(deps: { db: Database; clock: Clock; events: EventBus }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.rows = movableRows(deps.db, 'follow_up', (into) => (this.#isLeftOut(into) ? 'done_at_ms IS NOT NULL' : 'true'));
  }

  /**
   * @param requireAgreed asked inside the transaction that adds a follow-up; throws where the customer did not agree to being contacted;
   *   tells when they did, ms since 1970 (null: there is no consent)
   * @param isLeftOut whether the customer's consent leaves that out: asked when another dossier is merged into theirs
   */
  need(requireAgreed: (customerId: string) => number | null, isLeftOut: (customerId: string) => boolean): void {
    this.#requireAgreed = requireAgreed;
    this.#isLeftOut = isLeftOut;
  }

  /**
   * The same one sent again, with its `id`, is there once; `ageMs`: how long ago it was written, not before what it rests on.
   * @throws PorticoError customer_not_found, id_taken, and what `need` throws
   */
  add(customerId: string, { text, dueOn = null, id = randomUUID(), ageMs }: FollowUpRequest, staffId: string): FollowUp {
    return this.#db.transaction(() => {
      const customer = this.#db.get<{ created_at_ms: number }>('SELECT created_at_ms FROM customer WHERE id = ? AND merged_into_id IS NULL', customerId);
      if (customer === undefined) throw new PorticoError('customer_not_found');
      const known = this.#db.get<{ same: number }>(
        'SELECT customer_id = ? AND text = ? AND due_on IS ? AND author_id = ? AS same FROM follow_up WHERE id = ?', customerId, text.trim(), dueOn, staffId, id);
      if (known?.same === 0) throw new PorticoError('id_taken');
      if (known !== undefined) return this.#byId(id);
      const atMs = doneAt(this.#clock.now(), ageMs, customer.created_at_ms, this.#requireAgreed(customerId));
      this.#db.run('INSERT INTO follow_up (id, customer_id, text, due_on, author_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
        id, customerId, text.trim(), dueOn, staffId, atMs);
      this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
      return this.#byId(id);
    });
  }

  /** Doing it twice is fine. @throws PorticoError follow_up_not_found */
  complete(id: string): FollowUp {
    return this.#db.transaction(() => {
      const row = this.#db.get<{ customer_id: string }>('SELECT customer_id FROM follow_up WHERE id = ?', id);
      if (row === undefined) throw new PorticoError('follow_up_not_found');
      const { changes } = this.#db.run('UPDATE follow_up SET done_at_ms = ? WHERE id = ? AND done_at_ms IS NULL', this.#clock.now(), id);
      this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId: row.customer_id }));
      if (changes > 0) this.#db.afterCommit(() => this.#events.emit('followUpDone', { customerId: row.customer_id }));
      return this.#byId(id);
    });
  }

  hasOpen(customerId: string): boolean {
    return this.#db.get('SELECT 1 FROM follow_up WHERE customer_id = ? AND done_at_ms IS NULL', customerId) !== undefined;
  }

  /** Deletes what is still to be done for a customer: nobody will contact them. What was done stays. Safe to repeat. */
  dropOpen(customerId: string): void {
    this.#db.run('DELETE FROM follow_up WHERE customer_id = ? AND done_at_ms IS NULL', customerId);
    this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
  }

  /** Deletes all follow-ups of a customer. */
  erase(customerId: string): void {
    this.#db.run('DELETE FROM follow_up WHERE customer_id = ?', customerId);
  }

  /** For the retention table: those that were done. */
  readonly retention = {
    kind: 'follow_ups_done',
    count: (): number => this.#db.get<{ n: number }>('SELECT count(*) AS n FROM follow_up WHERE done_at_ms IS NOT NULL')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => this.#db.run(
      'DELETE FROM follow_up WHERE done_at_ms < ? AND customer_id NOT IN (SELECT value FROM json_each(?))', ms, JSON.stringify(held)).changes,
  } as const;

  /** Open ones first, the earliest due first; then done ones, newest first. @param limit default 200; -1: all */
  of(customerId: string, limit = 200): FollowUp[] {
    return this.#db.all<FollowUpRow>(
      `${SELECT} WHERE customer_id = ? ORDER BY done_at_ms IS NOT NULL, done_at_ms DESC, due_on IS NULL, due_on, at_ms LIMIT ?`, customerId, limit)
      .map(toFollowUp);
  }

  /** The one that the card shows: open, earliest due. */
  nextOf(customerId: string): FollowUp | null {
    const row = this.#db.get<FollowUpRow>(
      `${SELECT} WHERE customer_id = ? AND done_at_ms IS NULL ORDER BY due_on IS NULL, due_on, at_ms LIMIT 1`, customerId);
    return row === undefined ? null : toFollowUp(row);
  }

  #byId(id: string): FollowUp {
    return toFollowUp(this.#db.get<FollowUpRow>(`${SELECT} WHERE follow_up.id = ?`, id)!);
  }
}

function toFollowUp(row: FollowUpRow): FollowUp {
  return {
    id: row.id, text: row.text, dueOn: row.due_on, author: row.author, at: toInstant(row.at_ms),
    doneAt: row.done_at_ms === null ? null : toInstant(row.done_at_ms),
  };
}
