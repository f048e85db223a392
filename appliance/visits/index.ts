import { randomUUID } from 'node:crypto';
import { PERMISSIONS, type HandOver, type LookRequest, type Role, type StageChange, type Visit, type VisitCard, type VisitRequest, type VisitStage } from '../contract/index.js';
import type { ConsentProof } from '../consent/index.js';
import type { EventBus } from '../events/index.js';
import { isLate, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';
import { During, type LookedAt, handedOverIn, type LookRow } from './during.js';
import { isConfusion, Records, toOpenVisit, toState, type Basis, type EndReason, type Previous, type VisitOfDay, type VisitRow, type VisitState } from './records.js';
import { mayReopen, overBy, reflectsOn, seenAt } from './rules.js';

export { businessDayOf, type BusinessDay } from './businessDay.js';
export type { Basis, VisitOfDay, VisitState } from './records.js';
export { ATTENDED_GAP_MS, gapOf, mayReopen, nextVisit, overBy, reflectsOn, REFRESH_MS, seenAt, wasDoneIn, type VisitLimits } from './rules.js';

/** One visit for each presence of a customer: opened by recognition, by a confirmed candidate, a scan or by hand; and what happens in it. */
export class Visits {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #records: Records;
  readonly #during: During;
  #productName: (productId: string) => string | null = () => null;
  #purchasesIn: (visitId: string) => number = () => 0;
  #requireLooksAgreed: (customerId: string) => void = () => undefined;
  #areLooksLeftOut: (customerId: string) => boolean = () => false;
  #isRestricted: (customerId: string) => boolean = () => false;
  /** What goes along when dossiers are merged; of two open visits the one that goes along ends. */
  readonly rows: MovableRows;

  /**
   * @param deps.gapMs unseen this long: left; one in which staff did something only after `gapOf`
   * @param deps.dayEndsAt HH:MM on the clock of the store (`timeZone`, IANA): no visit reaches into the next business day
   */
  constructor(deps: { db: Database; clock: Clock; events: EventBus; gapMs: number; timeZone: string; dayEndsAt: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#during = new During(deps.db, (productId) => this.#productName(productId), (visitId) => this.#purchasesIn(visitId));
    this.#records = new Records({ ...deps, during: this.#during });
    deps.events.on('noteAdded', ({ customerId, atMs }) => this.#lookBack(customerId, atMs));
    deps.events.on('followUpDone', ({ customerId }) => this.#lookBack(customerId, null));
    deps.events.on('customerEnrolled', ({ customerId }) => {
      const open = this.#records.openOf(customerId);
      if (open !== undefined) this.mark(open.id, 'register', null);
    });
    const rows = movableRows(deps.db, 'visit');
    this.rows = {
      ...rows,
      move: (from, into) => {
        const open = this.#records.openOf(from);
        if (open !== undefined && this.#records.openOf(into) !== undefined) this.#records.end(open, this.#clock.now(), 'left');
        return rows.move(from, into);
      },
    };
  }

  /**
   * What a product is called, also one that was taken off the list (null: not known), and how many purchases were written down in a
   * visit. Until they are given no product is known.
   */
  dealsIn(productName: (productId: string) => string | null, purchasesIn: (visitId: string) => number): void {
    this.#productName = productName;
    this.#purchasesIn = purchasesIn;
  }

  /**
   * @param requireAgreed asked inside the transaction that adds a look; throws where the customer did not agree to having preferences noted
   * @param isLeftOut whether the consent of a customer leaves that out: what came along with a merge is not shown then
   * @param isRestricted then no words are added
   */
  need(requireAgreed: (customerId: string) => void, isLeftOut: (customerId: string) => boolean, isRestricted: (customerId: string) => boolean): void {
    this.#requireLooksAgreed = requireAgreed;
    this.#areLooksLeftOut = isLeftOut;
    this.#isRestricted = isRestricted;
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
    const open = this.#records.openOf(customerId);
    if (arrival === 'recognised' && open === undefined) {
      const last = this.#records.lastEnd(customerId);
      if (!mayReopen(last, this.#clock.now())) return { held: last!.endReason };
    }
    return this.#records.arrive(customerId, open, { arrival, score, corrects, basis, staffId: null }, this.#clock.now());
  }

  /** Written in by hand or led here by a code or tag, without a face. @throws PorticoError customer_not_found */
  arriveByHand(customerId: string, staffId: string, by: NonNullable<VisitRequest['by']> = 'by_hand'): string {
    return this.#db.transaction(() => {
      if (this.#db.get('SELECT 1 FROM customer WHERE id = ? AND merged_into_id IS NULL', customerId) === undefined) throw new PorticoError('customer_not_found');
      return this.#records.arrive(customerId, this.#records.openOf(customerId), { arrival: by, score: null, corrects: null, basis: () => null, staffId }, this.#clock.now()).visitId;
    });
  }

  /** "I'll serve": the one who did so far does not any more. @throws PorticoError visit_not_found, visit_closed */
  serve(visitId: string, staffId: string): void {
    this.#act(visitId, () => {
      this.#db.run('UPDATE visit SET adviser_id = ? WHERE id = ?', staffId, visitId);
      this.#during.serve(visitId, staffId, this.#clock.now());
    });
  }

  /**
   * The one who serves hands the customer to somebody else who works here and serves, or to whoever comes.
   * @throws PorticoError visit_not_found, visit_closed, hand_over_invalid, customer_restricted: no words are added then
   */
  handOver(visitId: string, { staffId: to, note }: HandOver, staffId: string): void {
    this.#act(visitId, (row) => {
      if (row.adviser_id !== staffId || to === staffId || (to !== null && !this.#serves(to))) throw new PorticoError('hand_over_invalid');
      if (note != null && this.#isRestricted(row.customer_id)) throw new PorticoError('customer_restricted');
      this.#during.handOver(visitId, staffId, to, note?.trim() ?? null, this.#clock.now());
      this.#db.run('UPDATE visit SET adviser_id = NULL WHERE id = ?', visitId);
    });
  }

  /** A stage is reached, in a visit that is open or was. A confusion is not marked. @param atMs when that was; null: now. @throws PorticoError visit_not_found */
  mark(visitId: string, stage: VisitStage, by: string | null, atMs: number | null = null): void {
    this.#db.transaction(() => {
      const row = this.#records.row(visitId);
      if (isConfusion(row)) return;
      const now = this.#clock.now();
      const wasLate = atMs !== null && isLate(atMs, now);
      if (!wasLate || atMs > row.last_seen_at_ms) this.#records.keepAlive(row, wasLate ? atMs : now);
      this.#during.mark(visitId, stage, by, seenAt(toOpenVisit(row), atMs ?? now));
      this.#records.tell(visitId);
    });
  }

  /** What the box marked by itself was not so; what staff marked stays. */
  unmarkOwn(visitId: string, stage: VisitStage): void {
    this.#db.transaction(() => {
      this.#during.unmarkOwn(visitId, stage);
      this.#records.tell(visitId);
    });
  }

  /**
   * By hand, both ways, also after the visit; twice is fine. `ageMs`: how long ago it was said; what was marked since then stays. @throws PorticoError visit_not_found, visit_closed: it was a confusion
   */
  setStage(visitId: string, { stage, reached, ageMs }: StageChange, staffId: string): void {
    this.#db.transaction(() => {
      const row = this.#records.row(visitId);
      if (isConfusion(row)) throw new PorticoError('visit_closed');
      const now = this.#clock.now();
      const atMs = now - (ageMs ?? 0);
      if (reached) return this.mark(visitId, stage, staffId, atMs);
      this.#during.unmark(visitId, stage, isLate(atMs, now) ? seenAt(toOpenVisit(row), atMs) : undefined);
      this.#records.tell(visitId);
    });
  }

  /**
   * A product is shown; the look before ends. While the same one is looked at it goes on. Sent again with the same id it is one look.
   * @throws PorticoError visit_not_found, visit_closed, product_not_found, id_taken, and what `need` throws
   */
  look(visitId: string, { productId, id }: LookRequest, staffId: string): void {
    this.#db.transaction(() => {
      const before = id === undefined ? undefined : this.#during.look(id);
      if (before !== undefined) {
        if (before.visit_id !== visitId || before.product_id !== productId) throw new PorticoError('id_taken');
        return;
      }
      this.#act(visitId, (row) => {
        if (this.#productName(productId) === null) throw new PorticoError('product_not_found');
        this.#requireLooksAgreed(row.customer_id);
        if (this.#during.looking(visitId)?.product_id !== productId) {
          this.#during.beginLook(id ?? randomUUID(), visitId, productId, staffId, this.#clock.now());
        }
      });
    });
  }

  /** Ending it twice is fine. @returns the visit's id. @throws PorticoError look_not_found */
  endLook(lookId: string): string {
    return this.#ofLook(lookId, (look) => { if (look.ended_at_ms === null) this.#during.endLook(look.visit_id, this.#clock.now()); });
  }

  /** It was a slip: as if it had never been. @returns the visit's id. @throws PorticoError look_not_found */
  takeBackLook(lookId: string): string {
    return this.#ofLook(lookId, (look) => this.#during.takeBackLook(look));
  }

  /** Somebody works on this visit: the customer is there. Written at most every half minute. @throws PorticoError visit_not_found */
  touch(visitId: string): void {
    this.#db.transaction(() => { if (this.#records.keepAlive(this.#records.row(visitId), this.#clock.now())) this.#records.tell(visitId); });
  }

  /** The customer leaves, says whoever closes the card. @throws PorticoError visit_not_found, visit_closed */
  close(visitId: string): void {
    this.#db.transaction(() => {
      const row = this.#records.openRow(visitId);
      const now = this.#clock.now();
      this.#records.touch(row, now);
      this.#records.end(row, now, 'by_hand');
    });
  }

  /**
   * "Not this person": the visit was a confusion. It stays as one, with who served; what else was written down in it goes. Purchases stay
   * with the customer they were written to.
   * @returns whose card it was, how it came, and how many purchases there are to be put right. @throws as close
   */
  reject(visitId: string): Pick<VisitState, 'customerId' | 'score' | 'arrival' | 'openedAt'> & { purchases: number } {
    return this.#db.transaction(() => {
      const row = this.#records.openRow(visitId);
      this.#records.end(row, this.#clock.now(), 'not_this_person');
      return { ...toState(row), purchases: this.#purchasesIn(visitId) };
    });
  }

  /**
   * Takes back a visit that an early frame opened for the wrong person. One in which staff did something already is theirs to judge.
   * @returns whether it ended
   */
  correct(visitId: string): boolean {
    return this.#db.transaction(() => {
      const row = this.#records.row(visitId);
      if (row.closed_at_ms !== null || row.adviser_id !== null || this.#during.isAttended(visitId)) return false;
      this.#records.end(row, this.#clock.now(), 'corrected');
      return true;
    });
  }

  /** Ends the open visit of a customer who withdrew, and forgets how well the face matched at earlier ones. */
  closeForWithdrawal(customerId: string): void {
    this.#db.transaction(() => {
      this.#db.run(
        `UPDATE visit SET score = NULL, threshold = NULL, template_made_at_ms = NULL, template_photos = NULL, model_pack = NULL
         WHERE customer_id = ? AND (score IS NOT NULL OR threshold IS NOT NULL)`, customerId);
      const row = this.#records.openOf(customerId);
      // One written in by hand, or by a code or tag, does not rest on recognition.
      if (row?.arrival === 'recognised' || row?.arrival === 'confirmed') this.#records.end(row, this.#clock.now(), 'consent_withdrawn');
    });
  }

  /** Ends every visit that is over by itself, at the time last seen. @returns how many */
  closeStale(): number {
    const now = this.#clock.now();
    const stale = this.#records.openRows().flatMap((row) => {
      const reason = overBy(toOpenVisit(row), now, this.#records.limits(row));
      return reason === null ? [] : [{ row, reason }];
    });
    for (const { row, reason } of stale) this.#db.transaction(() => this.#records.end(row, row.last_seen_at_ms, reason));
    return stale.length;
  }

  /** What rests on the customer's agreement to having preferences noted. */
  hasLooks(customerId: string): boolean {
    return this.#during.hasLooks(customerId);
  }

  /** What the customer looked at since then: the newest. */
  lookedAt(customerId: string, sinceMs: number, limit: number): LookedAt[] {
    return this.#during.lookedAt(customerId, sinceMs, limit);
  }

  /** Deletes what the customer looked at. Safe to repeat. */
  dropLooks(customerId: string): void {
    this.#during.dropLooks(customerId);
    const open = this.#records.openOf(customerId);
    if (open !== undefined) this.#records.tell(open.id);
  }

  /** Who is in the store, newest arrival first. */
  open(): VisitState[] {
    return this.#records.openRows().map(toState);
  }

  /** The visit in which staff did something then, also one that turned out to be a confusion; null: in none. */
  visitAt(customerId: string, atMs: number): string | null {
    return this.#records.doneIn(customerId, atMs, this.#clock.now())?.id ?? null;
  }

  openVisitOf(customerId: string): string | null {
    return this.#records.openOf(customerId)?.id ?? null;
  }

  /** @throws PorticoError visit_not_found */
  byId(visitId: string): VisitState {
    return toState(this.#records.row(visitId));
  }

  /** Those of these visits that there are. */
  states(visitIds: readonly string[]): VisitState[] {
    return this.#records.all('WHERE visit.id IN (SELECT value FROM json_each(?))', JSON.stringify(visitIds)).map(toState);
  }

  /** What the cards show of what happened in these visits, by visit. */
  onCards(visits: readonly VisitState[]): Map<string, Pick<VisitCard, 'handedOver' | 'stages' | 'looking' | 'looks'>> {
    const ids = visits.map((visit) => visit.id);
    const happened = this.#during.of(ids, false);
    const looksNow = this.#during.looksNow(ids);
    const left = this.#records.wordsLeft(visits.filter(({ id, adviser }) => adviser === null && happened.get(id)!.services.length === 0));
    return new Map(visits.map(({ id, customerId, adviser }) => {
      const { services, stages } = happened.get(id)!;
      const looks = looksNow.get(id);
      const shown = looks === undefined || this.#areLooksLeftOut(customerId) ? { looking: null, looks: 0 } : looks;
      return [id, { handedOver: adviser === null ? handedOverIn(left.get(id) ?? services, (staffId) => this.#serves(staffId)) : null, stages, ...shown }];
    }));
  }

  /** The customer's visit before this one, with who served. */
  previous(visit: VisitState): Previous | null {
    return this.#records.toPrevious(this.#records.before(visit), this.#clock.now());
  }

  /** The open visit, if there is one, and the visit before it; else the last one. */
  presence(customerId: string): { visitId: string | null; previous: Previous | null } {
    return { visitId: this.openVisitOf(customerId), previous: this.#records.toPrevious(this.#records.lastEnded(customerId), this.#clock.now()) };
  }

  /** Deletes all visits of a customer, an open one too. */
  erase(customerId: string): void {
    this.#db.transaction(() => {
      const open = this.#records.openOf(customerId);
      if (open !== undefined) this.#records.end(open, this.#clock.now(), 'by_hand'); // takes the card off the pages
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

  /** Newest first. @param limit default 200; -1: all, with looks that are stored and not shown */
  of(customerId: string, limit = 200): Visit[] {
    const rows = this.#records.all('WHERE customer_id = ? ORDER BY opened_at_ms DESC LIMIT ?', customerId, limit);
    const happened = this.#during.of(rows.map((row) => row.id), limit === -1 || !this.#areLooksLeftOut(customerId));
    return rows.map((row) => ({
      id: row.id, openedAt: toInstant(row.opened_at_ms), lastSeenAt: toInstant(row.last_seen_at_ms),
      closedAt: row.closed_at_ms === null ? null : toInstant(row.closed_at_ms),
      endReason: row.end_reason, arrival: row.arrival, adviser: row.adviser, ...happened.get(row.id)!,
    }));
  }

  /** For figures about nobody: those that began in this time, in order of arrival. */
  between(fromMs: number, toMs: number): VisitOfDay[] {
    return this.#records.between(fromMs, toMs);
  }

  /** Before the one that goes on, if one does. */
  lastVisitAt(customerId: string): string | null {
    return this.presence(customerId).previous?.openedAt ?? null;
  }

  /** Whatever somebody does in an open visit: it is alive, and every page hears of it. */
  #act(visitId: string, work: (row: VisitRow) => void): void {
    this.#db.transaction(() => {
      const row = this.#records.openRow(visitId);
      const now = this.#clock.now();
      if (now >= this.#records.limits(row).day.toMs) throw new PorticoError('visit_closed'); // over with the business day: the sweep ends it in a moment
      work(row);
      this.#records.keepAlive(row, now);
      this.#records.tell(visitId);
    });
  }

  #ofLook(lookId: string, work: (look: LookRow) => void): string {
    return this.#db.transaction(() => {
      const look = this.#during.look(lookId);
      if (look === undefined) throw new PorticoError('look_not_found');
      work(look);
      this.#records.keepAlive(this.#records.row(look.visit_id), this.#clock.now());
      this.#records.tell(look.visit_id);
      return look.visit_id;
    });
  }

  /** Something was written down about the visit the customer is in, or came back from. @param seenAtMs null: they need not be there for it */
  #lookBack(customerId: string, seenAtMs: number | null): void {
    this.#db.transaction(() => {
      const now = this.#clock.now();
      const atMs = seenAtMs ?? now;
      const wasLate = isLate(atMs, now);
      const open = this.#records.openOf(customerId);
      const row = open !== undefined && (!wasLate || open.opened_at_ms <= atMs) ? open : this.#records.lastEnded(customerId, atMs);
      if (row === undefined || !reflectsOn({ ...toOpenVisit(row), closedAtMs: row.closed_at_ms }, atMs)) return;
      // What was typed on an iPad without a link comes later than it was written.
      if (seenAtMs !== null && (!wasLate || atMs > row.last_seen_at_ms)) this.#records.touch(row, wasLate ? atMs : now);
      this.#during.mark(row.id, 'reflect', null, seenAt(toOpenVisit(row), atMs));
      this.#records.tell(row.id);
    });
  }

  #serves(staffId: string): boolean {
    const role = this.#db.get<{ role: Role }>('SELECT role FROM staff WHERE id = ? AND left_at_ms IS NULL', staffId)?.role;
    return role !== undefined && (PERMISSIONS.serve as readonly Role[]).includes(role);
  }
}
