import type { CustomerSummary, FoundIn } from '../contract/index.js';
import { phoneSpellings } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { partsOfDossier } from './rows.js';
import { TABLES } from './tables.js';
import { digitsOf, expressionOf, holds, indexedWords, isIn, otherReadings, pieceOf, rangesOf, tokensOf, wordsOf, type Range, type Word } from './words.js';

/** One line of a result, without what other rooms know. */
export type FoundLine = Omit<CustomerSummary, 'enrolled' | 'lastVisitAt'>;

/** Matches that are looked at, of dossiers and of notes and fields each; with that many a person types more. */
const MATCHES_MAX = 250;
/** Those seen last are asked whether they match where there are more matches than these: a regular is not lost among namesakes. */
const RECENT_MAX = 200;
/** Customers that hold the rarest word and are looked through, where no single row holds all. */
const RAREST_MAX = 120;
/** So far the rows of each word are counted to find the rarest, and the newest of the rarest are looked through for who has the other words elsewhere. */
const COUNTED_MAX = 500;

/** How well a row fits, best first. */
const EXACT = 0;
const TAIL = 1;
const DOSSIER = 2;
const OTHER = 3;

/** The index of own fields may be of before a field was hidden: `fields` is whose own fields a hit needs, besides these words of other rows. */
interface Hit { customerId: string; kind: 'dossier' | 'note' | 'fields'; rowId: string; rank: number; in?: FoundIn; fields?: { of: string; beside: readonly string[] } }
interface Row { customerId: string; kind: Hit['kind']; rowId: string; words: string }
type Side = 0 | 1;
const DOSSIERS: Side = 0;
const OTHERS: Side = 1;
interface Head { id: string; display_name: string; salutation: string | null; phone: string | null; tier: string | null; last_contact_ms: number; start: string }

/** Finds dossiers by any of their words; reads only. */
export class Search {
  readonly #db: Database;
  readonly #fieldsOf: (customerId: string) => readonly string[];
  readonly #leavesOut: (customerId: string) => boolean;

  constructor(deps: { db: Database; fieldsOf: (customerId: string) => readonly string[]; leavesOut: (customerId: string) => boolean }) {
    this.#db = deps.db;
    this.#fieldsOf = deps.fieldsOf;
    this.#leavesOut = deps.leavesOut;
  }

  /** Without a query those of the last contact, the last first. All words must be found; the exact name or number first, then by the last contact. */
  find(query: string, limit: number): FoundLine[] {
    if (query.trim() === '') {
      return this.#db.all<Head>(
        'SELECT *, id AS start FROM customer WHERE merged_into_id IS NULL ORDER BY last_contact_ms DESC, rowid DESC LIMIT ?', limit).map((head) => lineOf(head, null));
    }
    const words = wordsOf(query);
    const found = [
      ...[...this.#exact(query), ...(words.length === 0 ? [] : this.#matching(words, limit))].map((hit) => ({ ...hit, words })),
      ...otherReadings(query).flatMap((other) => [DOSSIERS, OTHERS].flatMap((side) => this.#matches(other.flatMap(rangesOf), side, OTHER)).map((hit) => ({ ...hit, words: other }))),
    ];
    const lines: FoundLine[] = [];
    for (const { head, own } of this.#byPerson(found)) {
      if (lines.length === limit) break;
      const hit = own.find((each) => this.#mayBeSeen(each, head, each.words.flatMap(rangesOf)));
      if (hit !== undefined) lines.push(lineOf(head, this.#where(hit, head, hit.words)));
    }
    return lines;
  }

  /** By the indexes of the table itself. */
  #exact(query: string): Hit[] {
    const text = query.trim();
    const digits = digitsOf(query);
    const hitsIn = (where: FoundIn, ids: readonly string[]): Hit[] => ids.map((id) => ({ customerId: id, kind: 'dossier', rowId: id, rank: EXACT, in: where }));
    return [
      ...hitsIn('name', this.#ids('SELECT id FROM customer WHERE display_name IN (?, ?) LIMIT ?', text, text.normalize('NFKC'), MATCHES_MAX)),
      ...hitsIn('member', this.#ids('SELECT id FROM customer WHERE member_no = ? LIMIT ?', text.normalize('NFKC'), MATCHES_MAX)),
      ...hitsIn('phone', digits === null ? [] : byPhone(this.#db, digits)),
    ];
  }

  #ids(sql: string, ...values: (string | number)[]): string[] {
    return this.#db.all<{ id: string }>(sql, ...values).map(({ id }) => id);
  }

  #matching(words: readonly Word[], limit: number): Hit[] {
    const ranges = words.flatMap(rangesOf);
    // A number cut short is any run of digits; as it is it ends a phone number.
    const tails = ranges.length === 1 && words[0]!.isDigits ? this.#matches([{ word: ranges[0]!.word, exactly: true }], DOSSIERS, TAIL) : [];
    const dossiers = this.#matches(ranges, DOSSIERS, DOSSIER);
    if (dossiers.length === MATCHES_MAX) dossiers.push(...this.#recent(ranges));
    const hits = [...tails, ...dossiers, ...(tails.length + dossiers.length >= MATCHES_MAX ? [] : this.#matches(ranges, OTHERS, OTHER))];
    return ranges.length === 1 || hits.length >= limit ? hits : [...hits, ...this.#acrossRows(ranges)];
  }

  #matches(ranges: readonly Range[], side: Side, rank: number): Hit[] {
    return this.#rows(ranges, side, MATCHES_MAX).map((row) => hitOf(row, rank));
  }

  /** Those that hold all, the newest first. */
  #rows(ranges: readonly Range[], side: Side, max: number): Row[] {
    return this.#db.all<Row>(
      `SELECT customer_id AS customerId, kind, row_id AS rowId, words
       FROM (SELECT rowid AS id FROM ${TABLES[side]} WHERE ${TABLES[side]} MATCH ? ORDER BY rowid DESC LIMIT ?) CROSS JOIN search_entry USING (id)`,
      ranges.map(expressionOf).join(' AND '), max);
  }

  #count(range: Range, side: Side): number {
    return this.#db.get<{ n: number }>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM ${TABLES[side]} WHERE ${TABLES[side]} MATCH ? LIMIT ${COUNTED_MAX})`, expressionOf(range))!.n;
  }

  /** Where there are more matches than are looked at: those of the people who were here last. */
  #recent(ranges: readonly Range[]): Hit[] {
    return this.#db.all<Row>(
      `SELECT recent.id AS customerId, kind, row_id AS rowId, words
       FROM (SELECT id FROM customer WHERE merged_into_id IS NULL ORDER BY last_contact_ms DESC LIMIT ?) AS recent
       CROSS JOIN search_entry ON kind = 'dossier' AND row_id = recent.id`, RECENT_MAX)
      .filter((row) => holdsAll(wordsIn(row), ranges)).map((row) => hitOf(row, DOSSIER));
  }

  /** The family name in the dossier and the other word in a note: starts from the rarest. */
  #acrossRows(ranges: readonly Range[]): Hit[] {
    const counted = ranges.map((range) => ({ range, n: this.#count(range, DOSSIERS) + this.#count(range, OTHERS) }));
    const rarest = counted.reduce((a, b) => (b.n < a.n ? b : a)).range;
    const holding = [DOSSIERS, OTHERS].flatMap((side) => this.#rows([rarest], side, COUNTED_MAX));
    const candidates = [...new Set(holding.map(({ customerId }) => customerId))].slice(0, RAREST_MAX);
    const rows = this.#db.all<Row>(
      'SELECT customer_id AS customerId, kind, row_id AS rowId, words FROM json_each(?) CROSS JOIN search_entry ON customer_id = value', JSON.stringify(candidates));
    const byCustomer = new Map<string, Row[]>(candidates.map((id) => [id, []]));
    for (const row of rows) byCustomer.get(row.customerId)!.push(row);
    return [...byCustomer].flatMap(([customerId, own]): Hit[] => {
      const all = own.map((row) => ({ ...row, has: wordsIn(row) }));
      if (!holdsAll(all.flatMap(({ has }) => has), ranges)) return [];
      const beside = all.filter(({ kind }) => kind !== 'fields').flatMap(({ has }) => has);
      const needsFields = !holdsAll(beside, ranges);
      const told = all.find(({ kind, has }) => kind !== 'dossier' && (needsFields || kind !== 'fields') && ranges.some((range) => isIn(range, has))) ?? all[0]!;
      return [{ customerId, kind: told.kind, rowId: told.rowId, rank: OTHER, ...(needsFields ? { fields: { of: customerId, beside } } : {}) }];
    });
  }

  /** One line a person, the best first: of a dossier that was merged the one that stayed. */
  #byPerson<Each extends Hit>(hits: readonly Each[]): { head: Head; own: Each[] }[] {
    const starts = [...new Set(hits.map(({ customerId }) => customerId))];
    const heads = new Map(headsOf(this.#db, starts).map((head) => [head.start, head]));
    const people = new Map<string, { head: Head; own: Each[] }>();
    for (const hit of hits.toSorted((a, b) => a.rank - b.rank)) {
      const head = heads.get(hit.customerId);
      if (head === undefined) continue; // in a circle, as an older file may say
      const person = people.get(head.id);
      if (person === undefined) people.set(head.id, { head, own: [hit] });
      else person.own.push(hit);
    }
    return [...people.values()].sort((a, b) => a.own[0]!.rank - b.own[0]!.rank || b.head.last_contact_ms - a.head.last_contact_ms);
  }

  /** A note that is still there; own fields as they are now; those of a merged dossier not where the consent of the one that stayed leaves them out. */
  #mayBeSeen({ kind, rowId, fields }: Hit, head: Head, ranges: readonly Range[]): boolean {
    if (kind === 'note' && this.#db.get('SELECT 1 FROM note WHERE id = ?', rowId) === undefined) return false;
    if (fields === undefined) return true;
    if (fields.of !== head.id && this.#leavesOut(head.id)) return false;
    return holdsAll([...fields.beside, ...indexedWords(this.#fieldsOf(fields.of).map(tokensOf))], ranges);
  }

  #where(hit: Hit, head: Head, words: readonly Word[]): CustomerSummary['found'] {
    if (hit.kind === 'note') {
      const note = this.#db.get<{ text: string }>('SELECT text FROM note WHERE id = ?', hit.rowId);
      return { in: 'note', text: note === undefined ? null : pieceOf(note.text, words) };
    }
    if (hit.kind === 'fields') {
      const text = this.#fieldsOf(hit.rowId).find((each) => words.some((word) => holds(tokensOf(each).join(' '), word)));
      return { in: 'field', text: text === undefined ? null : pieceOf(text, words) };
    }
    if (hit.rowId !== head.id) {
      return { in: 'former', text: this.#db.get<{ name: string }>('SELECT display_name AS name FROM customer WHERE id = ?', hit.rowId)!.name };
    }
    if (hit.in !== undefined) return { in: hit.in, text: null };
    const part = partsOfDossier(this.#db, head.id)?.find(({ tokens }) => words.some((word) => holds(tokens.join(' '), word)));
    return { in: part?.in ?? 'name', text: part?.text ?? null };
  }
}

const wordsIn = ({ words }: Row): string[] => JSON.parse(words) as string[];
const holdsAll = (words: readonly string[], ranges: readonly Range[]): boolean => ranges.every((range) => isIn(range, words));
const hitOf = ({ customerId, kind, rowId }: Row, rank: number): Hit =>
  ({ customerId, kind, rowId, rank, ...(kind === 'fields' ? { fields: { of: customerId, beside: [] } } : {}) });

/** The dossiers of this number, however it is spelt; also merged ones. */
export function byPhone(db: Database, digits: string): string[] {
  return db.all<{ id: string }>('SELECT id FROM customer WHERE phone IN (SELECT value FROM json_each(?)) ORDER BY last_contact_ms DESC LIMIT 20', JSON.stringify(phoneSpellings(digits)))
    .map(({ id }) => id);
}

/** The dossier that stayed for each of these: itself, or what it was merged into, over any number of steps. */
export function headsOf(db: Database, ids: readonly string[]): Head[] {
  return db.all<Head>(
    `WITH RECURSIVE up (start, id, into_id, depth) AS (
       SELECT value, customer.id, merged_into_id, 0 FROM json_each(?) CROSS JOIN customer ON customer.id = value
       UNION ALL SELECT start, customer.id, merged_into_id, depth + 1 FROM up CROSS JOIN customer ON customer.id = into_id WHERE depth < 32)
     SELECT start, customer.id, display_name, salutation, phone, tier, last_contact_ms FROM up CROSS JOIN customer ON customer.id = up.id WHERE into_id IS NULL`,
    JSON.stringify(ids));
}

export function lineOf(head: Omit<Head, 'last_contact_ms' | 'start'>, found: CustomerSummary['found']): FoundLine {
  return { id: head.id, displayName: head.display_name, salutation: head.salutation, tier: head.tier, phoneTail: head.phone?.slice(-4) ?? null, found };
}
