import { Breath } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { dossierParts, termsOf, tokensOf, type DossierWords, type Part } from './words.js';

type Kind = 'dossier' | 'note' | 'fields';
interface Stale { id: number; kind: Kind; row_id: string }

/** What one transaction changes is far less; a merge moves rows without changing their words. */
const PER_COMMIT_MAX = 64;
/** Rows of one transaction while many are waiting. */
const PER_PIECE = 64;
/** Few enough to be done before anybody asks. */
const AT_START_MAX = 5_000;
/** Entries of dossiers and all others are numbered apart: the engine finds the matches of one range, newest first, without sorting. */
export const OTHERS_FROM = 2 ** 40;

/**
 * Keeps the index in step with what it tells of: triggers write down which rows changed, and the last thing in every transaction is
 * to index these. What is deleted leaves the index by triggers alone.
 */
export class SearchIndex {
  readonly #db: Database;
  #fieldsOf: (customerId: string) => readonly string[] = () => [];
  #working: Promise<number> | null = null;
  #stopped = false;

  constructor(deps: { db: Database }) {
    this.#db = deps.db;
  }

  /** @param fieldsOf the text that stands in a customer's own fields: only what everybody may see */
  fieldsFrom(fieldsOf: (customerId: string) => readonly string[]): void {
    this.#fieldsOf = fieldsOf;
  }

  /**
   * At start: the rows of an older database, or written past the box. Few are indexed at once, many beside the work.
   * @returns how many wait, and when they are done
   */
  start(): { waiting: number; done: Promise<number> } {
    this.#db.beforeEachCommit(() => this.#workOff(PER_COMMIT_MAX));
    const waiting = this.waiting();
    if (waiting <= AT_START_MAX) while (this.#db.transaction(() => this.#workOff(AT_START_MAX)) > 0);
    return { waiting, done: this.catchUp() };
  }

  /** No piece of work is begun any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  waiting(): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM search_stale')!.n;
  }

  /** Works off what waits, in short breaths. @returns how many rows that were */
  catchUp(): Promise<number> {
    this.#working ??= this.#inBreaths().finally(() => { this.#working = null; });
    return this.#working;
  }

  async #inBreaths(): Promise<number> {
    await Promise.resolve(); // whoever asks meanwhile, this work's own commits too, gets the same promise
    const breath = new Breath();
    let done = 0;
    while (!this.#stopped) {
      const some = this.#db.transaction(() => this.#workOff(PER_PIECE));
      if (some === 0) break;
      done += some;
      await breath.taken();
    }
    return done;
  }

  /** The newest first: what this transaction itself wrote. */
  #workOff(max: number): number {
    const rows = this.#db.all<Stale>('SELECT id, kind, row_id FROM search_stale ORDER BY id DESC LIMIT ?', max);
    if (rows.length === 0) return 0;
    for (const { kind, row_id } of new Map(rows.map((row) => [`${row.kind} ${row.row_id}`, row])).values()) this.#index(kind, row_id);
    this.#db.run('DELETE FROM search_stale WHERE id BETWEEN ? AND ?', rows.at(-1)!.id, rows[0]!.id);
    if (rows.length === max) this.#db.afterCommit(() => { this.catchUp().catch(() => undefined); }); // what fails waits for the next commit
    return rows.length;
  }

  #index(kind: Kind, rowId: string): void {
    const found = this.#termsOf(kind, rowId);
    const entry = this.#db.get<{ id: number }>('SELECT id FROM search_entry WHERE kind = ? AND row_id = ?', kind, rowId);
    if (found === null || found.terms === '') {
      if (entry !== undefined) this.#db.run('DELETE FROM search_entry WHERE id = ?', entry.id);
      return;
    }
    if (entry !== undefined) {
      this.#db.run('UPDATE search_text SET terms = ? WHERE rowid = ?', found.terms, entry.id);
      return;
    }
    const id = this.#nextId(kind);
    this.#db.run('INSERT INTO search_entry (id, customer_id, kind, row_id) VALUES (?, ?, ?, ?)', id, found.customerId, kind, rowId);
    this.#db.run('INSERT INTO search_text (rowid, terms) VALUES (?, ?)', id, found.terms);
  }

  #nextId(kind: Kind): number {
    const last = kind === 'dossier'
      ? this.#db.get<{ id: number | null }>('SELECT max(id) AS id FROM search_entry WHERE id < ?', OTHERS_FROM)!.id ?? 0
      : this.#db.get<{ id: number | null }>('SELECT max(id) AS id FROM search_entry WHERE id >= ?', OTHERS_FROM)!.id ?? OTHERS_FROM;
    return last + 1;
  }

  /** Null: the row is gone. */
  #termsOf(kind: Kind, rowId: string): { customerId: string; terms: string } | null {
    switch (kind) {
      case 'dossier': {
        const parts = partsOfDossier(this.#db, rowId);
        return parts === null ? null : { customerId: rowId, terms: termsOf(parts.map(({ tokens }) => tokens)) };
      }
      case 'note': {
        const note = this.#db.get<{ customerId: string; text: string }>('SELECT customer_id AS customerId, text FROM note WHERE id = ?', rowId);
        return note === undefined ? null : { customerId: note.customerId, terms: termsOf([tokensOf(note.text)]) };
      }
      case 'fields': {
        if (this.#db.get('SELECT 1 FROM customer WHERE id = ?', rowId) === undefined) return null;
        return { customerId: rowId, terms: termsOf(this.#fieldsOf(rowId).map(tokensOf)) };
      }
    }
  }
}

/** What of a dossier is found by itself; null: there is none of this id. */
export function partsOfDossier(db: Database, customerId: string): Part[] | null {
  const row = db.get<Omit<DossierWords, 'companions'>>('SELECT display_name, salutation, phone, member_no, email, wechat FROM customer WHERE id = ?', customerId);
  if (row === undefined) return null;
  return dossierParts({ ...row, companions: db.all('SELECT name, relation FROM companion WHERE customer_id = ? ORDER BY position', customerId) });
}
