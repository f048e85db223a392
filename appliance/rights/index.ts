import { randomUUID } from 'node:crypto';
import type { Actor, Audit } from '../audit/index.js';
import { workdaysAfter } from '../compliance/index.js';
import { ANSWER_WORKDAYS, type Deletion, type RequestClosing, type Restriction, type RightsRequest, type RightsRequestNew } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';

export { AccessCopies } from './accessCopy.js';

const SOON_DAYS = 3;
const DAY_MS = 86_400_000;

/** Who acts: always a member of staff. */
type Officer = Actor & { staffId: string };
/** Deletes all that is known of a customer, in every room, and sees it through. */
export interface Eraser {
  /** Inside the caller's transaction; the rest follows right after its commit. @returns the deletion's id */
  begin(order: { customerId: string; scope: 'dossier'; reason: 'erased' | 'retention'; purposes: readonly [] }): string;
  byId(id: string): Deletion;
  pending(): Deletion[];
  /** The dossier and all that were merged into it; the one asked for comes first. @throws PorticoError customer_not_found, customer_merged {into} */
  withMerged(customerId: string): string[];
}
interface RequestRow {
  id: string; customer_id: string | null; display_name: string | null; kind: RightsRequest['kind']; received_on: string; note: string;
  closed_at_ms: number | null; closed_by: string | null; outcome: NonNullable<RightsRequest['closed']>['outcome'] | null; reason: string | null;
}
const REQUESTS = `SELECT rights_request.id, customer_id, display_name, kind, received_on, note, closed_at_ms, staff.name AS closed_by, outcome, reason
  FROM rights_request LEFT JOIN customer ON customer.id = customer_id LEFT JOIN staff ON staff.id = closed_by`;

/** What people may ask of the store (PIPL 44 to 50): requests with their deadlines, restriction, erasure. */
export class Rights {
  readonly #deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; timeZone: string };
  #eraser: Eraser | null = null;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; timeZone: string }) {
    this.#deps = deps;
  }

  /** How a whole dossier is deleted. Must be given before any is. */
  eraseWith(eraser: Eraser): void {
    this.#eraser = eraser;
  }

  // ---- Requests ------------------------------------------------------------------------------------------------

  /** @throws PorticoError customer_not_found; bad_request when it was received on a day to come */
  receive(request: RightsRequestNew, by: Officer): RightsRequest {
    const { db, clock, audit } = this.#deps;
    const { customerId, kind, receivedOn, note } = request;
    if (receivedOn > this.#today()) throw new PorticoError('bad_request', { where: 'receivedOn' });
    return this.#write(() => {
      if (customerId !== null) this.#mustExist(customerId);
      const id = randomUUID();
      db.run('INSERT INTO rights_request (id, customer_id, kind, received_on, note, recorded_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
        id, customerId, kind, receivedOn, note.trim(), clock.now());
      audit.record('request_received', by, { customerId, detail: { requestId: id, kind } });
      return this.#request(id);
    });
  }

  /** Open ones first, the earliest due first; then answered ones, newest first. @param customerIds only these customers' */
  requests(customerIds?: readonly string[]): RightsRequest[] {
    const order = 'ORDER BY closed_at_ms IS NOT NULL, closed_at_ms DESC, received_on, rights_request.rowid';
    const rows = customerIds === undefined
      ? this.#deps.db.all<RequestRow>(`${REQUESTS} ${order}`)
      : customerIds.flatMap((id) => this.#deps.db.all<RequestRow>(`${REQUESTS} WHERE customer_id = ? ${order}`, id));
    const today = this.#today();
    return rows.map((row) => toRequest(row, today));
  }

  /** Answered. A refusal tells its reason (PIPL 50). @throws PorticoError request_not_found, request_closed, request_reason_missing */
  close(id: string, { outcome, reason }: RequestClosing, by: Officer): RightsRequest {
    const { db, clock, audit } = this.#deps;
    return this.#write(() => {
      const request = this.#request(id);
      if (request.closed !== null) throw new PorticoError('request_closed');
      if (reason.trim() === '' && (outcome === 'refused' || outcome === 'partly')) throw new PorticoError('request_reason_missing');
      db.run('UPDATE rights_request SET closed_at_ms = ?, closed_by = ?, outcome = ?, reason = ? WHERE id = ?',
        clock.now(), by.staffId, outcome, reason.trim(), id);
      audit.record('request_closed', by, { customerId: request.customerId, detail: { requestId: id, kind: request.kind, outcome } });
      return this.#request(id);
    });
  }

  /** How many are open, over their day, and due within three days. */
  open(): { open: number; overdue: number; dueSoon: number } {
    const { db, clock, timeZone } = this.#deps;
    const today = this.#today();
    const soon = toDay(clock.now() + SOON_DAYS * DAY_MS, timeZone);
    const due = db.all<{ received_on: string }>('SELECT received_on FROM rights_request WHERE closed_at_ms IS NULL').map((row) => dueOn(row.received_on));
    return { open: due.length, overdue: due.filter((day) => day < today).length, dueSoon: due.filter((day) => day >= today && day <= soon).length };
  }

  // ---- Restriction ---------------------------------------------------------------------------------------------

  isRestricted(customerId: string): boolean {
    return this.#deps.db.get('SELECT 1 FROM restriction WHERE customer_id = ?', customerId) !== undefined;
  }

  restriction(customerId: string): Restriction {
    const row = this.#deps.db.get<{ reason: string; at_ms: number }>('SELECT reason, at_ms FROM restriction WHERE customer_id = ?', customerId);
    return { restricted: row !== undefined, since: row === undefined ? null : toInstant(row.at_ms), reason: row?.reason ?? null };
  }

  /**
   * From now on nothing is done with the face and no consent is asked for, until it is released again. What is stored stays.
   * @throws PorticoError customer_not_found
   */
  restrict(customerId: string, { restricted, reason }: { restricted: boolean; reason: string }, by: Officer): Restriction {
    const { db, clock, audit, events } = this.#deps;
    return this.#write(() => {
      this.#mustExist(customerId);
      if (restricted === this.isRestricted(customerId)) return this.restriction(customerId);
      if (restricted) {
        db.run('INSERT INTO restriction (customer_id, reason, staff_id, at_ms) VALUES (?, ?, ?, ?)', customerId, reason.trim(), by.staffId, clock.now());
        db.afterCommit(() => events.emit('consentSuspended', { customerId }));
      } else db.run('DELETE FROM restriction WHERE customer_id = ?', customerId);
      audit.record(restricted ? 'customer_restricted' : 'customer_released', by, { customerId });
      return this.restriction(customerId);
    });
  }

  // ---- Erasure -------------------------------------------------------------------------------------------------

  /**
   * Deletes all that is known of a customer, dossiers merged into it included; each has a record of its own, because an older
   * database may know them as apart. Asked again while it is under way, it tells of the same deletion.
   * @returns `completedAt` null: under way; it goes on by itself
   * @throws PorticoError customer_not_found, customer_merged {into}
   */
  erase(customerId: string, reason: 'erased' | 'retention', by: Actor): Deletion {
    const eraser = this.#eraser;
    if (eraser === null) throw new Error('eraseWith was not called');
    const { db, audit, events } = this.#deps;
    const underWay = eraser.pending().find((each) => each.customerId === customerId && each.scope === 'dossier');
    if (underWay !== undefined) return underWay;
    const id = this.#write(() => {
      const { withMerged } = eraser;
      let begun = '';
      for (const each of withMerged(customerId).reverse()) { // the one asked for comes last, when the others stand apart
        begun = eraser.begin({ customerId: each, scope: 'dossier', reason, purposes: [] });
        audit.record('dossier_erased', by, { customerId: each, detail: { deletionId: begun, reason } });
        db.afterCommit(() => events.emit('consentEnded', { customerId: each }));
      }
      return begun;
    });
    return eraser.byId(id);
  }

  /** Of a dossier that goes: the restriction, and what was written into requests. That there was a request, and how it ended, stays. */
  forget(customerId: string): void {
    this.#deps.db.run('DELETE FROM restriction WHERE customer_id = ?', customerId);
    this.#deps.db.run(`UPDATE rights_request SET note = '', reason = CASE WHEN reason IS NULL THEN NULL ELSE '' END WHERE customer_id = ?`, customerId);
  }

  /** Whose case somebody is looking into: a restriction or an open request keeps all that is stored of them from going for its age. */
  held(): string[] {
    return this.#deps.db.all<{ customer_id: string }>(
      `SELECT customer_id FROM restriction
       UNION SELECT customer_id FROM rights_request WHERE closed_at_ms IS NULL AND customer_id IS NOT NULL`).map((row) => row.customer_id);
  }

  /** For the retention table: answered requests. */
  readonly retention = {
    kind: 'rights_requests',
    count: (): number => this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM rights_request')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => this.#deps.db.run(
      `DELETE FROM rights_request WHERE closed_at_ms < ? AND coalesce(customer_id, '') NOT IN (SELECT value FROM json_each(?))`, ms, JSON.stringify(held)).changes,
  } as const;

  /** People's rights hold on a full disk too. */
  #write<T>(work: () => T): T {
    const { db } = this.#deps;
    return db.withReserve(() => db.transaction(work));
  }

  #request(id: string): RightsRequest {
    const row = this.#deps.db.get<RequestRow>(`${REQUESTS} WHERE rights_request.id = ?`, id);
    if (row === undefined) throw new PorticoError('request_not_found');
    return toRequest(row, this.#today());
  }

  #today(): string {
    return toDay(this.#deps.clock.now(), this.#deps.timeZone);
  }

  #mustExist(customerId: string): void {
    if (this.#deps.db.get('SELECT 1 FROM customer WHERE id = ? AND merged_into_id IS NULL', customerId) === undefined) throw new PorticoError('customer_not_found');
  }
}

/** Counted each time: while the holidays of a year are not announced, the day is a provisional one. */
function dueOn(receivedOn: string): string {
  return workdaysAfter(receivedOn, ANSWER_WORKDAYS).day;
}

function toRequest(row: RequestRow, today: string): RightsRequest {
  const due = dueOn(row.received_on);
  return {
    id: row.id, customerId: row.customer_id, displayName: row.display_name, kind: row.kind, receivedOn: row.received_on, dueOn: due,
    overdue: row.closed_at_ms === null && due < today, note: row.note,
    closed: row.closed_at_ms === null ? null : { at: toInstant(row.closed_at_ms), by: row.closed_by ?? '', outcome: row.outcome!, reason: row.reason ?? '' },
  };
}
