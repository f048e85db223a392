import { randomUUID } from 'node:crypto';
import { isYearlyDate, LINES_MAX, type ContactWay, type CustomerChange, type CustomerCreate, type CustomerFields, type Note, type NoteRequest } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { doneAt, phoneSpellings, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { movableRows, type Database, type MovableRows, type Value } from '../storage/index.js';
import { addedPreferences, conflicting, readableIn, saysMore } from './edits.js';
import { Lines, type StatedLike } from './lines.js';
import { Merges, type Merge } from './merges.js';
import { Notes } from './notes.js';
import { QuickNotes } from './quickNotes.js';

export type { StatedLike } from './lines.js';
export type { Merge } from './merges.js';

export interface Customer extends CustomerFields {
  id: string;
  createdAt: string;
}
interface CustomerRow {
  id: string; display_name: string; salutation: string | null; phone: string | null; tier: string | null; created_at_ms: number; merged_into_id: string | null;
  member_no: string | null; points: number; email: string | null; wechat: string | null; contact_by: string; contact_when: string | null; contact_never: number;
}
/** What is not said of somebody new. */
const EMPTY: Omit<CustomerFields, 'displayName'> = {
  salutation: null, phone: null, tier: null, memberNo: null, points: 0, email: null, wechat: null, contactBy: [], contactWhen: null, contactNever: false,
  facts: [], doNot: [], allergies: [], likes: [], dislikes: [], sizes: [], dates: [], companions: [],
};
const COLUMNS = ['display_name', 'salutation', 'phone', 'tier', 'member_no', 'points', 'email', 'wechat', 'contact_by', 'contact_when', 'contact_never'];

/** Dossiers: who a customer is and what was learnt. Everything works with recognition off. */
export class Customers {
  readonly quickNotes: QuickNotes;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #lines: Lines;
  readonly #notes: Notes;
  readonly #merges: Merges;

  #isRestricted: (customerId: string) => boolean = () => false;
  #requireFactsAgreed: (customerId: string, correcting: boolean) => void = () => undefined;
  #areTwo: (id: string, other: string, staffId: string) => void = () => undefined;
  #isGoing: (customerId: string) => boolean = () => false;

  constructor(deps: { db: Database; clock: Clock; events: EventBus }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.quickNotes = new QuickNotes(deps);
    this.#notes = new Notes(deps);
    this.#lines = new Lines({ ...deps, standing: (id) => this.#standing(id) });
    this.#merges = new Merges({ ...deps, lines: this.#lines, rows: [movableRows(deps.db, 'note')] });
  }

  /**
   * While one of these says yes of one of them, two dossiers are not merged. While it is the first, they are not taken apart either, and
   * nothing is added to them (see `change`).
   * @param isGoing whether the dossier is being erased: what moved there would go with it
   */
  keepApart(isRestricted: (customerId: string) => boolean, isGoing: (customerId: string) => boolean): void {
    this.#isRestricted = isRestricted;
    this.#isGoing = isGoing;
  }

  /**
   * @param requireAgreed asked inside the transaction that adds a fact, like, dislike or size to a dossier; throws where the customer did
   *   not agree to that. `correcting`: they are put in the place of others, and are no more than before
   */
  factsNeed(requireAgreed: (customerId: string, correcting: boolean) => void): void {
    this.#requireFactsAgreed = requireAgreed;
  }

  /** @param areTwo told inside the transaction in which somebody said that two customers use one number */
  sharingWith(areTwo: (id: string, other: string, staffId: string) => void): void {
    this.#areTwo = areTwo;
  }

  /** What other rooms hold of a dossier and goes along when it is merged. Must be given before any merge. */
  mergeWith(rows: readonly MovableRows[]): void {
    this.#merges.moveAlong(rows);
  }

  /**
   * With an `id` under which the same person has made a dossier already: that one as it is now, whatever was edited since, and nothing is made.
   * @param staffId who writes it down; null: the box
   * @throws PorticoError phone_taken {customerId}, member_no_taken {customerId}, date_invalid, companion_invalid, id_taken,
   *   customer_merged {into}, bad_request {where} of a line with nothing to read
   */
  create({ id = randomUUID(), sharedPhone = false, ...fields }: CustomerCreate, staffId: string | null = null): Customer {
    return this.#db.transaction(() => {
      const known = this.#db.get<{ madeBy: string | null }>('SELECT made_by AS madeBy FROM customer WHERE id = ?', id);
      if (known !== undefined) {
        if (known.madeBy !== staffId) throw new PorticoError('id_taken');
        return this.byId(id);
      }
      const next: CustomerFields = { ...EMPTY, ...readableIn(fields) };
      this.#check(id, null, next, sharedPhone);
      this.#db.run(`INSERT INTO customer (id, created_at_ms, made_by, ${COLUMNS.join(', ')}) VALUES (?, ?, ?, ${COLUMNS.map(() => '?').join(', ')})`, id, this.#clock.now(), staffId, ...columnsOf(next));
      this.#lines.write(id, next, staffId);
      if (sharedPhone) this.#tellShared(id, null, next, staffId);
      return this.byId(id);
    });
  }

  /**
   * Changes the fields that are given, keeps the others. Facts and the like may always be taken out. While processing is restricted nothing
   * is added or replaced by new content, but do-not lines, allergies and that the customer does not want to be contacted: they protect the
   * customer.
   * @param staffId who writes it down; null: the box
   * @param correcting whoever answers for the data puts right what is wrong, while processing is restricted too
   * @throws PorticoError customer_not_found, edit_conflict {fields}, phone_taken {customerId}, member_no_taken {customerId}, date_invalid,
   *   companion_invalid, customer_restricted, bad_request {where} of a line with nothing to read, and what `factsNeed` throws
   */
  change(id: string, { base = {}, sharedPhone = false, ...change }: CustomerChange, staffId: string | null = null, correcting = false): Customer {
    return this.#db.transaction(() => {
      const before = this.byId(id);
      const given = readableIn(change);
      const conflicts = conflicting(before, given, base);
      if (conflicts.length > 0) throw new PorticoError('edit_conflict', { fields: conflicts.join(',') });
      const next: CustomerFields = { ...before, ...given };
      if (!correcting && this.#isRestricted(id) && saysMore(before, next)) throw new PorticoError('customer_restricted');
      const added = addedPreferences(before, next);
      if (added !== 'none') this.#requireFactsAgreed(id, added === 'replaced');
      this.#check(id, before, next, sharedPhone);
      this.#db.run(`UPDATE customer SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`, ...columnsOf(next), id);
      if (before.phone !== null && next.phone !== before.phone) this.#merges.forgetPhone(id, before.phone);
      this.#lines.write(id, given, staffId);
      if (sharedPhone) this.#tellShared(id, before, next, staffId);
      this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId: id }));
      return this.byId(id);
    });
  }

  #check(id: string, before: CustomerFields | null, next: CustomerFields, sharedPhone: boolean): void {
    if (!next.dates.every(isYearlyDate)) throw new PorticoError('date_invalid');
    // Those of merged dossiers stand beyond the bound: then no more may be written.
    for (const kind of ['doNot', 'allergies'] as const) {
      if (next[kind].length > Math.max(LINES_MAX[kind], before?.[kind].length ?? 0)) throw new PorticoError('bad_request', { where: `body/${kind}`, problem: 'there are too many' });
    }
    if (next.phone !== before?.phone && !sharedPhone) this.#refuseOthers('phone_taken', this.#othersOfPhone(id, next.phone));
    if (next.memberNo !== null && next.memberNo !== before?.memberNo) {
      const holders = this.#db.all<{ id: string }>('SELECT id FROM customer WHERE member_no = ? AND id <> ?', next.memberNo, id);
      const [hidden] = holders.filter((holder) => this.#standing(holder.id) === id);
      // Another number of the same person, of a dossier that was merged into this one.
      if (hidden !== undefined) this.#merges.takeMemberNo(hidden.id);
      else this.#refuseOthers('member_no_taken', this.#others(id, holders));
    }
  }

  /** A dossier that was merged into another counts as that one. */
  #others(id: string, holders: readonly { id: string }[]): string[] {
    const standing = holders.flatMap((holder) => this.#standing(holder.id) ?? []);
    return [...new Set(standing)].filter((holder) => holder !== id);
  }

  #othersOfPhone(id: string, phone: string | null): string[] {
    if (phone === null) return [];
    return this.#others(id, this.#db.all<{ id: string }>(
      'SELECT id FROM customer WHERE phone IN (SELECT value FROM json_each(?)) ORDER BY created_at_ms', JSON.stringify(phoneSpellings(phone))));
  }

  /** Both use the number: then they are two people. */
  #tellShared(id: string, before: CustomerFields | null, { phone }: CustomerFields, staffId: string | null): void {
    if (phone === before?.phone || staffId === null) return;
    for (const other of this.#othersOfPhone(id, phone)) this.#areTwo(id, other, staffId);
  }

  #refuseOthers(code: 'phone_taken' | 'member_no_taken', [other]: readonly string[]): void {
    if (other !== undefined) throw new PorticoError(code, { customerId: other });
  }

  /** Merged or not. */
  has(id: string): boolean {
    return this.#db.get('SELECT 1 FROM customer WHERE id = ?', id) !== undefined;
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
      contactNever: row.contact_never === 1, ...this.#lines.of(row.id),
    };
  }

  /** As whose companion other dossiers name this person (of all their dossiers), by a link: name and relation, not whose dossiers. */
  companionOf(customerIds: readonly string[]): { name: string; relation: string }[] {
    return this.#lines.namedElsewhere(customerIds);
  }

  /** What the customer said they like, as it stands there. */
  statedLikes(customerId: string): StatedLike[] {
    return this.#lines.statedLikes(customerId);
  }

  /** Facts, likes, dislikes and sizes, of this dossier alone. */
  hasFacts(id: string): boolean {
    return this.#lines.hasPreferences(id);
  }

  /** Takes them out; do-not lines and allergies stay: they protect the customer, and bind the store. Safe to repeat. */
  dropFacts(id: string): void {
    this.#lines.dropPreferences(id);
    this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId: id }));
  }

  /**
   * @param sent `id`: the same note sent again is there once; `ageMs`: how long ago it was written, not before there was a dossier
   * @throws PorticoError customer_not_found, customer_merged {into}, customer_restricted, id_taken
   */
  addNote(customerId: string, text: string, staffId: string, sent: Omit<NoteRequest, 'text'> = {}): Note {
    return this.#db.transaction(() => {
      const atMs = doneAt(this.#clock.now(), sent.ageMs, Date.parse(this.byId(customerId).createdAt));
      return this.#notes.add(customerId, { ...sent, text }, staffId, atMs, () => {
        if (this.#isRestricted(customerId)) throw new PorticoError('customer_restricted');
        this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
        this.#db.afterCommit(() => this.#events.emit('noteAdded', { customerId, atMs }));
      });
    });
  }

  /** Whether there is a note of this id already, whoever's. */
  hasNote(id: string): boolean {
    return this.#notes.has(id);
  }

  /** Newest first. @param limit default 500; -1: all */
  notes(customerId: string, limit = 500): Note[] {
    return this.#notes.of(customerId, limit);
  }

  /** Of notes. */
  get retention() {
    return this.#notes.retention;
  }

  /**
   * The dossier `from` turned out to be the same person as `into`: notes and the other rooms' rows go there, phone and member number too
   * where there is none yet, and `from` is hidden. Do-not lines and allergies stand in both; the other fields of `into` stay as they are.
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
      this.#merges.make(gone, kept, staffId);
      this.#tellBoth(from, into);
    });
  }

  /**
   * Takes a merged dossier out again with exactly the rows that went along. A consent that ended with the merge stays
   * ended: it has to be asked for again. Merges are undone in the reverse order.
   * @param staffId who undoes it; null: as if whoever made it did
   * @returns the id of the dossier that is back
   * @throws PorticoError merge_not_found, customer_restricted, merge_undo_order {into} when the dossier it went into was merged itself since
   */
  undoMerge(mergeId: string, staffId: string | null = null): string {
    return this.#db.transaction(() => {
      const { fromId, intoId } = this.#merges.byId(mergeId);
      if (this.#isRestricted(fromId) || this.#isRestricted(intoId)) throw new PorticoError('customer_restricted');
      const kept = this.#db.get<{ merged_into_id: string | null }>('SELECT merged_into_id FROM customer WHERE id = ?', intoId)!;
      if (kept.merged_into_id !== null) throw new PorticoError('merge_undo_order', { into: kept.merged_into_id });
      this.#merges.undo(mergeId, staffId);
      this.#tellBoth(fromId, intoId);
      return fromId;
    });
  }

  /** The dossiers in this one that can be taken out again, newest first. */
  merges(customerId: string): Merge[] {
    return this.#merges.of(customerId);
  }

  /** The dossier and all that were merged into it, over any number of steps; the one asked for comes first. */
  withMerged(id: string): string[] {
    return this.#db.all<{ id: string }>(
      `WITH RECURSIVE family (id, depth) AS (
         SELECT id, 0 FROM customer WHERE id = ? UNION SELECT customer.id, depth + 1 FROM customer JOIN family ON merged_into_id = family.id)
       SELECT id FROM family ORDER BY depth`, id).map((row) => row.id);
  }

  /** For figures about nobody: since when the store knows this customer, by whichever dossier, and the tier. Null: there is no such dossier any more. */
  standing(id: string): { sinceMs: number; tier: string | null } | null {
    const row = this.#db.get<{ tier: string | null }>('SELECT tier FROM customer WHERE id = ?', id);
    if (row === undefined) return null;
    const { sinceMs } = this.#db.get<{ sinceMs: number }>(
      `SELECT min(created_at_ms) AS sinceMs FROM customer WHERE id IN (SELECT value FROM json_each(?))`, JSON.stringify(this.withMerged(id)))!;
    return { sinceMs, tier: row.tier };
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
   * Deletes one dossier for good: name, number, lines, notes, companion lines of others that link to it, and what was written down about merging. One that was merged is
   * taken out first, with its rows; one that was merged into it (as an older file may say) is a dossier of its own again. Nothing is
   * there to delete: nothing happens. What other rooms hold has to be deleted alongside, in the same transaction.
   * @param alongside called when the dossier stands by itself
   */
  erase(id: string, alongside: () => void): void {
    this.#db.transaction(() => {
      const hiding = this.#merges.hiding(id);
      if (hiding !== undefined && this.#standing(id) !== id) this.#merges.undo(hiding, null);
      alongside();
      this.#merges.erase(id);
      this.#notes.erase(id);
      for (const naming of this.#lines.erase(id)) {
        const customerId = this.#standing(naming) ?? naming;
        this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
      }
      this.#db.run('DELETE FROM customer WHERE id = ?', id);
      this.#db.afterCommit(() => this.#events.emit('dossierErased', { customerId: id }));
    });
  }

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
   * Customers with whom the store has had nothing to do since then: no visit, note, follow-up, consent, merge, wish, purchase, ticket or
   * appointment. Read off `last_contact_ms`, never off those rows: they may be over their own terms already.
   */
  inactiveSince(ms: number): string[] {
    return this.#db.all<{ id: string }>('SELECT id FROM customer WHERE merged_into_id IS NULL AND last_contact_ms < ?', ms).map((row) => row.id);
  }

  /** The dossier that this one was merged into, over any number of steps, or itself; undefined: there is none. */
  #standing(id: string): string | undefined {
    return this.#db.get<{ id: string }>(
      `WITH RECURSIVE up (id, next) AS (
         SELECT id, merged_into_id FROM customer WHERE id = ? UNION SELECT customer.id, merged_into_id FROM customer JOIN up ON customer.id = next)
       SELECT id FROM up WHERE next IS NULL`, id)?.id;
  }

  /** An open visit that changed hands shows another name now. */
  #tellBoth(...customerIds: [string, string]): void {
    this.#db.afterCommit(() => {
      this.#events.emit('dossiersMerged', { customerIds });
      for (const customerId of customerIds) this.#events.emit('customerChanged', { customerId });
    });
  }
}

/** In the order of COLUMNS. */
function columnsOf(fields: CustomerFields): Value[] {
  return [
    fields.displayName, fields.salutation, fields.phone, fields.tier, fields.memberNo, fields.points, fields.email, fields.wechat, fields.contactBy.join(','),
    fields.contactWhen, fields.contactNever ? 1 : 0,
  ];
}
