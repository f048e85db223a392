import type { CustomerSummary } from '../contract/index.js';
import type { Database } from '../storage/index.js';
import { OTHERS_FROM, partsOfDossier } from './searchIndex.js';
import { digitsOf, holds, matchExpression, pieceOf, tokensOf, wordsOf, type Word } from './words.js';

/** One line of a result, without what other rooms know. */
export type FoundLine = Omit<CustomerSummary, 'enrolled' | 'lastVisitAt'>;

/** Matches that are looked at, of dossiers and of notes and fields each; with that many a person types more. */
const MATCHES_MAX = 250;
/** Those seen last are asked whether they match where there are more matches than these: a regular is not lost among namesakes. */
const RECENT_MAX = 200;
/** Customers that hold the rarest word and are looked through, where no single row holds all. */
const RAREST_MAX = 250;

/** So far the rows of each word are counted to find the rarest. */
const COUNTED_MAX = 2_000;

/** How well a row fits, best first. */
const EXACT = 0;
const TAIL = 1;
const DOSSIER = 2;
const OTHER = 3;

interface Hit { customerId: string; kind: 'dossier' | 'note' | 'fields'; rowId: string; rank: number }
interface Head { id: string; display_name: string; salutation: string | null; phone: string | null; tier: string | null; last_contact_ms: number; start: string }

/** Finds dossiers by any of their words; reads only. */
export class Search {
  readonly #db: Database;
  readonly #fieldsOf: (customerId: string) => readonly string[];

  constructor(deps: { db: Database; fieldsOf: (customerId: string) => readonly string[] }) {
    this.#db = deps.db;
    this.#fieldsOf = deps.fieldsOf;
  }

  /** Without a query the newest customers. All words must be found; the exact name or number first, then by the last contact. */
  find(query: string, limit: number): FoundLine[] {
    if (query.trim() === '') {
      return this.#db.all<Head>(
        'SELECT *, id AS start FROM customer WHERE merged_into_id IS NULL ORDER BY created_at_ms DESC, rowid DESC LIMIT ?', limit).map((head) => lineOf(head, null));
    }
    const words = wordsOf(query);
    const best = this.#bestOfEach([...this.#exact(query), ...(words.length === 0 ? [] : this.#matching(words, limit))]);
    return best.sort((a, b) => a.hit.rank - b.hit.rank || b.head.last_contact_ms - a.head.last_contact_ms)
      .slice(0, limit).map(({ head, hit }) => lineOf(head, this.#where(hit, head, words)));
  }

  /** By the indexes of the table itself. */
  #exact(query: string): Hit[] {
    const text = query.trim();
    const digits = digitsOf(query);
    const ids = [
      ...this.#ids('SELECT id FROM customer WHERE display_name IN (?, ?) LIMIT ?', text, text.normalize('NFKC'), MATCHES_MAX),
      ...this.#ids('SELECT id FROM customer WHERE member_no = ? LIMIT ?', text.normalize('NFKC'), MATCHES_MAX),
      ...(digits === null ? [] : byPhone(this.#db, digits)),
    ];
    return ids.map((id) => ({ customerId: id, kind: 'dossier', rowId: id, rank: EXACT }));
  }

  #ids(sql: string, ...values: (string | number)[]): string[] {
    return this.#db.all<{ id: string }>(sql, ...values).map(({ id }) => id);
  }

  #matching(words: readonly Word[], limit: number): Hit[] {
    const expression = matchExpression(words);
    // A number cut short is any run of digits; as it is it ends a phone number.
    const tails = words.length === 1 && words[0]!.isDigits ? this.#matches(matchExpression(words, true), 'dossiers', TAIL) : [];
    const dossiers = this.#matches(expression, 'dossiers', DOSSIER);
    if (dossiers.length === MATCHES_MAX) dossiers.push(...this.#recent(words));
    const others = tails.length + dossiers.length >= MATCHES_MAX ? [] : this.#matches(expression, 'others', OTHER);
    const hits = [...tails, ...dossiers, ...others];
    return words.length > 1 && hits.length < limit ? [...hits, ...this.#acrossRows(words)] : hits;
  }

  #matches(expression: string, range: 'dossiers' | 'others', rank: number, max = MATCHES_MAX): Hit[] {
    const side = range === 'dossiers' ? `rowid < ${OTHERS_FROM}` : `rowid >= ${OTHERS_FROM}`;
    return this.#db.all<Hit>(
      `SELECT customer_id AS customerId, kind, row_id AS rowId, ${rank} AS rank
       FROM (SELECT rowid AS id FROM search_text WHERE search_text MATCH ? AND ${side} ORDER BY rowid DESC LIMIT ?) CROSS JOIN search_entry USING (id)`,
      expression, max);
  }

  #recent(words: readonly Word[]): Hit[] {
    return this.#db.all<{ id: string; terms: string }>(
      `SELECT recent.id, terms FROM (SELECT id FROM customer WHERE merged_into_id IS NULL ORDER BY last_contact_ms DESC LIMIT ?) AS recent
       CROSS JOIN search_entry ON kind = 'dossier' AND row_id = recent.id CROSS JOIN search_text ON search_text.rowid = search_entry.id`, RECENT_MAX)
      .filter(({ terms }) => words.every((word) => holds(terms, word)))
      .map(({ id }) => ({ customerId: id, kind: 'dossier', rowId: id, rank: DOSSIER }));
  }

  /** The family name in the dossier, the other word in a note: starts from the rarest word. */
  #acrossRows(words: readonly Word[]): Hit[] {
    const counted = words.map((word) => ({ word, n: this.#db.get<{ n: number }>(
      'SELECT count(*) AS n FROM (SELECT 1 FROM search_text WHERE search_text MATCH ? LIMIT ?)', matchExpression([word]), COUNTED_MAX)!.n }));
    const rarest = matchExpression([counted.reduce((a, b) => (b.n < a.n ? b : a)).word]);
    const holding = (['dossiers', 'others'] as const).flatMap((range) => this.#matches(rarest, range, OTHER, RAREST_MAX));
    const candidates = [...new Set(holding.map(({ customerId }) => customerId))].slice(0, RAREST_MAX);
    const rows = this.#db.all<{ customer_id: string; kind: Hit['kind']; row_id: string; terms: string }>(
      `SELECT customer_id, kind, row_id, terms FROM json_each(?) CROSS JOIN search_entry ON customer_id = value CROSS JOIN search_text ON search_text.rowid = search_entry.id`,
      JSON.stringify(candidates));
    const byCustomer = new Map<string, typeof rows>(candidates.map((id) => [id, []]));
    for (const row of rows) byCustomer.get(row.customer_id)!.push(row);
    return [...byCustomer].flatMap(([customerId, own]) => {
      const all = own.map(({ terms }) => terms);
      if (!words.every((word) => all.some((terms) => holds(terms, word)))) return [];
      const told = own.find(({ kind, terms }) => kind !== 'dossier' && words.some((word) => holds(terms, word))) ?? own[0]!;
      return [{ customerId, kind: told.kind, rowId: told.row_id, rank: OTHER }];
    });
  }

  /** One line a person: of a dossier that was merged the one that stayed. */
  #bestOfEach(hits: readonly Hit[]): { head: Head; hit: Hit }[] {
    const starts = [...new Set(hits.map(({ customerId }) => customerId))];
    const heads = new Map(headsOf(this.#db, starts).map((head) => [head.start, head]));
    const best = new Map<string, { head: Head; hit: Hit }>();
    for (const hit of hits) {
      const head = heads.get(hit.customerId);
      if (head === undefined) continue; // in a circle, as an older file may say
      const other = best.get(head.id);
      if (other === undefined || hit.rank < other.hit.rank) best.set(head.id, { head, hit });
    }
    return [...best.values()];
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
    const part = partsOfDossier(this.#db, head.id)?.find(({ tokens }) => words.some((word) => holds(tokens.join(' '), word)));
    return { in: part?.in ?? 'name', text: part?.text ?? null };
  }
}

/** The dossiers of this number, with or without the country's prefix; also merged ones. */
export function byPhone(db: Database, digits: string): string[] {
  const national = digits.replace(/^(?:00)?86(?=1\d{10}$)/, '');
  return db.all<{ id: string }>('SELECT id FROM customer WHERE phone IN (?, ?, ?, ?) ORDER BY last_contact_ms DESC LIMIT 20', digits, `+${digits}`, national, `+86${national}`)
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
