import type { Companion, CustomerFields, Size, YearlyDate } from '../contract/index.js';
import { PorticoError, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';

const TEXT_KINDS = { facts: 'fact', doNot: 'do_not', allergies: 'allergy', likes: 'like', dislikes: 'dislike' } as const;
type TextField = keyof typeof TEXT_KINDS;
type LineKind = (typeof TEXT_KINDS)[TextField] | 'size';
/** Kinds that stand in both of two merged dossiers. */
const PROTECTING_KINDS = ['do_not', 'allergy'] as const;
/** Of these a consent may leave out the purpose `preferences`; the others stay: they protect the customer. */
const OF_PREFERENCES = `kind IN ('fact', 'like', 'dislike', 'size')`;

interface LineRow { kind: LineKind; label: string | null; text: string; at_ms: number | null; staff_id: string | null; copied_by: string | null }
interface CompanionRow { name: string; relation: string; other_id: string | null }
export type Lists = Pick<CustomerFields, TextField | 'sizes' | 'dates' | 'companions'>;
/** Something that a customer said they like, and when and by whom it was written down; null: before that was kept. */
export interface StatedLike { text: string; atMs: number | null; by: string | null }

/** What a dossier holds as lists: lines of all kinds, days of the year, companions. */
export class Lines {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #standing: (id: string) => string | undefined;

  /** @param deps.standing the dossier that one went into by merging, or itself; undefined: there is none */
  constructor(deps: { db: Database; clock: Clock; standing: (id: string) => string | undefined }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#standing = deps.standing;
  }

  of(customerId: string): Lists {
    const rows = this.#rows(customerId);
    const texts = (kind: LineKind) => rows.flatMap((row) => (row.kind === kind ? [row.text] : []));
    return {
      facts: texts('fact'), doNot: texts('do_not'), allergies: texts('allergy'), likes: texts('like'), dislikes: texts('dislike'),
      sizes: rows.flatMap(({ kind, label, text }) => (kind === 'size' ? [{ label: label!, value: text }] : [])),
      dates: this.#db.all<YearlyDate>('SELECT kind, label, month, day, year FROM customer_date WHERE customer_id = ? ORDER BY position', customerId),
      companions: this.#companionRows(customerId).map(({ name, relation, other_id }) => ({ name, relation, customerId: this.#leadsTo(other_id, customerId) })),
    };
  }

  /**
   * Puts the lists that are given in the place of those that were. A line that was there keeps when and by whom it was written down.
   * @throws PorticoError companion_invalid
   */
  write(customerId: string, lists: Partial<Lists>, staffId: string | null): void {
    for (const field of Object.keys(TEXT_KINDS) as TextField[]) {
      if (lists[field] !== undefined) this.#replace(customerId, TEXT_KINDS[field], lists[field].map((text) => ({ label: null, text })), staffId);
    }
    if (lists.sizes !== undefined) this.#replace(customerId, 'size', lists.sizes.map(({ label, value }: Size) => ({ label, text: value })), staffId);
    if (lists.dates !== undefined) this.#replaceDates(customerId, lists.dates);
    if (lists.companions !== undefined) this.#replaceCompanions(customerId, lists.companions);
  }

  statedLikes(customerId: string): StatedLike[] {
    return this.#db.all<{ text: string; atMs: number | null; by: string | null }>(
      `SELECT text, customer_line.at_ms AS atMs, staff.name AS by FROM customer_line LEFT JOIN staff ON staff.id = staff_id
       WHERE customer_id = ? AND kind = 'like' ORDER BY position`, customerId);
  }

  hasPreferences(customerId: string): boolean {
    return this.#db.get(`SELECT 1 FROM customer_line WHERE customer_id = ? AND ${OF_PREFERENCES}`, customerId) !== undefined;
  }

  dropPreferences(customerId: string): void {
    this.#db.run(`DELETE FROM customer_line WHERE customer_id = ? AND ${OF_PREFERENCES}`, customerId);
  }

  /**
   * What protects the customer goes along with a merge, all of it, as marked copies: it goes on being true of the one that is hidden.
   * What stands there already is not copied.
   */
  copyProtecting(mergeId: string, from: string, into: string): void {
    const [own, coming] = [into, from].map((id) => this.#rows(id)) as [LineRow[], LineRow[]];
    for (const kind of PROTECTING_KINDS) {
      const more = coming.filter((row) => row.kind === kind && !own.some((each) => each.kind === kind && each.text === row.text));
      const { next } = this.#db.get<{ next: number }>('SELECT coalesce(max(position) + 1, 0) AS next FROM customer_line WHERE customer_id = ? AND kind = ?', into, kind)!;
      for (const [index, row] of more.entries()) this.#insert(into, kind, next + index, { ...row, copied_by: mergeId });
    }
  }

  /** Takes copied lines away again. What staff wrote here since stays, and so does what another dossier says that is still merged into this one. */
  dropCopied(mergeId: string, customerId: string): void {
    const alsoSaid = `SELECT customer_merge.id FROM customer_merge JOIN customer_line AS said ON said.customer_id = from_id
      WHERE into_id = customer_line.customer_id AND undone_at_ms IS NULL AND customer_merge.id <> customer_line.copied_by AND said.kind = customer_line.kind AND said.text = customer_line.text`;
    this.#db.run(`UPDATE customer_line SET copied_by = (${alsoSaid}) WHERE customer_id = ? AND copied_by = ? AND EXISTS (${alsoSaid})`, customerId, mergeId);
    this.#db.run('DELETE FROM customer_line WHERE customer_id = ? AND copied_by = ?', customerId, mergeId);
  }

  /** As whose companion the dossiers of others name one of these people, by a link. */
  namedElsewhere(customerIds: readonly string[]): { name: string; relation: string }[] {
    const ids = JSON.stringify(customerIds);
    return this.#db.all<{ name: string; relation: string }>(
      `SELECT name, relation FROM companion WHERE other_id IN (SELECT value FROM json_each(?)) AND customer_id NOT IN (SELECT value FROM json_each(?)) ORDER BY relation, name`, ids, ids);
  }

  /**
   * Where another's companion line links to this person it goes whole: it names who was erased. One without a link stays: it is what the
   * other said, and nobody knows whom it means.
   * @returns the dossiers in which they were named
   */
  erase(customerId: string): string[] {
    for (const table of ['customer_line', 'customer_date', 'companion']) this.#db.run(`DELETE FROM ${table} WHERE customer_id = ?`, customerId);
    const naming = this.#db.all<{ id: string }>('SELECT DISTINCT customer_id AS id FROM companion WHERE other_id = ?', customerId).map(({ id }) => id);
    this.#db.run('DELETE FROM companion WHERE other_id = ?', customerId);
    return naming;
  }

  #rows(customerId: string): LineRow[] {
    return this.#db.all<LineRow>('SELECT kind, label, text, at_ms, staff_id, copied_by FROM customer_line WHERE customer_id = ? ORDER BY kind, position', customerId);
  }

  #replace(customerId: string, kind: LineKind, lines: readonly { label: string | null; text: string }[], staffId: string | null): void {
    const were = this.#rows(customerId).filter((row) => row.kind === kind);
    const now = this.#clock.now();
    this.#db.run('DELETE FROM customer_line WHERE customer_id = ? AND kind = ?', customerId, kind);
    for (const [position, line] of lines.entries()) {
      const at = were.findIndex(({ label, text }) => label === line.label && text === line.text);
      const [was] = at === -1 ? [] : were.splice(at, 1);
      this.#insert(customerId, kind, position, was ?? { ...line, at_ms: now, staff_id: staffId, copied_by: null });
    }
  }

  #insert(customerId: string, kind: LineKind, position: number, { label, text, at_ms, staff_id, copied_by }: Omit<LineRow, 'kind'>): void {
    this.#db.run('INSERT INTO customer_line (customer_id, kind, position, label, text, at_ms, staff_id, copied_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      customerId, kind, position, label, text, at_ms, staff_id, copied_by);
  }

  #replaceDates(customerId: string, dates: readonly YearlyDate[]): void {
    this.#db.run('DELETE FROM customer_date WHERE customer_id = ?', customerId);
    for (const [position, { kind, label, month, day, year }] of dates.entries()) {
      this.#db.run('INSERT INTO customer_date (customer_id, position, kind, label, month, day, year) VALUES (?, ?, ?, ?, ?, ?, ?)',
        customerId, position, kind, label, month, day, year);
    }
  }

  #replaceCompanions(customerId: string, companions: readonly Companion[]): void {
    // A link by way of a merged dossier stays one: it leads there again when the merge is undone.
    const links = this.#companionRows(customerId).flatMap(({ other_id }) => (other_id === null ? [] : [other_id]));
    this.#db.run('DELETE FROM companion WHERE customer_id = ?', customerId);
    for (const [position, { name, relation, customerId: other }] of companions.entries()) {
      if (other !== null && this.#leadsTo(other, customerId) === null) throw new PorticoError('companion_invalid');
      const link = links.find((each) => this.#standing(each) === other) ?? other;
      this.#db.run('INSERT INTO companion (customer_id, position, name, relation, other_id) VALUES (?, ?, ?, ?, ?)', customerId, position, name, relation, link);
    }
  }

  #companionRows(customerId: string): CompanionRow[] {
    return this.#db.all<CompanionRow>('SELECT name, relation, other_id FROM companion WHERE customer_id = ? ORDER BY position', customerId);
  }

  /** The dossier that a link leads to; null: to none, or to the customer themselves, with whom it was merged. */
  #leadsTo(otherId: string | null, customerId: string): string | null {
    const standing = otherId === null ? undefined : this.#standing(otherId);
    return standing === undefined || standing === this.#standing(customerId) ? null : standing;
  }
}
