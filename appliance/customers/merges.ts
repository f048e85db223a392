import { randomUUID } from 'node:crypto';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Database, MovableRows } from '../storage/index.js';
import type { Lines } from './lines.js';

export interface Merge { id: string; displayName: string; at: string; by: string }
interface Held { phone: string | null; memberNo: string | null }

/** Two dossiers of one person, made one and taken apart again. Every call is inside a transaction, or reads. */
export class Merges {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #lines: Lines;
  #rows: readonly MovableRows[];

  /** @param deps.rows what goes along */
  constructor(deps: { db: Database; clock: Clock; lines: Lines; rows: readonly MovableRows[] }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#lines = deps.lines;
    this.#rows = deps.rows;
  }

  moveAlong(rows: readonly MovableRows[]): void {
    this.#rows = [...this.#rows, ...rows];
  }

  /** Phone and member number go along where the dossier that stays has none. */
  make(from: { id: string } & Held, into: { id: string } & Held, staffId: string): void {
    const id = randomUUID();
    const [phone, memberNo] = [into.phone === null ? from.phone : null, into.memberNo === null ? from.memberNo : null];
    this.#db.run('INSERT INTO customer_merge (id, from_id, into_id, phone_moved, member_no_moved, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
      id, from.id, into.id, phone, memberNo, staffId, this.#clock.now());
    for (const { kind, move } of this.#rows) {
      for (const rowId of move(from.id, into.id)) this.#db.run('INSERT INTO customer_merge_row (merge_id, kind, row_id) VALUES (?, ?, ?)', id, kind, rowId);
    }
    this.#lines.copyProtecting(id, from.id, into.id);
    this.#db.run('UPDATE customer SET merged_into_id = ?, phone = ?, member_no = ? WHERE id = ?',
      into.id, phone === null ? from.phone : null, memberNo === null ? from.memberNo : null, from.id);
    if (phone !== null) this.#db.run('UPDATE customer SET phone = ? WHERE id = ?', phone, into.id);
    if (memberNo !== null) this.#db.run('UPDATE customer SET member_no = ? WHERE id = ?', memberNo, into.id);
  }

  /** @throws PorticoError merge_not_found */
  byId(mergeId: string): { fromId: string; intoId: string } {
    const merge = this.#db.get<{ fromId: string; intoId: string }>(
      'SELECT from_id AS fromId, into_id AS intoId FROM customer_merge WHERE id = ? AND undone_at_ms IS NULL', mergeId);
    if (merge === undefined) throw new PorticoError('merge_not_found');
    return merge;
  }

  /** The merge by which a dossier was hidden, if it is. */
  hiding(customerId: string): string | undefined {
    return this.#db.get<{ id: string }>('SELECT id FROM customer_merge WHERE from_id = ? AND undone_at_ms IS NULL', customerId)?.id;
  }

  /** Takes the member number of a hidden dossier for the one it went into: written down in each merge on the way, so that it goes back with them. */
  takeMemberNo(hiddenId: string): void {
    const { member_no: memberNo } = this.#db.get<{ member_no: string }>('SELECT member_no FROM customer WHERE id = ?', hiddenId)!;
    this.#db.run('UPDATE customer SET member_no = NULL WHERE id = ?', hiddenId);
    for (let merge = this.hiding(hiddenId); merge !== undefined; merge = this.hiding(this.byId(merge).intoId)) {
      this.#db.run('UPDATE customer_merge SET member_no_moved = ? WHERE id = ?', memberNo, merge);
    }
  }

  /** A number that was corrected or taken out goes back to nobody, and is not kept where no copy for the customer would show it. */
  forgetPhone(customerId: string, phone: string): void {
    this.#db.run(
      `WITH RECURSIVE family (id) AS (VALUES (?) UNION SELECT customer.id FROM customer JOIN family ON merged_into_id = family.id)
       UPDATE customer_merge SET phone_moved = NULL WHERE phone_moved = ? AND undone_at_ms IS NULL AND into_id IN (SELECT id FROM family)`, customerId, phone);
  }

  /** @param staffId who undoes it; null: whoever made it, where a dossier is taken out only to be erased */
  undo(mergeId: string, staffId: string | null): void {
    const merge = this.#db.get<{ from_id: string; into_id: string; staff_id: string; phone_moved: string | null; member_no_moved: string | null }>(
      'SELECT from_id, into_id, staff_id, phone_moved, member_no_moved FROM customer_merge WHERE id = ?', mergeId)!;
    const noted = (kind: string) =>
      this.#db.all<{ row_id: string }>('SELECT row_id FROM customer_merge_row WHERE merge_id = ? AND kind = ?', mergeId, kind).map((row) => row.row_id);
    for (const { kind, moveBack } of this.#rows) moveBack(noted(kind), merge.into_id, merge.from_id, staffId ?? merge.staff_id);
    this.#lines.dropCopied(mergeId, merge.into_id);
    this.#db.run('UPDATE customer SET merged_into_id = NULL WHERE id = ?', merge.from_id);
    // The phone number goes back unless somebody changed it since; the member number, which is one person's, unless somebody else has it now.
    const { phone_moved: phone, member_no_moved: memberNo } = merge;
    if (phone !== null && this.#db.run('UPDATE customer SET phone = NULL WHERE id = ? AND phone = ?', merge.into_id, phone).changes > 0) {
      this.#db.run('UPDATE customer SET phone = ? WHERE id = ?', phone, merge.from_id);
    }
    if (memberNo !== null) {
      this.#db.run('UPDATE customer SET member_no = NULL WHERE id = ? AND member_no = ?', merge.into_id, memberNo);
      this.#db.run('UPDATE customer SET member_no = ? WHERE id = ? AND member_no IS NULL AND NOT EXISTS (SELECT 1 FROM customer AS other WHERE other.member_no = ?)',
        memberNo, merge.from_id, memberNo);
    }
    // What went back stands in the dossiers again, where it is shown and corrected.
    this.#db.run('UPDATE customer_merge SET undone_at_ms = ?, phone_moved = NULL, member_no_moved = NULL WHERE id = ?', this.#clock.now(), mergeId);
  }

  /** The dossiers in this one that can be taken out again, newest first. */
  of(customerId: string): Merge[] {
    return this.#db.all<{ id: string; display_name: string; at_ms: number; name: string }>(
      `SELECT customer_merge.id, display_name, at_ms, staff.name FROM customer_merge
       JOIN customer ON customer.id = from_id JOIN staff ON staff.id = customer_merge.staff_id
       WHERE into_id = ? AND undone_at_ms IS NULL ORDER BY at_ms DESC`, customerId)
      .map((row) => ({ id: row.id, displayName: row.display_name, at: toInstant(row.at_ms), by: row.name }));
  }

  /** What was written down about merging this dossier or others into it. */
  erase(customerId: string): void {
    this.#db.run('UPDATE customer SET merged_into_id = NULL WHERE merged_into_id = ?', customerId);
    this.#db.run('DELETE FROM customer_merge_row WHERE merge_id IN (SELECT id FROM customer_merge WHERE ? IN (from_id, into_id))', customerId);
    this.#db.run('DELETE FROM customer_merge WHERE ? IN (from_id, into_id)', customerId);
  }
}
