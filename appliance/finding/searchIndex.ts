import { Breath, PorticoError, type Logger } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { dossierParts, indexedWords, tokensOf, type DossierWords, type Part } from './words.js';

type Kind = 'dossier' | 'note' | 'fields';
interface NewWord { side: 0 | 1; word: string; entryId: number }
interface Stale { id: number; kind: Kind; row_id: string }

/** A person's change is a row or two; what is more waits for the breaths after it. */
const PER_COMMIT_MAX = 8;
const PER_COMMIT_MS = 10;
/** Rows of one transaction while many are waiting. */
const PER_PIECE = 64;
const PER_PIECE_MS = 25;
/** Few enough to be done before anybody asks. */
const AT_START_MAX = 5_000;
/**
 * While more wait than these, so many rows are indexed together: their words are written in the order of the tree, so that each of its pages
 * is decrypted and sealed once for many words. Some 60 MB of memory for that long.
 */
const BULK = 10_000;
/** Words of one statement. */
const WORDS_PER_STATEMENT = 250;
/** A long note of 2,000 characters takes so many pages at most; with fewer left, what is written goes before what it is found by. */
const SPARE_PAGES = 64;
/** What could not be indexed is tried again then. */
const AGAIN_MS = 60_000;

/**
 * Keeps the index in step with what it tells of: triggers write down which rows changed, and the last thing in every transaction is
 * to index these. What cannot be, waits: a full box takes what is written, and is found incompletely. A dossier that is
 * erased leaves the index by triggers alone.
 */
export class SearchIndex {
  readonly #db: Database;
  readonly #log: Logger;
  #fieldsOf: (customerId: string) => readonly string[] = () => [];
  #working: Promise<number> | null = null;
  #inPiece = false;
  #stopped = false;
  /** Rows up to here are left for the breaths, by transactions before. */
  #leftTo = 0;
  /** This pass through what waits goes down from here: a row that cannot be indexed does not hold up the others. */
  #below = Number.MAX_SAFE_INTEGER;
  #again: NodeJS.Timeout | null = null;
  #told = false;
  /** Words were deleted whose pages the logs still hold. */
  #emptied = false;

  constructor(deps: { db: Database; log: Logger }) {
    this.#db = deps.db;
    this.#log = deps.log;
  }

  /** @param fieldsOf the text that stands in a customer's own fields: only what everybody may see */
  fieldsFrom(fieldsOf: (customerId: string) => readonly string[]): void {
    this.#fieldsOf = fieldsOf;
  }

  /**
   * At start: the rows of an older database, or written past the box. Few are indexed at once, many beside the work. Throws nothing: what
   * cannot be indexed waits.
   * @returns how many wait, and when they are done
   */
  start(): { waiting: number; done: Promise<number> } {
    const waiting = this.waiting();
    if (waiting <= AT_START_MAX) while (this.#piece(Infinity) > 0);
    this.#leftTo = this.#last();
    this.#db.beforeEachCommit(() => this.#beforeCommit());
    return { waiting, done: this.catchUp() };
  }

  /** No piece of work is begun any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#again !== null) clearTimeout(this.#again);
    await this.#working;
  }

  waiting(): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM search_stale')!.n;
  }

  /** Whether something is there that is not found yet. */
  isBehind(): boolean {
    return this.#db.get('SELECT 1 FROM search_stale UNION ALL SELECT 1 FROM search_stale_field LIMIT 1') !== undefined;
  }

  /** Works off what waits, in short breaths, until it is done or cannot go on. @returns how many rows that were */
  catchUp(): Promise<number> {
    this.#working ??= this.#inBreaths().finally(() => { this.#working = null; });
    return this.#working;
  }

  async #inBreaths(): Promise<number> {
    await Promise.resolve(); // whoever asks meanwhile, this work's own commits too, gets the same promise
    const breath = new Breath();
    let done = 0;
    for (let some = 1; some > 0 && !this.#stopped; done += some) {
      some = this.waiting() >= BULK ? await this.#bulk(breath) : this.#piece(PER_PIECE_MS);
      await breath.taken();
    }
    if (this.#emptied) {
      this.#emptied = false;
      this.#db.truncateLog();
    }
    if (!this.#stopped && this.isBehind()) {
      this.#again ??= setTimeout(() => {
        this.#again = null;
        void this.catchUp();
      }, AGAIN_MS).unref();
    }
    return done;
  }

  /** What this transaction itself wrote, the newest first; never what waited before it. */
  #beforeCommit(): void {
    if (this.#inPiece) return;
    const before = this.#leftTo;
    const wrote = this.#last() > before;
    if (wrote) this.#workOff(this.#db.all<Stale>('SELECT id, kind, row_id FROM search_stale WHERE id > ? ORDER BY id DESC LIMIT ?', before, PER_COMMIT_MAX), PER_COMMIT_MS);
    this.#leftTo = this.#last();
    const waits = this.#leftTo > before || this.#db.get('SELECT 1 FROM search_stale_field LIMIT 1') !== undefined;
    if (waits && this.#again === null) this.#db.afterCommit(() => { void this.catchUp(); });
  }

  /**
   * The newest of what waits, in three rounds of breaths: the entries, their words in order, and that they are done. Cut short, an entry is known
   * by its mark and made anew; what is deleted meanwhile gets no words any more.
   * @returns how many rows went; 0: nothing can be done now
   */
  async #bulk(breath: Breath): Promise<number> {
    const rows = this.#db.all<Stale>('SELECT id, kind, row_id FROM search_stale ORDER BY id DESC LIMIT ?', BULK);
    // By their first letter, so that no sorting takes long.
    const words = new Map<string, NewWord[]>();
    const made: number[] = [];
    const entered = await this.#each(rows, breath, ({ kind, row_id }) => {
      const found = this.#wordsOf(kind, row_id);
      if (found === null || found.words.length === 0 || this.#db.get('SELECT 1 FROM search_entry WHERE kind = ? AND row_id = ?', kind, row_id) !== undefined) {
        this.#index(kind, row_id);
        return;
      }
      const entryId = this.#enter(kind, row_id, found.customerId, ` ${JSON.stringify(found.words)}`);
      made.push(entryId);
      for (const word of found.words) {
        const key = `${sideOf(kind)}${word[0]!}`;
        const alike = words.get(key);
        if (alike === undefined) words.set(key, [{ side: sideOf(kind), word, entryId }]);
        else alike.push({ side: sideOf(kind), word, entryId });
      }
    });
    const some: NewWord[][] = [];
    for (const key of [...words.keys()].sort()) {
      const alike = words.get(key)!.sort((a, b) => (a.word < b.word ? -1 : a.word > b.word ? 1 : a.entryId - b.entryId));
      for (let at = 0; at < alike.length; at += WORDS_PER_STATEMENT) some.push(alike.slice(at, at + WORDS_PER_STATEMENT));
      await breath.taken();
    }
    const written = entered && await this.#each(some, breath, (each) => {
      this.#db.run(
        `INSERT OR IGNORE INTO search_word (side, word, entry_id) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)
         WHERE EXISTS (SELECT 1 FROM search_entry WHERE id = value ->> 2)`, JSON.stringify(each.map(({ side, word, entryId }) => [side, word, entryId])));
    });
    const done = written
      && await this.#each(made, breath, (id) => { this.#db.run('UPDATE search_entry SET words = trim(words) WHERE id = ?', id); })
      && await this.#each(rows, breath, ({ id }) => { this.#db.run('DELETE FROM search_stale WHERE id = ?', id); });
    return done ? rows.length : 0;
  }

  /** As many of a transaction as have time in it. @returns whether all were done */
  async #each<T>(all: readonly T[], breath: Breath, work: (one: T) => void): Promise<boolean> {
    for (let at = 0; at < all.length;) {
      if (this.#stopped) return false;
      this.#inPiece = true;
      try {
        at = this.#db.transaction(() => {
          if (this.#db.sparePages < SPARE_PAGES) throw new PorticoError('storage_full');
          const untilMs = performance.now() + PER_PIECE_MS;
          let next = at;
          do work(all[next++]!); while (next < all.length && performance.now() < untilMs);
          this.#leftTo = this.#last();
          return next;
        });
      } catch (error) {
        this.#tell(error);
        return false;
      } finally {
        this.#inPiece = false;
      }
      await breath.taken();
    }
    return true;
  }

  /** One transaction of what waits. @returns how many rows went; 0: nothing is left that can be done now */
  #piece(ms: number): number {
    this.#inPiece = true;
    try {
      return this.#db.transaction(() => {
        const rows = this.#db.all<Stale>('SELECT id, kind, row_id FROM search_stale WHERE id < ? ORDER BY id DESC LIMIT ?', this.#below, PER_PIECE);
        const { tried, done } = rows.length > 0 ? this.#workOff(rows, ms) : this.#workOffField(ms);
        this.#below = rows[tried - 1]?.id ?? Number.MAX_SAFE_INTEGER;
        this.#leftTo = this.#last();
        return rows.length > 0 ? tried : done;
      });
    } catch (error) {
      this.#tell(error);
      return 0;
    } finally {
      this.#inPiece = false;
    }
  }

  /** Those that fail stay. @returns how many were tried before the time was over or the box full, and how many of these went */
  #workOff(rows: readonly Stale[], ms: number): { tried: number; done: number } {
    const untilMs = performance.now() + ms;
    let [tried, done] = [0, 0];
    for (const { id, kind, row_id } of rows) {
      if (tried > 0 && performance.now() > untilMs) break;
      // What is gone needs no room.
      if (this.#db.sparePages < SPARE_PAGES && (kind !== 'note' || this.#wordsOf(kind, row_id) !== null)) break;
      tried += 1;
      const failed = this.#db.attempt(() => {
        this.#index(kind, row_id);
        this.#db.run('DELETE FROM search_stale WHERE id = ?', id);
      });
      if (failed === null) done += 1;
      else this.#tell(failed);
    }
    return { tried, done };
  }

  /** Some of those who have something in a field that is seen by others now, or has another name. */
  #workOffField(ms: number): { tried: number; done: number } {
    const field = this.#db.get<{ field_id: string; done_to: string }>('SELECT field_id, done_to FROM search_stale_field LIMIT 1');
    if (field === undefined || this.#db.sparePages < SPARE_PAGES) return { tried: 0, done: 0 };
    const untilMs = performance.now() + ms;
    const holders = this.#db.all<{ customer_id: string }>(
      'SELECT customer_id FROM field_value WHERE field_id = ? AND customer_id > ? ORDER BY customer_id LIMIT ?', field.field_id, field.done_to, PER_PIECE);
    let done = 0;
    for (const { customer_id } of holders) {
      if (done > 0 && performance.now() > untilMs) break;
      const failed = this.#db.attempt(() => this.#index('fields', customer_id));
      if (failed !== null) throw failed;
      done += 1;
    }
    if (done === holders.length && holders.length < PER_PIECE) this.#db.run('DELETE FROM search_stale_field WHERE field_id = ?', field.field_id);
    else this.#db.run('UPDATE search_stale_field SET done_to = ? WHERE field_id = ?', holders[done - 1]!.customer_id, field.field_id);
    return { tried: done, done: Math.max(1, done) };
  }

  /** Once: the next try fails of the same. */
  #tell(err: unknown): void {
    if (!this.#told) this.#log.error({ err }, 'a row could not be indexed; it is tried again');
    this.#told = true;
  }

  #last(): number {
    return this.#db.get<{ id: number | null }>('SELECT max(id) AS id FROM search_stale')!.id ?? 0;
  }

  #index(kind: Kind, rowId: string): void {
    const found = this.#wordsOf(kind, rowId);
    let entry = this.#db.get<{ id: number; words: string }>('SELECT id, words FROM search_entry WHERE kind = ? AND row_id = ?', kind, rowId);
    if (entry?.words.startsWith(' ')) {
      this.#db.run('DELETE FROM search_entry WHERE id = ?', entry.id);
      entry = undefined;
    }
    if (found === null || found.words.length === 0) {
      if (entry === undefined) return;
      this.#db.run('DELETE FROM search_entry WHERE id = ?', entry.id);
      this.#emptied = true;
      return;
    }
    const words = JSON.stringify(found.words);
    if (entry?.words === words) return;
    const side = sideOf(kind);
    const id = entry?.id ?? this.#enter(kind, rowId, found.customerId, words);
    if (entry !== undefined) {
      this.#db.run(
        `DELETE FROM search_word WHERE side = ? AND word IN (SELECT value FROM json_each(?) EXCEPT SELECT value FROM json_each(?)) AND entry_id = ?`,
        side, entry.words, words, id);
      this.#db.run('UPDATE search_entry SET words = ? WHERE id = ?', words, id);
    }
    this.#db.run(
      'INSERT INTO search_word (side, word, entry_id) SELECT ?, value, ? FROM (SELECT value FROM json_each(?) EXCEPT SELECT value FROM json_each(?))', side, id, words, entry?.words ?? '[]');
  }

  /** With SELECT also a single row: where there is no room the engine then undoes this statement, not the whole transaction. */
  #enter(kind: Kind, rowId: string, customerId: string, words: string): number {
    return Number(this.#db.run('INSERT INTO search_entry (customer_id, kind, row_id, words) SELECT ?, ?, ?, ? WHERE true', customerId, kind, rowId, words).lastInsertRowid);
  }

  /** Null: the row is gone. */
  #wordsOf(kind: Kind, rowId: string): { customerId: string; words: string[] } | null {
    switch (kind) {
      case 'dossier': {
        const parts = partsOfDossier(this.#db, rowId);
        return parts === null ? null : { customerId: rowId, words: indexedWords(parts.map(({ tokens }) => tokens)) };
      }
      case 'note': {
        const note = this.#db.get<{ customerId: string; text: string }>('SELECT customer_id AS customerId, text FROM note WHERE id = ?', rowId);
        return note === undefined ? null : { customerId: note.customerId, words: indexedWords([tokensOf(note.text)]) };
      }
      case 'fields': {
        if (this.#db.get('SELECT 1 FROM customer WHERE id = ?', rowId) === undefined) return null;
        return { customerId: rowId, words: indexedWords(this.#fieldsOf(rowId).map(tokensOf)) };
      }
    }
  }
}

/** Dossiers and all others lie apart, as the trigger of 0011 knows. */
export const sideOf = (kind: Kind): 0 | 1 => (kind === 'dossier' ? 0 : 1);

/** What of a dossier is found by itself; null: there is none of this id. */
export function partsOfDossier(db: Database, customerId: string): Part[] | null {
  const row = db.get<Omit<DossierWords, 'companions'>>('SELECT display_name, salutation, phone, member_no, email, wechat FROM customer WHERE id = ?', customerId);
  if (row === undefined) return null;
  return dossierParts({ ...row, companions: db.all('SELECT name, relation FROM companion WHERE customer_id = ? ORDER BY position', customerId) });
}
