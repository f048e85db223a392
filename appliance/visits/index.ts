import { randomUUID } from 'node:crypto';
import type { ARRIVALS, Visit, VISIT_END_REASONS } from '../contract/index.js';
import type { ConsentProof } from '../consent/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';
import { hasLeft, mayReopen, nextVisit } from './rules.js';

export { hasLeft, mayReopen, nextVisit, REFRESH_MS } from './rules.js';

type Arrival = (typeof ARRIVALS)[number];
type EndReason = (typeof VISIT_END_REASONS)[number];
interface VisitRow {
  id: string; customer_id: string; opened_at_ms: number; last_seen_at_ms: number; closed_at_ms: number | null;
  end_reason: EndReason | null; arrival: Arrival; score: number | null; adviser_id: string | null; adviser: string | null;
}
const SELECT = `SELECT visit.id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, score, adviser_id,
  staff.name AS adviser FROM visit LEFT JOIN staff ON staff.id = adviser_id`;

/** A visit that was somebody else's, as it turned out, is no visit of this customer's. */
const REALLY_THEIRS = `coalesce(end_reason, '') NOT IN ('not_this_person', 'corrected')`;

/** What a naming rested on, kept so that it can be explained later: numbers about the match, nothing of the face. */
export interface Basis {
  /** The similarity that was asked for, -1..1. */
  threshold: number;
  templateMadeAtMs: number | null;
  templatePhotos: number | null;
  modelPack: string | null;
}

/** What the pop-up card needs to know of a visit. */
export interface VisitState {
  id: string; customerId: string; openedAt: string; lastSeenAt: string; closedAt: string | null; arrival: Arrival;
  score: number | null; adviser: { id: string; name: string } | null;
}

/** One visit for each presence of a customer: opened by recognition, by a confirmed candidate or by hand. */
export class Visits {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #gapMs: number;
  /** What goes along when dossiers are merged; of two open visits the one that goes along ends. */
  readonly rows: MovableRows;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; /** unseen this long: left */ gapMs: number }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#gapMs = deps.gapMs;
    const rows = movableRows(deps.db, 'visit');
    this.rows = {
      ...rows,
      move: (from, into) => {
        const open = this.#openOf(from);
        if (open !== undefined && this.#openOf(into) !== undefined) this.#end(open, this.#clock.now(), 'left');
        return rows.move(from, into);
      },
    };
  }

  /**
   * A face led to this customer. The proof says that the customer agreed to be recognised, looked up just now.
   * @param score cosine similarity that led here, -1..1
   * @throws PorticoError consent_required
   * @param corrects the visit, ended as `corrected` just before, that this one takes the place of
   * @param basis asked for only when a visit begins
   * @returns the open visit's id and whether it began just now; or why none was opened: staff ended the last one a moment
   *   ago, as over (`by_hand`) or as a confusion (`not_this_person`). A question that staff answer with yes (`confirmed`)
   *   always opens one.
   */
  recogniseArrival(
    proof: ConsentProof, arrival: 'recognised' | 'confirmed', score: number, corrects: string | null = null, basis: () => Basis | null = () => null,
  ): { visitId: string; began: boolean } | { held: EndReason } {
    if (!proof.covers('recognise')) throw new PorticoError('consent_required');
    const { customerId } = proof;
    const open = this.#openOf(customerId);
    if (arrival === 'recognised' && open === undefined) {
      const last = this.#lastEnd(customerId);
      if (!mayReopen(last, this.#clock.now())) return { held: last!.endReason };
    }
    return this.#arrive(customerId, open, arrival, score, corrects, basis);
  }

  /** Written in by hand, without a face. @throws PorticoError customer_not_found */
  arriveByHand(customerId: string): string {
    return this.#db.transaction(() => {
      if (this.#db.get('SELECT 1 FROM customer WHERE id = ? AND merged_into_id IS NULL', customerId) === undefined) throw new PorticoError('customer_not_found');
      return this.#arrive(customerId, this.#openOf(customerId), 'by_hand', null, null, () => null).visitId;
    });
  }

  /** "I'll serve". @throws PorticoError visit_not_found, visit_closed */
  serve(visitId: string, staffId: string): void {
    this.#db.transaction(() => {
      this.#openRow(visitId);
      this.#db.run('UPDATE visit SET adviser_id = ? WHERE id = ?', staffId, visitId);
      this.#db.afterCommit(() => this.#events.emit('visitUpdated', { visitId }));
    });
  }

  /** @throws PorticoError visit_not_found, visit_closed */
  close(visitId: string): void {
    this.#db.transaction(() => this.#end(this.#openRow(visitId), this.#clock.now(), 'by_hand'));
  }

  /** "Not this person": the visit was a confusion. @returns whose card it was, and how it came. @throws as close */
  reject(visitId: string): Pick<VisitState, 'customerId' | 'score' | 'arrival' | 'openedAt'> {
    return this.#db.transaction(() => {
      const row = this.#openRow(visitId);
      this.#end(row, this.#clock.now(), 'not_this_person');
      return toState(row);
    });
  }

  /**
   * Takes back a visit that an early frame opened for the wrong person. One that somebody serves already is theirs to judge.
   * @returns whether it ended
   */
  correct(visitId: string): boolean {
    return this.#db.transaction(() => {
      const row = this.#row(visitId);
      if (row.closed_at_ms !== null || row.adviser_id !== null) return false;
      this.#end(row, this.#clock.now(), 'corrected');
      return true;
    });
  }

  /** Ends the open visit of a customer who withdrew, and forgets how well the face matched at earlier ones. */
  closeForWithdrawal(customerId: string): void {
    this.#db.transaction(() => {
      this.#db.run(
        `UPDATE visit SET score = NULL, threshold = NULL, template_made_at_ms = NULL, template_photos = NULL, model_pack = NULL
         WHERE customer_id = ? AND (score IS NOT NULL OR threshold IS NOT NULL)`, customerId);
      const row = this.#openOf(customerId);
      // One written in by hand does not rest on recognition.
      if (row !== undefined && row.arrival !== 'by_hand') this.#end(row, this.#clock.now(), 'consent_withdrawn');
    });
  }

  /** Ends every visit whose customer was not seen for the gap, at the time last seen. @returns how many */
  closeStale(): number {
    const now = this.#clock.now();
    const stale = this.#openRows().filter((row) => hasLeft(toOpenVisit(row), now, this.#gapMs));
    for (const row of stale) this.#db.transaction(() => this.#end(row, row.last_seen_at_ms, 'left'));
    return stale.length;
  }

  /** Who is in the store, newest arrival first. */
  open(): VisitState[] {
    return this.#openRows().map(toState);
  }

  openVisitOf(customerId: string): string | null {
    return this.#openOf(customerId)?.id ?? null;
  }

  /** @throws PorticoError visit_not_found */
  byId(visitId: string): VisitState {
    return toState(this.#row(visitId));
  }

  /** The customer's last visit that began before this one, with who served. */
  previous(visit: VisitState): { openedAt: string; adviser: string | null } | null {
    const row = this.#db.get<VisitRow>(
      `${SELECT} WHERE customer_id = ? AND visit.id <> ? AND opened_at_ms <= ? AND ${REALLY_THEIRS} ORDER BY opened_at_ms DESC LIMIT 1`,
      visit.customerId, visit.id, Date.parse(visit.openedAt));
    return row === undefined ? null : { openedAt: toInstant(row.opened_at_ms), adviser: row.adviser };
  }

  /** Deletes all visits of a customer, an open one too. */
  erase(customerId: string): void {
    this.#db.transaction(() => {
      const open = this.#openOf(customerId);
      if (open !== undefined) this.#end(open, this.#clock.now(), 'by_hand'); // takes the card off the pages
      this.#db.run('DELETE FROM visit WHERE customer_id = ?', customerId);
    });
  }

  /** For the retention table: visits that ended. */
  readonly retention = {
    kind: 'visits',
    count: (): number => this.#db.get<{ n: number }>('SELECT count(*) AS n FROM visit')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => this.#db.run(
      'DELETE FROM visit WHERE closed_at_ms < ? AND customer_id NOT IN (SELECT value FROM json_each(?))', ms, JSON.stringify(held)).changes,
  } as const;

  /** Newest first. @param limit default 200; -1: all */
  of(customerId: string, limit = 200): Visit[] {
    return this.#db.all<VisitRow>(`${SELECT} WHERE customer_id = ? ORDER BY opened_at_ms DESC LIMIT ?`, customerId, limit).map((row) => ({
      id: row.id, openedAt: toInstant(row.opened_at_ms), lastSeenAt: toInstant(row.last_seen_at_ms),
      closedAt: row.closed_at_ms === null ? null : toInstant(row.closed_at_ms),
      endReason: row.end_reason, arrival: row.arrival, adviser: row.adviser, services: [], stages: [], looks: [],
    }));
  }

  lastVisitAt(customerId: string): string | null {
    const row = this.#db.get<{ at: number | null }>(`SELECT max(opened_at_ms) AS at FROM visit WHERE customer_id = ? AND ${REALLY_THEIRS}`, customerId);
    return row?.at == null ? null : toInstant(row.at);
  }

  /** @param open the customer's open visit, as it is in this transaction */
  #arrive(
    customerId: string, open: VisitRow | undefined, arrival: Arrival, score: number | null, corrects: string | null, basis: () => Basis | null,
  ): { visitId: string; began: boolean } {
    const now = this.#clock.now();
    return this.#db.transaction(() => {
      const step = nextVisit(open === undefined ? null : toOpenVisit(open), now, this.#gapMs);
      switch (step) {
        case 'ignore':
          return { visitId: open!.id, began: false };
        case 'refresh':
          this.#db.run('UPDATE visit SET last_seen_at_ms = ? WHERE id = ?', now, open!.id);
          this.#db.afterCommit(() => this.#events.emit('visitUpdated', { visitId: open!.id }));
          return { visitId: open!.id, began: false };
        case 'reopen':
          this.#end(open!, open!.last_seen_at_ms, 'left');
          return { visitId: this.#begin(customerId, arrival, score, corrects, basis(), now), began: true };
        case 'open':
          return { visitId: this.#begin(customerId, arrival, score, corrects, basis(), now), began: true };
      }
    });
  }

  #begin(customerId: string, arrival: Arrival, score: number | null, corrects: string | null, basis: Basis | null, now: number): string {
    const id = randomUUID();
    this.#db.run(
      `INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, arrival, score, threshold, template_made_at_ms, template_photos, model_pack)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id, customerId, now, now, arrival, score, basis?.threshold ?? null, basis?.templateMadeAtMs ?? null, basis?.templatePhotos ?? null, basis?.modelPack ?? null);
    this.#db.afterCommit(() => this.#events.emit('visitOpened', { visitId: id, customerId, corrects }));
    return id;
  }

  #end(row: VisitRow, atMs: number, reason: EndReason): void {
    // A clock set back must not end a visit before it began.
    this.#db.run('UPDATE visit SET closed_at_ms = ?, end_reason = ? WHERE id = ?', Math.max(atMs, row.opened_at_ms), reason, row.id);
    this.#db.afterCommit(() => this.#events.emit('visitClosed', { visitId: row.id, customerId: row.customer_id, reason }));
  }

  #lastEnd(customerId: string): { closedAtMs: number; endReason: EndReason } | null {
    const row = this.#db.get<{ closed_at_ms: number; end_reason: EndReason }>(
      'SELECT closed_at_ms, end_reason FROM visit WHERE customer_id = ? AND closed_at_ms IS NOT NULL ORDER BY opened_at_ms DESC, rowid DESC LIMIT 1',
      customerId);
    return row === undefined ? null : { closedAtMs: row.closed_at_ms, endReason: row.end_reason };
  }

  #row(visitId: string): VisitRow {
    const row = this.#db.get<VisitRow>(`${SELECT} WHERE visit.id = ?`, visitId);
    if (row === undefined) throw new PorticoError('visit_not_found');
    return row;
  }

  #openRow(visitId: string): VisitRow {
    const row = this.#row(visitId);
    if (row.closed_at_ms !== null) throw new PorticoError('visit_closed');
    return row;
  }

  #openOf(customerId: string): VisitRow | undefined {
    return this.#db.get<VisitRow>(`${SELECT} WHERE customer_id = ? AND closed_at_ms IS NULL`, customerId);
  }

  #openRows(): VisitRow[] {
    return this.#db.all<VisitRow>(`${SELECT} WHERE closed_at_ms IS NULL ORDER BY opened_at_ms DESC, visit.rowid DESC`);
  }
}

function toOpenVisit(row: VisitRow) {
  return { openedAtMs: row.opened_at_ms, lastSeenAtMs: row.last_seen_at_ms };
}

function toState(row: VisitRow): VisitState {
  return {
    id: row.id, customerId: row.customer_id, openedAt: toInstant(row.opened_at_ms), lastSeenAt: toInstant(row.last_seen_at_ms),
    closedAt: row.closed_at_ms === null ? null : toInstant(row.closed_at_ms), arrival: row.arrival, score: row.score,
    adviser: row.adviser_id === null ? null : { id: row.adviser_id, name: row.adviser! },
  };
}
