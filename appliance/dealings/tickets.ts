import type { Ticket, TICKET_STATES, TicketChange, TicketRequest } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { doneAt, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';
import { NOT_HELD, once, type Need } from './once.js';

interface TicketRow {
  id: string; customer_id: string; subject: string; detail: string; state: (typeof TICKET_STATES)[number]; due_on: string | null; by: string; at_ms: number; changed_at_ms: number;
  done_at_ms: number | null;
}
const SELECT = `SELECT ticket.*, staff.name AS "by" FROM ticket JOIN staff ON staff.id = staff_id`;

/** What a customer left here to be seen to: a repair, an alteration, a complaint. */
export class Tickets {
  readonly rows: MovableRows;
  readonly #deps: { db: Database; clock: Clock; events: EventBus; need: () => Need };

  constructor(deps: { db: Database; clock: Clock; events: EventBus; need: () => Need }) {
    this.#deps = deps;
    this.rows = movableRows(deps.db, 'ticket');
  }

  /** @throws PorticoError id_taken, and as `Need` says */
  add(customerId: string, request: TicketRequest, staffId: string): Ticket {
    const { db, clock, need } = this.#deps;
    return db.transaction(() => {
      const content = { customer_id: customerId, subject: request.subject.trim(), detail: request.detail?.trim() ?? '', due_on: request.dueOn ?? null };
      const atMs = doneAt(clock.now(), request.ageMs, need().requireCustomer(customerId));
      const { id, isThere } = once(db, 'ticket', request.id, this.#wasChanged(request.id) ? { customer_id: customerId } : content);
      if (isThere) return this.#byId(id);
      need().mayAdd(customerId);
      db.run(`INSERT INTO ticket (id, customer_id, subject, detail, state, due_on, staff_id, at_ms, changed_at_ms) VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?)`,
        id, customerId, content.subject, content.detail, content.due_on, staffId, atMs, atMs);
      this.#tell(customerId);
      return this.#byId(id);
    });
  }

  /** While the customer is restricted only its state goes on. @throws PorticoError ticket_not_found, customer_restricted */
  change(id: string, change: TicketChange): Ticket {
    const { db, clock, need } = this.#deps;
    return db.transaction(() => {
      const row = db.get<TicketRow>(`${SELECT} WHERE ticket.id = ?`, id);
      if (row === undefined) throw new PorticoError('ticket_not_found');
      if (change.subject !== undefined || change.detail !== undefined || change.dueOn !== undefined) need().mayAdd(row.customer_id);
      const now = clock.now();
      const state = change.state ?? row.state;
      db.run('UPDATE ticket SET subject = ?, detail = ?, due_on = ?, state = ?, changed_at_ms = ?, done_at_ms = ? WHERE id = ?',
        change.subject?.trim() ?? row.subject, change.detail?.trim() ?? row.detail, change.dueOn === undefined ? row.due_on : change.dueOn, state, now,
        state === 'done' ? row.done_at_ms ?? now : null, id);
      this.#tell(row.customer_id);
      return this.#byId(id);
    });
  }

  /** What is not done first, the earliest due first; then the newest. @param limit default 200; -1: all */
  of(customerId: string, limit = 200): Ticket[] {
    return this.#deps.db.all<TicketRow>(`${SELECT} WHERE customer_id = ? ORDER BY done_at_ms IS NOT NULL, done_at_ms DESC, due_on IS NULL, due_on, at_ms DESC LIMIT ?`, customerId, limit)
      .map(toTicket);
  }

  /** What the customer can come for. */
  ready(customerId: string): Ticket[] {
    return this.#deps.db.all<TicketRow>(`${SELECT} WHERE customer_id = ? AND state = 'ready' ORDER BY changed_at_ms`, customerId).map(toTicket);
  }

  erase(customerId: string): void {
    this.#deps.db.run('DELETE FROM ticket WHERE customer_id = ?', customerId);
  }

  countDone(): number {
    return this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM ticket WHERE done_at_ms IS NOT NULL')!.n;
  }

  deleteBefore(ms: number, held: string): number {
    return this.#deps.db.run(`DELETE FROM ticket WHERE done_at_ms < ? AND ${NOT_HELD}`, ms, held).changes;
  }

  /** Then what was asked for first is not known any more. */
  #wasChanged(id = ''): boolean {
    return this.#deps.db.get('SELECT 1 FROM ticket WHERE id = ? AND changed_at_ms > at_ms', id) !== undefined;
  }

  #tell(customerId: string): void {
    this.#deps.db.afterCommit(() => this.#deps.events.emit('customerChanged', { customerId }));
  }

  #byId(id: string): Ticket {
    return toTicket(this.#deps.db.get<TicketRow>(`${SELECT} WHERE ticket.id = ?`, id)!);
  }
}

function toTicket(row: TicketRow): Ticket {
  return {
    id: row.id, subject: row.subject, detail: row.detail, state: row.state, dueOn: row.due_on, at: toInstant(row.at_ms), by: row.by,
    changedAt: toInstant(row.changed_at_ms), doneAt: row.done_at_ms === null ? null : toInstant(row.done_at_ms),
  };
}
