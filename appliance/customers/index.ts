import { randomUUID } from 'node:crypto';
import type { CustomerChange, CustomerCreate, CustomerFields, ContactWay, Note, NoteRequest } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import { isUniqueViolation, movableRows, type Database, type MovableRows } from '../storage/index.js';

export interface Customer extends CustomerFields {
  id: string;
  createdAt: string;
}
interface CustomerRow {
  id: string; display_name: string; salutation: string | null; phone: string | null; tier: string | null; created_at_ms: number; merged_into_id: string | null;
  member_no: string | null; points: number; email: string | null; wechat: string | null; contact_by: string; contact_when: string | null; contact_never: number;
}
type LineKind = 'fact' | 'do_not' | 'allergy' | 'like' | 'dislike';
export interface Merge { id: string; displayName: string; at: string; by: string }

/** Dossiers: who a customer is and what was learnt. Everything works with recognition off. */
export class Customers {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;

  #merged: readonly MovableRows[];
  #isRestricted: (customerId: string) => boolean = () => false;
  #requireFactsAgreed: (customerId: string, correcting: boolean) => void = () => undefined;
  #isGoing: (customerId: string) => boolean = () => false;

  constructor(deps: { db: Database; clock: Clock; events: EventBus }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#merged = [movableRows(deps.db, 'note')];
  }

  /**
   * While one of these says yes of one of them, two dossiers are not merged. While it is the first, they are not taken apart either, and
   * no note is added.
   * @param isGoing whether the dossier is being erased: what moved there would go with it
   */
  keepApart(isRestricted: (customerId: string) => boolean, isGoing: (customerId: string) => boolean): void {
    this.#isRestricted = isRestricted;
    this.#isGoing = isGoing;
  }

  /**
   * @param requireAgreed asked inside the transaction that adds a fact to a dossier; throws where the customer did not agree to that.
   *   `correcting`: facts are put in the place of others, and are no more than before
   */
  factsNeed(requireAgreed: (customerId: string, correcting: boolean) => void): void {
    this.#requireFactsAgreed = requireAgreed;
  }

  /** What other rooms hold of a dossier and goes along when it is merged. Must be given before any merge. */
  mergeWith(rows: readonly MovableRows[]): void {
    this.#merged = [...this.#merged, ...rows];
  }

  /** @throws PorticoError phone_taken */
  create(fields: CustomerCreate): Customer {
    const id = randomUUID();
    return this.#db.transaction(() => {
      this.#guardPhone(() => this.#db.run(
        'INSERT INTO customer (id, display_name, salutation, phone, tier, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
        id, fields.displayName.trim(), fields.salutation ?? null, fields.phone ?? null, fields.tier ?? null, this.#clock.now()));
      this.#replaceLines(id, 'fact', fields.facts ?? []);
      this.#replaceLines(id, 'do_not', fields.doNot ?? []);
      return this.byId(id);
    });
  }

  /**
   * Changes the fields that are given, keeps the others. Facts may always be taken out.
   * @throws PorticoError customer_not_found, phone_taken, edit_conflict {fields}, and what `factsNeed` throws
   */
  change(id: string, { base = {}, ...change }: CustomerChange): Customer {
    return this.#db.transaction(() => {
      const before = this.byId(id);
      const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
      const conflicts = (Object.keys(base) as (keyof CustomerFields)[])
        .filter((field) => field in change && !same(before[field], base[field]) && !same(before[field], change[field]));
      if (conflicts.length > 0) throw new PorticoError('edit_conflict', { fields: conflicts.join(',') });
      const next = { ...before, ...change };
      if (addsLine(before.facts, next.facts)) this.#requireFactsAgreed(id, next.facts.length <= before.facts.length);
      this.#guardPhone(() => this.#db.run(
        'UPDATE customer SET display_name = ?, salutation = ?, phone = ?, tier = ? WHERE id = ?',
        next.displayName.trim(), next.salutation, next.phone, next.tier, id));
      if (change.facts !== undefined) this.#replaceLines(id, 'fact', change.facts);
      if (change.doNot !== undefined) this.#replaceLines(id, 'do_not', change.doNot);
      this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId: id }));
      return this.byId(id);
    });
  }

  /** @throws PorticoError customer_not_found, customer_merged {into} */
  byId(id: string): Customer {
    const row = this.#db.get<CustomerRow>('SELECT * FROM customer WHERE id = ?', id);
    if (row === undefined) throw new PorticoError('customer_not_found');
    if (row.merged_into_id !== null) throw new PorticoError('customer_merged', { into: row.merged_into_id });
    return { id: row.id, ...this.#fields(row), createdAt: toInstant(row.created_at_ms) };
  }

  #fields(row: CustomerRow): CustomerFields {
    return {
      displayName: row.display_name, salutation: row.salutation, phone: row.phone, tier: row.tier, memberNo: row.member_no, points: row.points,
      email: row.email, wechat: row.wechat, contactBy: row.contact_by === '' ? [] : row.contact_by.split(',') as ContactWay[], contactWhen: row.contact_when,
      contactNever: row.contact_never === 1, facts: this.#lines(row.id, 'fact'), doNot: this.#lines(row.id, 'do_not'), allergies: this.#lines(row.id, 'allergy'),
      likes: this.#lines(row.id, 'like'), dislikes: this.#lines(row.id, 'dislike'), sizes: [], dates: [], companions: [],
    };
  }

  /** The facts on the card, of this dossier alone. */
  hasFacts(id: string): boolean {
    return this.#db.get(`SELECT 1 FROM customer_line WHERE customer_id = ? AND kind = 'fact'`, id) !== undefined;
  }

  /** Takes the facts out; do-not lines stay: they are the customer's own instructions, and bind the store. Safe to repeat. */
  dropFacts(id: string): void {
    this.#db.run(`DELETE FROM customer_line WHERE customer_id = ? AND kind = 'fact'`, id);
    this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId: id }));
  }

  /**
   * With an `id` that is there already, the same text for the same customer: that note, and nothing is added.
   * @throws PorticoError customer_not_found, customer_restricted, id_taken
   */
  addNote(customerId: string, { text, id = randomUUID(), ageMs = 0 }: NoteRequest, staffId: string): Note {
    return this.#db.transaction(() => {
      this.byId(customerId);
      const before = this.#db.get<{ customer_id: string; text: string }>('SELECT customer_id, text FROM note WHERE id = ?', id);
      if (before !== undefined) {
        if (before.customer_id !== customerId || before.text !== text.trim()) throw new PorticoError('id_taken');
        return this.notes(customerId, -1).find((note) => note.id === id)!;
      }
      if (this.#isRestricted(customerId)) throw new PorticoError('customer_restricted');
      this.#db.run('INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES (?, ?, ?, ?, ?)',
        id, customerId, text.trim(), staffId, this.#clock.now() - ageMs);
      this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
      this.#db.afterCommit(() => this.#events.emit('noteAdded', { customerId, atMs: this.#clock.now() - ageMs }));
      return this.notes(customerId, -1).find((note) => note.id === id)!;
    });
  }

  /** Newest first. @param limit default 500; -1: all */
  notes(customerId: string, limit = 500): Note[] {
    return this.#db.all<{ id: string; text: string; author: string; at_ms: number }>(
      `SELECT note.id, text, staff.name AS author, at_ms FROM note JOIN staff ON staff.id = author_id
       WHERE customer_id = ? ORDER BY at_ms DESC, note.rowid DESC LIMIT ?`, customerId, limit)
      .map((row) => ({ id: row.id, text: row.text, author: row.author, at: toInstant(row.at_ms) }));
  }

  /**
   * The dossier `from` turned out to be the same person as `into`: notes and the other rooms' rows go there, the phone
   * number too if there is none yet, and `from` is hidden. Facts, tier and form of address of `into` stay as they are.
   * @param alongside done first in the same transaction: ends the consent given under `from`, so that what rests on it (match
   *   scores, a recognised visit that is open) does not go along
   * @throws PorticoError customer_not_found (also of one that is being erased), customer_merged, merge_invalid, customer_restricted
   */
  merge(from: string, into: string, staffId: string, alongside: () => void): void {
    if (from === into) throw new PorticoError('merge_invalid');
    if (this.#isGoing(from) || this.#isGoing(into)) throw new PorticoError('customer_not_found');
    if (this.#isRestricted(from) || this.#isRestricted(into)) throw new PorticoError('customer_restricted');
    this.#db.transaction(() => {
      const [gone, kept] = [this.byId(from), this.byId(into)];
      alongside();
      const id = randomUUID();
      const phoneMoved = kept.phone === null ? gone.phone : null;
      this.#db.run('INSERT INTO customer_merge (id, from_id, into_id, phone_moved, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
        id, from, into, phoneMoved, staffId, this.#clock.now());
      for (const { kind, move } of this.#merged) {
        for (const rowId of move(from, into)) {
          this.#db.run('INSERT INTO customer_merge_row (merge_id, kind, row_id) VALUES (?, ?, ?)', id, kind, rowId);
        }
      }
      this.#db.run('UPDATE customer SET merged_into_id = ?, phone = ? WHERE id = ?', into, phoneMoved === null ? gone.phone : null, from);
      if (phoneMoved !== null) this.#db.run('UPDATE customer SET phone = ? WHERE id = ?', phoneMoved, into);
      this.#tellBoth(from, into);
    });
  }

  /**
   * Takes a merged dossier out again with exactly the rows that went along. A consent that ended with the merge stays
   * ended: it has to be asked for again. Merges are undone in the reverse order.
   * @returns the id of the dossier that is back
   * @throws PorticoError merge_not_found, customer_restricted, merge_undo_order {into} when the dossier it went into was merged itself since
   */
  undoMerge(mergeId: string): string {
    return this.#db.transaction(() => {
      const merge = this.#db.get<{ from_id: string; into_id: string }>(
        'SELECT from_id, into_id FROM customer_merge WHERE id = ? AND undone_at_ms IS NULL', mergeId);
      if (merge === undefined) throw new PorticoError('merge_not_found');
      if (this.#isRestricted(merge.from_id) || this.#isRestricted(merge.into_id)) throw new PorticoError('customer_restricted');
      const kept = this.#db.get<{ merged_into_id: string | null }>('SELECT merged_into_id FROM customer WHERE id = ?', merge.into_id)!;
      if (kept.merged_into_id !== null) throw new PorticoError('merge_undo_order', { into: kept.merged_into_id });
      this.#moveApart(mergeId);
      this.#tellBoth(merge.from_id, merge.into_id);
      return merge.from_id;
    });
  }

  #moveApart(mergeId: string): void {
    const merge = this.#db.get<{ from_id: string; into_id: string; phone_moved: string | null }>('SELECT from_id, into_id, phone_moved FROM customer_merge WHERE id = ?', mergeId)!;
    for (const { kind, moveBack } of this.#merged) {
      const rows = this.#db.all<{ row_id: string }>('SELECT row_id FROM customer_merge_row WHERE merge_id = ? AND kind = ?', mergeId, kind);
      moveBack(rows.map((row) => row.row_id), merge.into_id, merge.from_id);
    }
    this.#db.run('UPDATE customer SET merged_into_id = NULL WHERE id = ?', merge.from_id);
    // The number goes back unless somebody changed it since.
    if (merge.phone_moved !== null
      && this.#db.run('UPDATE customer SET phone = NULL WHERE id = ? AND phone = ?', merge.into_id, merge.phone_moved).changes > 0) {
      this.#db.run('UPDATE customer SET phone = ? WHERE id = ?', merge.phone_moved, merge.from_id);
    }
    this.#db.run('UPDATE customer_merge SET undone_at_ms = ? WHERE id = ?', this.#clock.now(), mergeId);
  }

  /** The dossiers in this one that can be taken out again, newest first. */
  merges(customerId: string): Merge[] {
    return this.#db.all<{ id: string; display_name: string; at_ms: number; name: string }>(
      `SELECT customer_merge.id, display_name, at_ms, staff.name FROM customer_merge
       JOIN customer ON customer.id = from_id JOIN staff ON staff.id = customer_merge.staff_id
       WHERE into_id = ? AND undone_at_ms IS NULL ORDER BY at_ms DESC`, customerId)
      .map((row) => ({ id: row.id, displayName: row.display_name, at: toInstant(row.at_ms), by: row.name }));
  }

  /** The dossier and all that were merged into it, over any number of steps; the one asked for comes first. */
  withMerged(id: string): string[] {
    return this.#db.all<{ id: string }>(
      `WITH RECURSIVE family (id, depth) AS (
         SELECT id, 0 FROM customer WHERE id = ? UNION SELECT customer.id, depth + 1 FROM customer JOIN family ON merged_into_id = family.id)
       SELECT id FROM family ORDER BY depth`, id).map((row) => row.id);
  }

  /** The dossiers in this one, newest merge first; also those that went in by way of another. */
  formerDossiers(id: string): (CustomerFields & { mergedAtMs: number })[] {
    return this.withMerged(id).slice(1).map((former) => {
      const row = this.#db.get<CustomerRow & { mergedAtMs: number }>(
        `SELECT customer.*, at_ms AS mergedAtMs FROM customer JOIN customer_merge ON from_id = customer.id AND undone_at_ms IS NULL WHERE customer.id = ?`, former)!;
      return { ...this.#fields(row), mergedAtMs: row.mergedAtMs };
    }).sort((a, b) => b.mergedAtMs - a.mergedAtMs);
  }

  /**
   * Deletes one dossier for good: name, number, facts, notes, and what was written down about merging. One that was merged is taken
   * out first, with its rows; one that was merged into it (as an older file may say) is a dossier of its own again. Nothing is
   * there to delete: nothing happens. What other rooms hold has to be deleted alongside, in the same transaction.
   * @param alongside called when the dossier stands by itself
   */
  erase(id: string, alongside: () => void): void {
    this.#db.transaction(() => {
      const mine = this.#db.get<{ merged_into_id: string | null }>('SELECT merged_into_id FROM customer WHERE id = ?', id);
      const merge = this.#db.get<{ id: string }>('SELECT id FROM customer_merge WHERE from_id = ? AND undone_at_ms IS NULL', id);
      if (mine?.merged_into_id != null && merge !== undefined) this.#moveApart(merge.id);
      alongside();
      this.#db.run('UPDATE customer SET merged_into_id = NULL WHERE merged_into_id = ?', id);
      this.#db.run('DELETE FROM customer_merge_row WHERE merge_id IN (SELECT id FROM customer_merge WHERE ? IN (from_id, into_id))', id);
      this.#db.run('DELETE FROM customer_merge WHERE ? IN (from_id, into_id)', id);
      this.#db.run('DELETE FROM note WHERE customer_id = ?', id);
      this.#db.run('DELETE FROM customer_line WHERE customer_id = ?', id);
      this.#db.run('DELETE FROM customer WHERE id = ?', id);
      this.#db.afterCommit(() => this.#events.emit('dossierErased', { customerId: id }));
    });
  }

  /** For the retention table. */
  readonly retention = {
    kind: 'notes',
    count: (): number => this.#db.get<{ n: number }>('SELECT count(*) AS n FROM note')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => this.#db.run(
      'DELETE FROM note WHERE at_ms < ? AND customer_id NOT IN (SELECT value FROM json_each(?))', ms, JSON.stringify(held)).changes,
  } as const;

  count(): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM customer WHERE merged_into_id IS NULL')!.n;
  }

  /** All dossiers of these people: merged into theirs, or what theirs was merged into, over any number of steps. Those asked for too. */
  families(ids: readonly string[]): string[] {
    return this.#db.all<{ id: string }>(
      `WITH RECURSIVE
         above (id) AS (SELECT value FROM json_each(?) UNION SELECT merged_into_id FROM customer JOIN above USING (id) WHERE merged_into_id IS NOT NULL),
         family (id) AS (SELECT id FROM above UNION SELECT customer.id FROM customer JOIN family ON merged_into_id = family.id)
       SELECT id FROM family`, JSON.stringify(ids)).map((row) => row.id);
  }

  /**
   * Customers with whom the store has had nothing to do since then: no visit, note, follow-up, consent or merge. Read off
   * `last_contact_ms`, never off those rows: they may be over their own terms already.
   */
  inactiveSince(ms: number): string[] {
    return this.#db.all<{ id: string }>('SELECT id FROM customer WHERE merged_into_id IS NULL AND last_contact_ms < ?', ms).map((row) => row.id);
  }

  /** An open visit that changed hands shows another name now. */
  #tellBoth(...customerIds: [string, string]): void {
    this.#db.afterCommit(() => { for (const customerId of customerIds) this.#events.emit('customerChanged', { customerId }); });
  }

  #lines(customerId: string, kind: LineKind): string[] {
    return this.#db.all<{ text: string }>('SELECT text FROM customer_line WHERE customer_id = ? AND kind = ? ORDER BY position', customerId, kind)
      .map((row) => row.text);
  }

  #replaceLines(customerId: string, kind: LineKind, texts: readonly string[]): void {
    this.#db.run('DELETE FROM customer_line WHERE customer_id = ? AND kind = ?', customerId, kind);
    for (const [position, text] of texts.entries()) {
      this.#db.run('INSERT INTO customer_line (customer_id, kind, position, text) VALUES (?, ?, ?, ?)', customerId, kind, position, text.trim());
    }
  }

  #guardPhone(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (isUniqueViolation(error, 'customer.phone')) throw new PorticoError('phone_taken');
      throw error;
    }
  }
}

/** Whether there is a line that was not there before, or more often than before. */
function addsLine(before: readonly string[], after: readonly string[]): boolean {
  const known = [...before];
  return after.some((line) => {
    const at = known.indexOf(line.trim());
    if (at !== -1) known.splice(at, 1);
    return at === -1;
  });
}
