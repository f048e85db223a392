import { randomUUID } from 'node:crypto';
import type { ARRIVALS, Service, StageCell, VISIT_END_REASONS } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { CLOCKS_APART_MS, isLate, PorticoError, toInstant } from '../kit/index.js';
import type { Database, Value } from '../storage/index.js';
import { businessDayOf, type BusinessDay } from './businessDay.js';
import { WORDS_WAIT_MS, type During } from './during.js';
import { gapOf, nextVisit, overBy, seenAt, wasDoneIn, type OpenVisit, type VisitLimits } from './rules.js';

export type Arrival = (typeof ARRIVALS)[number];
export type EndReason = (typeof VISIT_END_REASONS)[number];
export interface VisitRow {
  id: string; customer_id: string; opened_at_ms: number; last_seen_at_ms: number; closed_at_ms: number | null;
  end_reason: EndReason | null; arrival: Arrival; score: number | null; adviser_id: string | null; adviser: string | null;
}
const SELECT = `SELECT visit.id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, score, adviser_id,
  staff.name AS adviser FROM visit LEFT JOIN staff ON staff.id = adviser_id`;

/** A visit that was somebody else's, as it turned out, is no visit of this customer's. */
const REALLY_THEIRS = `coalesce(end_reason, '') NOT IN ('not_this_person', 'corrected')`;
/** The same, the other way round. */
export function isConfusion(row: VisitRow): boolean {
  return row.end_reason === 'not_this_person' || row.end_reason === 'corrected';
}

/** What a naming rested on, kept so that it can be explained later: numbers about the match, nothing of the face. */
export interface Basis {
  /** The similarity that was asked for, -1..1. */
  threshold: number;
  templateMadeAtMs: number | null;
  templatePhotos: number | null;
  modelPack: string | null;
}
/** How a visit begins. `basis` is asked for only then. */
export interface Opening { arrival: Arrival; score: number | null; corrects: string | null; basis: () => Basis | null; staffId: string | null }

/** The rows of visits: begun, kept alive and ended by the rules. Called inside transactions; the events come after them. */
export class Records {
  readonly #db: Database;
  readonly #events: EventBus;
  readonly #during: During;
  readonly #gapMs: number;
  readonly #dayAt: (ms: number) => BusinessDay;
  #day: BusinessDay | null = null;

  constructor(deps: { db: Database; events: EventBus; during: During; gapMs: number; timeZone: string; dayEndsAt: string }) {
    this.#db = deps.db;
    this.#events = deps.events;
    this.#during = deps.during;
    this.#gapMs = deps.gapMs;
    this.#dayAt = (ms) => businessDayOf(ms, deps.timeZone, deps.dayEndsAt);
  }

  /** @param open the customer's open visit, as it is in this transaction */
  arrive(customerId: string, open: VisitRow | undefined, opening: Opening, now: number): { visitId: string; began: boolean } {
    return this.#db.transaction(() => {
      if (open !== undefined) {
        const reason = overBy(toOpenVisit(open), now, this.limits(open));
        if (reason === null) {
          const isNews = opening.staffId !== null && this.#during.vouch(open.id, opening.staffId, now);
          if (this.touch(open, now) || isNews) this.tell(open.id);
          return { visitId: open.id, began: false };
        }
        this.end(open, open.last_seen_at_ms, reason);
      }
      return { visitId: this.begin(customerId, opening, now), began: true };
    });
  }

  begin(customerId: string, { arrival, score, corrects, basis: readBasis, staffId }: Opening, now: number): string {
    const id = randomUUID();
    const basis = readBasis();
    this.#db.run(
      `INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, arrival, score, threshold, template_made_at_ms, template_photos, model_pack)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id, customerId, now, now, arrival, score, basis?.threshold ?? null, basis?.templateMadeAtMs ?? null, basis?.templatePhotos ?? null, basis?.modelPack ?? null);
    this.#during.mark(id, 'arrive', staffId, now);
    // Whoever is named has a dossier.
    this.#during.mark(id, 'register', null, now);
    this.#db.afterCommit(() => this.#events.emit('visitOpened', { visitId: id, customerId, corrects }));
    return id;
  }

  /** Seen at `atMs`, if the visit is open and still goes on then. @returns whether that was worth writing down */
  touch(row: VisitRow, atMs: number): boolean {
    const visit = toOpenVisit(row);
    if (row.closed_at_ms !== null || nextVisit(visit, atMs, this.limits(row)) !== 'refresh') return false;
    this.#db.run('UPDATE visit SET last_seen_at_ms = ? WHERE id = ?', seenAt(visit, atMs), row.id);
    return true;
  }

  /**
   * Somebody works on the visit: the customer is there, also where the gap had passed and nobody had noticed yet. Not over the end of the
   * business day.
   * @returns whether that was worth writing down
   */
  keepAlive(row: VisitRow, now: number): boolean {
    const visit = toOpenVisit(row);
    if (row.closed_at_ms !== null || now >= this.limits(row).day.toMs || nextVisit(visit, now, this.limits(row)) === 'ignore') return false;
    this.#db.run('UPDATE visit SET last_seen_at_ms = ? WHERE id = ?', seenAt(visit, now), row.id);
    return true;
  }

  /** What is under way in it ends with it; a confusion leaves nothing of somebody else behind. */
  end(row: VisitRow, atMs: number, reason: EndReason): void {
    // A clock set back must not end a visit before it began.
    const closedAtMs = seenAt(toOpenVisit(row), atMs);
    this.#during.end(row.id, closedAtMs);
    if (reason === 'not_this_person' || reason === 'corrected') this.#during.disown(row.id);
    // Handed over and not taken up: who served last stays the adviser.
    this.#db.run(
      `UPDATE visit SET closed_at_ms = ?, end_reason = ?, adviser_id = coalesce(adviser_id, (
         SELECT staff_id FROM visit_service WHERE visit_id = visit.id ORDER BY from_ms DESC, rowid DESC LIMIT 1)) WHERE id = ?`, closedAtMs, reason, row.id);
    this.#db.afterCommit(() => this.#events.emit('visitClosed', { visitId: row.id, customerId: row.customer_id, reason }));
  }

  /** Every page draws the card anew. One that has ended has none: its stages can still change. */
  tell(visitId: string): void {
    this.#db.afterCommit(() => {
      if (this.all('WHERE visit.id = ? AND closed_at_ms IS NULL', visitId).length > 0) this.#events.emit('visitUpdated', { visitId });
    });
  }

  limits(row: VisitRow): VisitLimits {
    return { gapMs: gapOf(row.closed_at_ms === null && this.#during.isAttended(row.id), this.#gapMs), day: this.#dayOf(row.opened_at_ms) };
  }

  /** @param rest of the statement, from WHERE on */
  all(rest: string, ...values: Value[]): VisitRow[] {
    return this.#db.all<VisitRow>(`${SELECT} ${rest}`, ...values);
  }

  /** @throws PorticoError visit_not_found */
  row(visitId: string): VisitRow {
    const [row] = this.all('WHERE visit.id = ?', visitId);
    if (row === undefined) throw new PorticoError('visit_not_found');
    return row;
  }

  /** @throws PorticoError visit_not_found, visit_closed */
  openRow(visitId: string): VisitRow {
    const row = this.row(visitId);
    if (row.closed_at_ms !== null) throw new PorticoError('visit_closed');
    return row;
  }

  openOf(customerId: string): VisitRow | undefined {
    return this.all('WHERE customer_id = ? AND closed_at_ms IS NULL', customerId)[0];
  }

  /**
   * In which something was done at `atMs`, confusions too. What is told at once was done in the open one, wherever the clock was set
   * meanwhile.
   */
  doneIn(customerId: string, atMs: number, now: number): VisitRow | undefined {
    const open = this.openOf(customerId);
    if (open !== undefined && !isLate(atMs, now)) return open;
    const ended = this.all(
      'WHERE customer_id = ? AND opened_at_ms <= ? AND closed_at_ms IS NOT NULL ORDER BY opened_at_ms DESC LIMIT 20', customerId, atMs + CLOCKS_APART_MS);
    return [...(open === undefined ? [] : [open]), ...ended].find((row) => wasDoneIn({ ...toOpenVisit(row), closedAtMs: row.closed_at_ms, endReason: row.end_reason }, atMs));
  }

  /** The last that ended and was really theirs. @param openedBy of those that began by then: of dossiers that were merged two may have been open at once */
  lastEnded(customerId: string, openedBy = Number.MAX_SAFE_INTEGER, butId: string | null = null): VisitRow | undefined {
    return this.all(
      `WHERE customer_id = ? AND opened_at_ms <= ? AND visit.id IS NOT ? AND closed_at_ms IS NOT NULL AND ${REALLY_THEIRS} ORDER BY opened_at_ms DESC LIMIT 1`,
      customerId, openedBy, butId)[0];
  }

  /** Before an open one whatever ended; else what had begun before. */
  before(visit: VisitState): VisitRow | undefined {
    return this.lastEnded(visit.customerId, visit.closedAt === null ? undefined : Date.parse(visit.openedAt), visit.id);
  }

  /** What was said with a hand-over in the visit before, which ended before anybody took it up; by visit. */
  wordsLeft(visits: readonly VisitState[]): Map<string, readonly Service[]> {
    const before = visits.flatMap((visit) => {
      const row = this.before(visit);
      return row !== undefined && row.last_seen_at_ms > Date.parse(visit.openedAt) - WORDS_WAIT_MS ? [{ id: visit.id, beforeId: row.id }] : [];
    });
    const happened = this.#during.of(before.map(({ beforeId }) => beforeId), false);
    return new Map(before.flatMap(({ id, beforeId }) => {
      const { services } = happened.get(beforeId)!;
      return services.at(-1)?.handedOver?.note == null ? [] : [[id, services]];
    }));
  }

  /** Those that began in this time and were really that customer's, in order of arrival; how far each came, and who served last. */
  between(fromMs: number, toMs: number): VisitOfDay[] {
    return this.#db.all<VisitOfDay>(
      `SELECT customer_id AS customerId, opened_at_ms AS openedAtMs, coalesce(closed_at_ms, last_seen_at_ms) AS closedAtMs, arrival,
         coalesce(adviser_id, (SELECT staff_id FROM visit_service WHERE visit_id = visit.id ORDER BY from_ms DESC, rowid DESC LIMIT 1)) AS adviserId,
         coalesce((SELECT stage FROM visit_stage WHERE visit_id = visit.id AND stage IN ('attract', 'complete') ORDER BY stage DESC LIMIT 1), 'arrive') AS stage
       FROM visit WHERE opened_at_ms >= ? AND opened_at_ms < ? AND ${REALLY_THEIRS} ORDER BY opened_at_ms, rowid`, fromMs, toMs);
  }

  /** Newest arrival first. */
  openRows(): VisitRow[] {
    return this.all('WHERE closed_at_ms IS NULL ORDER BY opened_at_ms DESC, visit.rowid DESC');
  }

  lastEnd(customerId: string): { closedAtMs: number; endReason: EndReason } | null {
    const row = this.#db.get<{ closed_at_ms: number; end_reason: EndReason }>(
      'SELECT closed_at_ms, end_reason FROM visit WHERE customer_id = ? AND closed_at_ms IS NOT NULL ORDER BY opened_at_ms DESC, rowid DESC LIMIT 1',
      customerId);
    return row === undefined ? null : { closedAtMs: row.closed_at_ms, endReason: row.end_reason };
  }

  toPrevious(row: VisitRow | undefined, now: number): Previous | null {
    if (row === undefined) return null;
    const { fromMs, toMs } = this.#dayOf(now); // not the day of that one: sums over time zones for each card of a board
    return { openedAt: toInstant(row.opened_at_ms), adviser: row.adviser, isToday: row.opened_at_ms >= fromMs && row.opened_at_ms < toMs };
  }

  /** Nearly all that is asked is about one and the same day. */
  #dayOf(ms: number): BusinessDay {
    if (this.#day === null || ms < this.#day.fromMs || ms >= this.#day.toMs) this.#day = this.#dayAt(ms);
    return this.#day;
  }
}

export function toOpenVisit(row: VisitRow): OpenVisit {
  return { openedAtMs: row.opened_at_ms, lastSeenAtMs: row.last_seen_at_ms };
}

/** What the pop-up card needs to know of a visit. */
export interface VisitState {
  id: string; customerId: string; openedAt: string; lastSeenAt: string; closedAt: string | null; arrival: Arrival;
  score: number | null; adviser: { id: string; name: string } | null;
}

/** A visit for figures about nobody. `closedAtMs`: of one that is open, when the customer was last seen. */
export interface VisitOfDay { customerId: string; openedAtMs: number; closedAtMs: number; arrival: Arrival; adviserId: string | null; stage: StageCell }

/** Of the visit before another. `isToday`: in the business day that goes on. */
export interface Previous { openedAt: string; adviser: string | null; isToday: boolean }

export function toState(row: VisitRow): VisitState {
  return {
    id: row.id, customerId: row.customer_id, openedAt: toInstant(row.opened_at_ms), lastSeenAt: toInstant(row.last_seen_at_ms),
    closedAt: row.closed_at_ms === null ? null : toInstant(row.closed_at_ms), arrival: row.arrival, score: row.score,
    adviser: row.adviser_id === null ? null : { id: row.adviser_id, name: row.adviser! },
  };
}
