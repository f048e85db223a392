import { randomUUID } from 'node:crypto';
import { VISIT_STAGES, type VISIT_END_REASONS, type Look, type Service, type StageMark, type VisitCard, type VisitStage } from '../contract/index.js';
import { toInstant } from '../kit/index.js';
import type { Database } from '../storage/index.js';

export interface LookRow { id: string; visit_id: string; product_id: string; began_at_ms: number; ended_at_ms: number | null }
interface ServiceRow {
  visit_id: string; staff_id: string; by_name: string; from_ms: number; to_ms: number | null;
  handed_over: number; handed_to: string | null; to_name: string | null; note: string | null;
}
/** An article that was looked at; `endReason`: of the visit, null: still open. `lookedMs`: how long. */
export interface LookedAt {
  productId: string; category: string | null; brand: string | null; atMs: number; endReason: (typeof VISIT_END_REASONS)[number] | null; lookedMs: number;
}
export interface Happened { services: Service[]; stages: StageMark[]; looks: Look[] }

/** What happens in a visit: who serves, how far it got, what is looked at. Every method is called inside a transaction of the visit. */
export class During {
  readonly #db: Database;
  readonly #productName: (productId: string) => string | null;
  readonly #purchasesIn: (visitId: string) => number;

  constructor(db: Database, productName: (productId: string) => string | null, purchasesIn: (visitId: string) => number) {
    this.#db = db;
    this.#productName = productName;
    this.#purchasesIn = purchasesIn;
  }

  // ---- Who serves ----------------------------------------------------------------------------------------------

  /** Ends the stretch under way and begins another; nothing happens while the same person serves. */
  serve(visitId: string, staffId: string, now: number): void {
    const serving = this.#db.get<{ staff_id: string }>('SELECT staff_id FROM visit_service WHERE visit_id = ? AND to_ms IS NULL', visitId);
    if (serving?.staff_id === staffId) return;
    this.#endService(visitId, now);
    this.#db.run('INSERT INTO visit_service (id, visit_id, staff_id, from_ms) VALUES (?, ?, ?, ?)', randomUUID(), visitId, staffId, now);
  }

  /** A visit of an older file has no stretch: then only its end is known. */
  handOver(visitId: string, staffId: string, to: string | null, note: string | null, now: number): void {
    this.serve(visitId, staffId, now);
    this.#db.run('UPDATE visit_service SET to_ms = max(from_ms, ?), handed_over = 1, handed_to = ?, note = ? WHERE visit_id = ? AND to_ms IS NULL', now, to, note, visitId);
  }

  #endService(visitId: string, atMs: number): void {
    this.#db.run('UPDATE visit_service SET to_ms = max(from_ms, ?) WHERE visit_id = ? AND to_ms IS NULL', atMs, visitId);
  }

  // ---- Stages --------------------------------------------------------------------------------------------------

  /** @param by null: the box saw it by itself */
  mark(visitId: string, stage: VisitStage, by: string | null, now: number): void {
    this.#db.run('INSERT INTO visit_stage (visit_id, stage, at_ms, staff_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', visitId, stage, now, by);
  }

  /** Staff say themselves that the customer is there, whom the box saw alone so far. @returns whether that is new */
  vouch(visitId: string, staffId: string, now: number): boolean {
    return this.#db.run(
      `INSERT INTO visit_stage (visit_id, stage, at_ms, staff_id) VALUES (?, 'arrive', ?, ?)
       ON CONFLICT DO UPDATE SET staff_id = excluded.staff_id WHERE staff_id IS NULL`, visitId, now, staffId).changes > 0;
  }

  /** @param untilMs what was marked later stays */
  unmark(visitId: string, stage: VisitStage, untilMs = Number.MAX_SAFE_INTEGER): void {
    this.#db.run('DELETE FROM visit_stage WHERE visit_id = ? AND stage = ? AND at_ms <= ?', visitId, stage, untilMs);
  }

  /** Only what the box saw by itself. */
  unmarkOwn(visitId: string, stage: VisitStage): void {
    this.#db.run('DELETE FROM visit_stage WHERE visit_id = ? AND stage = ? AND staff_id IS NULL', visitId, stage);
  }

  // ---- Looks ---------------------------------------------------------------------------------------------------

  look(id: string): LookRow | undefined {
    return this.#db.get<LookRow>('SELECT * FROM look WHERE id = ?', id);
  }

  looking(visitId: string): LookRow | undefined {
    return this.#db.get<LookRow>('SELECT * FROM look WHERE visit_id = ? AND ended_at_ms IS NULL', visitId);
  }

  beginLook(id: string, visitId: string, productId: string, staffId: string, now: number): void {
    this.endLook(visitId, now);
    this.#db.run('INSERT INTO look (id, visit_id, product_id, began_at_ms, staff_id) VALUES (?, ?, ?, ?, ?)', id, visitId, productId, now, staffId);
    this.mark(visitId, 'attract', null, now);
  }

  endLook(visitId: string, atMs: number): void {
    this.#db.run('UPDATE look SET ended_at_ms = max(began_at_ms, ?) WHERE visit_id = ? AND ended_at_ms IS NULL', atMs, visitId);
  }

  /** As if it had never been: the look that it ended goes on, and without any look nothing attracted. */
  takeBackLook(look: LookRow): void {
    this.#db.run('DELETE FROM look WHERE id = ?', look.id);
    if (look.ended_at_ms === null) {
      this.#db.run(
        `UPDATE look SET ended_at_ms = NULL
         WHERE id = (SELECT id FROM look WHERE visit_id = ? AND ended_at_ms = ? ORDER BY began_at_ms DESC, rowid DESC LIMIT 1)`, look.visit_id, look.began_at_ms);
    }
    this.#db.run(
      `DELETE FROM visit_stage WHERE visit_id = ? AND stage = 'attract' AND staff_id IS NULL AND NOT EXISTS (SELECT 1 FROM look WHERE visit_id = ?)`,
      look.visit_id, look.visit_id);
  }

  hasLooks(customerId: string): boolean {
    return this.#db.get('SELECT 1 FROM look JOIN visit ON visit.id = visit_id WHERE customer_id = ?', customerId) !== undefined;
  }

  /** What was looked at since then, on the list or not any more, with what became of the visit: the newest. */
  lookedAt(customerId: string, sinceMs: number, limit: number): LookedAt[] {
    return this.#db.all<LookedAt>(
      `SELECT product.id AS productId, category, brand, began_at_ms AS atMs, end_reason AS endReason, coalesce(ended_at_ms - began_at_ms, 0) AS lookedMs
       FROM visit JOIN look ON visit_id = visit.id JOIN product ON product.id = product_id WHERE customer_id = ? AND opened_at_ms > ?
       ORDER BY opened_at_ms DESC, began_at_ms DESC LIMIT ?`, customerId, sinceMs, limit);
  }

  dropLooks(customerId: string): void {
    this.#db.run('DELETE FROM look WHERE visit_id IN (SELECT id FROM visit WHERE customer_id = ?)', customerId);
  }

  // ---- The end -------------------------------------------------------------------------------------------------

  /**
   * Whether staff opened it, serve or served in it, marked a stage, or wrote down a look, a purchase or a note. Each of these marks a stage,
   * which may be unmarked by hand, or stays when what marked it is dropped.
   */
  isAttended(visitId: string): boolean {
    return this.#purchasesIn(visitId) > 0 || this.#db.get(
      `SELECT 1 FROM visit_service WHERE visit_id = ?
       UNION ALL SELECT 1 FROM visit_stage WHERE visit_id = ? AND (staff_id IS NOT NULL OR stage IN ('attract', 'complete', 'reflect'))
       UNION ALL SELECT 1 FROM visit WHERE id = ? AND arrival IN ('by_hand', 'scanned')
       UNION ALL SELECT 1 FROM look WHERE visit_id = ? LIMIT 1`,
      visitId, visitId, visitId, visitId) !== undefined;
  }

  /** What is under way ends with the visit. */
  end(visitId: string, atMs: number): void {
    this.#endService(visitId, atMs);
    this.endLook(visitId, atMs);
  }

  /** It was somebody else: what they looked at, how far it got and what was said of them is not this customer's. Who served stays. */
  disown(visitId: string): void {
    this.#db.run('DELETE FROM look WHERE visit_id = ?', visitId);
    this.#db.run('DELETE FROM visit_stage WHERE visit_id = ?', visitId);
    this.#db.run('UPDATE visit_service SET note = NULL WHERE visit_id = ?', visitId);
  }

  // ---- Reading -------------------------------------------------------------------------------------------------

  /** The look under way in each of the visits, and how many were before. */
  looksNow(visitIds: readonly string[]): Map<string, { looking: Look | null; looks: number }> {
    const rows = this.#db.all<LookRow & { looks: number }>(
      `SELECT *, count(ended_at_ms) AS looks, max(ended_at_ms IS NULL) FROM look WHERE visit_id IN (SELECT value FROM json_each(?)) GROUP BY visit_id`,
      JSON.stringify(visitIds));
    // Beside a max(), SQLite gives the other columns from the row that has it ("Bare columns in an aggregate query").
    return new Map(rows.map((row) => [row.visit_id, { looking: row.ended_at_ms === null ? this.#toLook(row) : null, looks: row.looks }]));
  }

  /** For each of the visits, the earliest first. Three statements, however many visits. @param looks whether looks are read too */
  of(visitIds: readonly string[], looks = true): Map<string, Happened> {
    const all = new Map<string, Happened>(visitIds.map((id) => [id, { services: [], stages: [], looks: [] }]));
    const ids = JSON.stringify(visitIds);
    const services = this.#db.all<ServiceRow>(
      `SELECT visit_id, staff_id, server.name AS by_name, from_ms, to_ms, handed_over, handed_to, receiver.name AS to_name, note
       FROM visit_service JOIN staff AS server ON server.id = staff_id LEFT JOIN staff AS receiver ON receiver.id = handed_to
       WHERE visit_id IN (SELECT value FROM json_each(?)) ORDER BY from_ms, visit_service.rowid`, ids);
    for (const row of services) all.get(row.visit_id)!.services.push(toService(row));
    const stages = this.#db.all<{ visit_id: string; stage: VisitStage; at_ms: number; name: string | null }>(
      `SELECT visit_id, stage, at_ms, staff.name FROM visit_stage LEFT JOIN staff ON staff.id = staff_id
       WHERE visit_id IN (SELECT value FROM json_each(?))`, ids);
    for (const row of stages) all.get(row.visit_id)!.stages.push({ stage: row.stage, at: toInstant(row.at_ms), by: row.name });
    for (const { stages } of all.values()) stages.sort((a, b) => VISIT_STAGES.indexOf(a.stage) - VISIT_STAGES.indexOf(b.stage));
    if (looks) {
      const rows = this.#db.all<LookRow>('SELECT * FROM look WHERE visit_id IN (SELECT value FROM json_each(?)) ORDER BY began_at_ms, rowid', ids);
      for (const row of rows) all.get(row.visit_id)!.looks.push(this.#toLook(row));
    }
    return all;
  }

  #toLook(row: LookRow): Look {
    return {
      id: row.id, productId: row.product_id, productName: this.#productName(row.product_id) ?? '',
      beganAt: toInstant(row.began_at_ms), endedAt: row.ended_at_ms === null ? null : toInstant(row.ended_at_ms),
    };
  }
}

function toService(row: ServiceRow): Service {
  return {
    by: { id: row.staff_id, name: row.by_name }, from: toInstant(row.from_ms), to: row.to_ms === null ? null : toInstant(row.to_ms),
    handedOver: row.handed_over === 0 ? null : { to: row.handed_to === null ? null : { id: row.handed_to, name: row.to_name! }, note: row.note },
  };
}

/** Words to a colleague who never took them up are for the next visit within this time; after that the dossier tells them. */
export const WORDS_WAIT_MS = 7 * 86_400_000;

/** With what words the customer was handed on last, for the card while nobody serves. To somebody who works here no more is to whoever comes. */
export function handedOverIn(services: readonly Service[], serves: (staffId: string) => boolean): VisitCard['handedOver'] {
  const last = services.at(-1);
  if (last?.handedOver == null) return null;
  const { to, note } = last.handedOver;
  return { by: last.by, to: to !== null && serves(to.id) ? to : null, note, at: last.to! };
}
