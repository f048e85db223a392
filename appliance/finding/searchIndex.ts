import { Breath, isPorticoError, PorticoError, type Logger } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { wordsOfRow, type Kind } from './rows.js';
import { LEFT_IN_A_KEY, TABLES, tableOf, type Table } from './tables.js';

interface Stale { id: number; kind: Kind; row_id: string }
interface Entry { id: number; kind: Kind; words: string }
/** By table: words that went, and entries whose words come. */
interface Writes { gone: Record<Table, string[]>; come: Record<Table, number[]> }

/** A person's change is a row or two; what is more waits for the breaths after it. */
const PER_COMMIT_MAX = 8;
const PER_COMMIT_MS = 10;
/** Rows of one transaction while many are waiting. */
const PER_PIECE = 256;
const PER_PIECE_MS = 10;
/** Few enough to be done before anybody asks. */
const AT_START_MAX = 5_000;
/** Each transaction leaves a segment of its own in the index, and a search reads them all: so many are merged. */
const SEGMENTS_MAX = 16;
/** FTS5 refuses at 2,000: before, nothing is added until they are merged. */
const SEGMENTS_FULL = 1_000;
/** Pages of one step of merging, some milliseconds. */
const MERGE_PAGES = 16;
/** A long note of 2,000 characters takes so many pages at most; with fewer left, what is written goes before what it is found by. */
const SPARE_PAGES = 64;
/** With fewer left, or where one fails, each row is written by itself. */
const SPARE_PAGES_OF_PIECE = PER_PIECE * 16;
/** Of more words that went, one is a key between two pages in all likelihood: to look for it takes longer than it tells. */
const LOOKED_FOR_MAX = 1_000;
/** What could not be indexed is tried again then. */
const AGAIN_MS = 60_000;

/**
 * Keeps the index in step with what it tells of: triggers write down which rows changed, and the last thing in every transaction is
 * to index these. What cannot be, waits: a full box takes what is written, and is found incompletely. What no longer stands anywhere goes
 * first, whether there is room or not. It leaves FTS5 by a trigger, and its pages at once (secure-delete); only a key between two pages may
 * hold on to a word: then all is merged into new pages. While something of what went is left it is not `isClean`.
 */
export class SearchIndex {
  readonly #db: Database;
  readonly #log: Logger;
  #fieldsOf: (customerId: string) => readonly string[] = () => [];
  #working: Promise<number> | null = null;
  /** There is more to do than what the present work began with. */
  #asked = false;
  #inPiece = false;
  #stopped = false;
  /** Rows up to here are left for the breaths, by transactions before. */
  #leftTo = 0;
  /** This pass through what waits goes up from here: a row that cannot be indexed does not hold up the others, nor what is written later. */
  #above = 0;
  #again: NodeJS.Timeout | null = null;
  #told = false;
  /** FTS5 cannot read or write it any more: it is made anew, once. */
  #damage: 'none' | 'found' | 'mended' = 'none';
  /** Words were deleted whose pages the logs still hold. */
  #emptied = false;
  #segments = 0;

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
    if (this.#stopped) return Promise.resolve(0);
    this.#asked = true;
    this.#working ??= this.#inBreaths().finally(() => { this.#working = null; });
    return this.#working;
  }

  /** Inside the transaction that erases the dossier. */
  erase(customerId: string): void {
    const entries = this.#db.all<Entry>('SELECT id, kind, words FROM search_entry WHERE customer_id = ?', customerId);
    try {
      this.#writing((writes) => entries.forEach((entry) => this.#drop(entry, writes)));
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  /** Whether no deleted word is left anywhere; if not, it is being seen to. */
  isClean(): boolean {
    if (!this.#isUnclean() && this.#changed(1).length === 0) return true;
    void this.catchUp();
    return false;
  }

  async #inBreaths(): Promise<number> {
    const breath = new Breath();
    let done = 0;
    do {
      await Promise.resolve(); // whoever asks meanwhile, this work's own commits too, gets the same promise
      this.#asked = false;
      if (this.#damage === 'found') this.#makeAnew();
      for (let some = 1; some > 0 && !this.#stopped; done += some) {
        if (this.#segments >= SEGMENTS_MAX) await this.#merge(breath);
        some = this.#piece(PER_PIECE_MS);
        await breath.taken();
      }
      await this.#merge(breath);
      while (this.#isUnclean() && await this.#clean(breath));
    } while (this.#asked && !this.#stopped);
    if (this.#emptied) {
      this.#emptied = false;
      this.#db.truncateLog();
    }
    if (!this.#stopped && (this.isBehind() || this.#isUnclean())) {
      this.#again ??= setTimeout(() => {
        this.#again = null;
        this.#above = 0;
        this.#told = false;
        void this.catchUp();
      }, AGAIN_MS).unref();
    }
    return done;
  }

  /** What this transaction itself wrote; never what waited before it. */
  #beforeCommit(): void {
    if (this.#inPiece) return;
    const before = this.#leftTo;
    if (this.#last() > before) {
      this.#db.withReserve(() => this.#workOff(this.#db.all<Stale>('SELECT id, kind, row_id FROM search_stale WHERE id > ? ORDER BY id LIMIT ?', before, PER_COMMIT_MAX), PER_COMMIT_MS));
    }
    const waits = this.#last() > before || this.#db.get('SELECT 1 FROM search_stale_field LIMIT 1') !== undefined || this.#segments >= SEGMENTS_MAX;
    // Not before: the numbers of a transaction that is undone are given to others.
    this.#db.afterCommit(() => {
      this.#leftTo = this.#last();
      if (waits) void this.catchUp();
    });
  }

  /** One transaction of what waits: first of what went, then the oldest. @returns how many rows went; 0: nothing is left that can be done now */
  #piece(ms: number): number {
    let above = this.#above;
    const done = this.#reserved(() => {
      const changed = this.#changed(PER_PIECE);
      if (changed.length > 0) return (this.#together(changed, ms) ?? this.#workOff(changed, ms)).done;
      if (!this.#hasRoom()) return 0;
      const rows = this.#db.all<Stale>('SELECT id, kind, row_id FROM search_stale WHERE id > ? ORDER BY id LIMIT ?', above, PER_PIECE);
      if (rows.length === 0) return this.#workOffField(ms);
      const { tried } = this.#together(rows, ms) ?? this.#workOff(rows, ms);
      above = rows[tried - 1]!.id;
      return tried;
    });
    this.#leftTo = this.#last();
    // Never above all that wait: the next row gets the next number.
    if (done !== null) this.#above = Math.min(above, this.#leftTo);
    return done ?? 0;
  }

  /** What waits and stands in the index with what it said before. */
  #changed(max: number): Stale[] {
    return this.#db.all<Stale>(
      `SELECT search_stale.id, search_stale.kind, search_stale.row_id FROM search_stale INDEXED BY search_stale_changed CROSS JOIN search_entry
       ON search_entry.kind = search_stale.kind AND search_entry.row_id = search_stale.row_id WHERE is_new = 0 ORDER BY search_stale.id LIMIT ?`, max);
  }

  /** A transaction of this work's own. Null: it failed. */
  #step<T>(work: () => T): T | null {
    this.#inPiece = true;
    try {
      return this.#db.transaction(work);
    } catch (error) {
      this.#tell(error);
      return null;
    } finally {
      this.#inPiece = false;
    }
  }

  /** Into one segment. Null: there is no room for all, or one failed. */
  #together(rows: readonly Stale[], ms: number): { tried: number; done: number } | null {
    if (this.#db.sparePages < SPARE_PAGES_OF_PIECE) return null;
    const untilMs = performance.now() + ms;
    let done = 0;
    const failed = this.#attempt((writes) => {
      for (const row of rows) {
        if (done > 0 && performance.now() > untilMs) break;
        this.#index(row, writes);
        done += 1;
      }
    });
    return failed === null ? { tried: done, done } : null;
  }

  /**
   * Each by itself. Of what cannot be indexed, for want of room too, nothing stays in the index.
   * @returns how many were tried before the time was over, and of how many nothing is left that went
   */
  #workOff(rows: readonly Stale[], ms: number): { tried: number; done: number } {
    const untilMs = performance.now() + ms;
    let [tried, done] = [0, 0];
    for (const row of rows) {
      if (tried > 0 && performance.now() > untilMs) break;
      tried += 1;
      const failed = this.#attempt((writes) => this.#index(row, writes));
      if (failed !== null) this.#tell(failed);
      if (failed === null || this.#attempt((writes) => this.#drop(this.#entryOf(row), writes)) === null) done += 1;
    }
    return { tried, done };
  }

  /** Some of those who have something in a field that is seen by others now, or has another name. @returns how many, at least 1 while there was one */
  #workOffField(ms: number): number {
    const field = this.#db.get<{ field_id: string; done_to: string }>('SELECT field_id, done_to FROM search_stale_field LIMIT 1');
    if (field === undefined) return 0;
    const untilMs = performance.now() + ms;
    const holders = this.#db.all<{ customer_id: string }>(
      'SELECT customer_id FROM field_value WHERE field_id = ? AND customer_id > ? ORDER BY customer_id LIMIT ?', field.field_id, field.done_to, PER_PIECE);
    let done = 0;
    for (const { customer_id } of holders) {
      if (done > 0 && performance.now() > untilMs) break;
      // From here on like any other row: one that fails holds up nobody.
      const { lastInsertRowid } = this.#db.run(`INSERT INTO search_stale (kind, row_id) VALUES ('fields', ?)`, customer_id);
      this.#workOff([{ id: Number(lastInsertRowid), kind: 'fields', row_id: customer_id }], 0);
      done += 1;
    }
    if (done === holders.length && holders.length < PER_PIECE) this.#db.run('DELETE FROM search_stale_field WHERE field_id = ?', field.field_id);
    else this.#db.run('UPDATE search_stale_field SET done_to = ? WHERE field_id = ?', holders[done - 1]!.customer_id, field.field_id);
    return Math.max(1, done);
  }

  /** Once a pass. */
  #tell(err: unknown): void {
    if (isPorticoError(err) && err.code === 'storage_full') return; // health tells of it
    if (!this.#told) this.#log.error({ err }, 'a row could not be indexed; it is tried again');
    this.#told = true;
    if (this.#damage !== 'none' || !isDamage(err)) return;
    this.#damage = 'found';
    void this.catchUp();
  }

  #last(): number {
    return this.#db.get<{ id: number | null }>('SELECT max(id) AS id FROM search_stale')!.id ?? 0;
  }

  /** For what is new. */
  #hasRoom(): boolean {
    return this.#db.sparePages >= SPARE_PAGES && this.#segments < SEGMENTS_FULL;
  }

  /** Undone by itself where it fails. */
  #attempt(work: (writes: Writes) => void): Error | null {
    this.#segments += 1;
    return this.#db.attempt(() => this.#writing(work));
  }

  /**
   * INSERT SELECT: so that a failure undoes the statement alone; but before each such statement FTS5 makes a segment of what came before,
   * so all that comes is one. It would keep that until the commit, and could fail there: flush.
   */
  #writing(work: (writes: Writes) => void): void {
    const { gone, come }: Writes = { gone: { search_dossier: [], search_other: [] }, come: { search_dossier: [], search_other: [] } };
    work({ gone, come });
    for (const table of TABLES) {
      if (come[table].length > 0) this.#db.run(`INSERT INTO ${table} (rowid, words) SELECT id, words FROM search_entry WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`, JSON.stringify(come[table]));
      this.#db.run(`INSERT INTO ${table} (${table}) SELECT 'flush'`);
      const words = gone[table];
      if (words.length === 0) continue;
      if (words.length > LOOKED_FOR_MAX || this.#db.get(LEFT_IN_A_KEY[table], JSON.stringify(words)) !== undefined) this.#db.run('INSERT INTO search_unclean DEFAULT VALUES');
      this.#emptied = true;
    }
  }

  #index(row: Stale, writes: Writes): void {
    const { id, kind, row_id } = row;
    const found = wordsOfRow(this.#db, kind, row_id, this.#fieldsOf);
    const words = JSON.stringify(found?.words ?? []);
    const entry = this.#entryOf(row);
    if ((entry?.words ?? '[]') !== words) {
      this.#drop(entry, writes, new Set(found?.words));
      if (found !== null && words !== '[]') {
        if (!this.#hasRoom()) throw new PorticoError('storage_full');
        const { lastInsertRowid } = this.#db.run('INSERT INTO search_entry (customer_id, kind, row_id, words) VALUES (?, ?, ?, ?)', found.customerId, kind, row_id, words);
        writes.come[tableOf(kind)].push(Number(lastInsertRowid));
      }
    }
    this.#db.run('DELETE FROM search_stale WHERE id = ?', id);
  }

  #entryOf({ kind, row_id }: Stale): Entry | undefined {
    return this.#db.get<Entry>('SELECT id, kind, words FROM search_entry WHERE kind = ? AND row_id = ?', kind, row_id);
  }

  /** @param stay words that come again */
  #drop(entry: Entry | undefined, { gone }: Writes, stay: ReadonlySet<string> = new Set()): void {
    if (entry === undefined) return;
    this.#db.run('DELETE FROM search_entry WHERE id = ?', entry.id);
    for (const word of JSON.parse(entry.words) as string[]) if (!stay.has(word)) gone[tableOf(entry.kind)].push(word);
  }

  /** All that stood in it waits again, as if it were new. */
  #makeAnew(): void {
    this.#damage = 'mended';
    this.#log.error({}, 'the search index is damaged and is made anew');
    this.#reserved(() => {
      for (const table of TABLES) this.#db.run(`INSERT INTO ${table} (${table}) VALUES ('delete-all')`);
      this.#db.run(`INSERT INTO search_stale (kind, row_id, is_new) SELECT kind, row_id, 1 FROM search_entry ORDER BY id`);
      this.#db.run(`UPDATE search_entry SET words = '[]' WHERE words <> '[]'`);
      this.#db.run('DELETE FROM search_unclean WHERE true');
    });
    this.#emptied = true;
    this.#segments = 0;
  }

  /** A few pages of the index at a time. */
  async #merge(breath: Breath): Promise<void> {
    for (const table of TABLES) {
      for (let more: boolean | null = true; more === true; await breath.taken()) {
        if (this.#stopped || this.#db.sparePages < SPARE_PAGES) return;
        more = this.#step(() => this.#mergePages(table, MERGE_PAGES));
        if (more === null) return;
      }
    }
    this.#segments = 0;
  }

  /** @param pages below zero: of all segments, into one @returns whether there was something to do */
  #mergePages(table: Table, pages: number): boolean {
    const changes = () => this.#db.get<{ n: number }>('SELECT total_changes() AS n')!.n;
    const before = changes();
    this.#db.run(`INSERT INTO ${table} (${table}, rank) VALUES ('merge', ?)`, pages);
    return changes() - before >= 2; // SQLite, "FTS5", the merge command
  }

  /** All into new pages, whose keys are of words that are there. What makes it unclean meanwhile waits for the next time. @returns whether it is done */
  async #clean(breath: Breath): Promise<boolean> {
    const { last } = this.#db.get<{ last: number }>('SELECT max(id) AS last FROM search_unclean')!;
    for (const table of TABLES) {
      // A single segment would be left as it is: this is another one, of nobody's word.
      let more = this.#reserved(() => { this.#db.run(`INSERT INTO ${table} (rowid, words) VALUES (0, '0')`); return true; });
      for (let pages = -MERGE_PAGES; more === true; pages = MERGE_PAGES) {
        if (this.#stopped) return false;
        more = this.#reserved(() => this.#mergePages(table, pages));
        await breath.taken();
      }
      if (more === null) return false;
    }
    this.#emptied = true;
    return this.#reserved(() => this.#db.run('DELETE FROM search_unclean WHERE id <= ?', last)) !== null;
  }

  /** It makes room, and must not fail for want of it. */
  #reserved<T>(work: () => T): T | null {
    return this.#db.withReserve(() => this.#step(work));
  }

  #isUnclean(): boolean {
    return this.#db.get('SELECT 1 FROM search_unclean LIMIT 1') !== undefined;
  }
}

/** What the engine says of the tables of FTS5 themselves; not what the words are made of. */
const isDamage = (error: unknown): boolean => (isPorticoError(error) ? error.code === 'db_corrupt' : (error as Error).name === 'SqliteError');
