import { createHash } from 'node:crypto';
import {
  CHAIN_GENESIS, KEPT_DAYS_MIN, startTold, whatIsWrongWithStart, type AuditAction, type AuditEntry, type AuditPage, type AuditVerification, type PruningEntry,
} from '../contract/index.js';
import { Breath, isPorticoError, PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';

export { NightlyRuns } from './runs.js';
export { checkEach, Verification, type Checks, type RecordCheck } from './verification.js';

/** Who did it: a member of staff on a device. Both null: the box itself, or the customer over their own link. */
export interface Actor { staffId: string | null; deviceId: string | null }
export const THE_BOX: Actor = { staffId: null, deviceId: null };

/** Ids, codes, counts and days; never a name, a number or a text about a person. */
export type AuditDetail = AuditEntry['detail'];

export interface AuditQuery {
  /** Only entries before this one. */
  before?: number;
  limit: number;
  action?: AuditAction;
  customerId?: string;
  staffId?: string;
}
/** What an entry is about. */
export interface About { customerId?: string | null; detail?: AuditDetail }
/** An entry as it is stored; its hash is over the hash before it and these. */
export interface AuditRow {
  seq: number; at_ms: number; action: AuditAction; staff_id: string | null; device_id: string | null; customer_id: string | null; detail: string; hash: string;
}
type Row = AuditRow;
/** An entry as it is held against a record. What was written over reads as an empty detail. */
export interface Told { seq: number; atMs: number; action: AuditAction; staffId: string | null; customerId: string | null; detail: AuditDetail }
export type ChainReport = Omit<AuditVerification, 'records'>;

/** Entries read at a time while exporting: some 20 ms, between which other work is done. */
const BATCH = 2_000;
/** Entries read at a time while verifying: some 2 ms. */
const VERIFIED_BATCH = 200;
const DAY_MS = 86_400_000;
/** Entries read at a time for a pack: some 2 ms. */
const STORED_BATCH = 500;
/** Entries that may wait in memory for a file that cannot be written; then what they tell of is refused. */
const WAITING_MAX = 200;
const WRITE_AGAIN_MS = 1_000;
const COLUMNS = 'seq, at_ms, action, staff_id, device_id, customer_id, detail, hash';

/** The audit log, chained by hashes. */
export class Audit {
  readonly #db: Database;
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #writeAgain: NodeJS.Timeout | undefined;

  constructor(deps: { db: Database; clock: Clock }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
  }

  /**
   * Appends an entry. To be called inside the transaction of what it tells, so that neither is ever there alone.
   * @returns its place in the chain, for a paper that leaves the box
   */
  record(action: AuditAction, by: Actor, about: About = {}): { seq: number; hash: string } {
    return this.#append(action, by, about, this.#clock.now());
  }

  /**
   * Writes down that something was read. While the file cannot be written (full disk, held by another process) the entry
   * waits in memory for at most 200 others, because a dossier must open then too; after those nothing opens unrecorded.
   * @throws PorticoError storage_full, storage_busy
   */
  recordReading(action: AuditAction, by: Actor, about: About): void {
    const atMs = this.#clock.now();
    this.#waiting.push(() => this.#append(action, by, about, atMs));
    const error = this.#writeWaiting();
    if (error === null || this.#waiting.length <= WAITING_MAX) return;
    this.#waiting.pop();
    throw error;
  }

  #append(action: AuditAction, by: Actor, about: About, atMs: number): { seq: number; hash: string } {
    return this.#db.transaction(() => {
      const last = this.head();
      const row: Omit<Row, 'hash'> = {
        seq: last.seq + 1, at_ms: atMs, action, staff_id: by.staffId, device_id: by.deviceId, customer_id: about.customerId ?? null,
        detail: inOrder(about.detail ?? {}),
      };
      const hash = hashOf(last.hash, row);
      this.#db.run(`INSERT INTO audit_entry (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        row.seq, row.at_ms, row.action, row.staff_id, row.device_id, row.customer_id, row.detail, hash);
      return { seq: row.seq, hash };
    });
  }

  /** Does something and writes it down, both or neither. @param about may depend on what came of it; null: nothing did, and nothing is written */
  recording<T>(action: AuditAction, by: Actor, about: About | ((result: T) => About | null), work: () => T): T {
    return this.#db.transaction(() => {
      const result = work();
      const told = typeof about === 'function' ? about(result) : about;
      if (told !== null) this.record(action, by, told);
      return result;
    });
  }

  /** What still waits in memory is tried once more. */
  stop(): void {
    this.#writeWaiting();
    clearTimeout(this.#writeAgain);
  }

  /** The last entry's place and hash; before the first: 0 and zeros. */
  head(): { seq: number; hash: string } {
    return this.#db.get<{ seq: number; hash: string }>('SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1') ?? this.#start();
  }

  count(): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM audit_entry')!.n;
  }

  /** Newest first. Names are those of now: of who left the store, still; of an erased customer, none. */
  page(query: AuditQuery): AuditPage {
    const filters = ([['seq <', query.before], ['action =', query.action], ['customer_id =', query.customerId], ['staff_id =', query.staffId]] as const)
      .filter(([, value]) => value !== undefined);
    const rows = this.#db.all<Row & { staff_name: string | null; device_name: string | null; display_name: string | null }>(
      `SELECT audit_entry.*, staff.name AS staff_name, device.name AS device_name, display_name FROM audit_entry
       LEFT JOIN staff ON staff.id = staff_id LEFT JOIN device ON device.id = device_id LEFT JOIN customer ON customer.id = customer_id
       ${filters.length === 0 ? '' : `WHERE ${filters.map(([condition]) => `${condition} ?`).join(' AND ')}`} ORDER BY seq DESC LIMIT ?`,
      ...filters.map(([, value]) => value!), query.limit + 1);
    return {
      more: rows.length > query.limit,
      entries: rows.slice(0, query.limit).map((row) => ({
        seq: row.seq, at: readTime(row.at_ms), action: row.action,
        staff: row.staff_id === null ? null : { id: row.staff_id, name: row.staff_name ?? '' },
        device: row.device_id === null ? null : { id: row.device_id, name: row.device_name ?? '' },
        customer: row.customer_id === null ? null : { id: row.customer_id, displayName: row.display_name },
        detail: readDetail(row.detail), hash: row.hash,
      })),
    };
  }

  /** What the entries of these kinds about a customer tell, oldest first. */
  about(customerId: string, ...actions: readonly AuditAction[]): Told[] {
    return this.#db.all<Row>(
      `SELECT ${COLUMNS} FROM audit_entry WHERE customer_id = ? AND action IN (${actions.map(() => '?').join(', ')}) ORDER BY seq`, customerId, ...actions).map(toTold);
  }

  /** What all entries of one kind tell, oldest first: for a kind of which there are few. */
  told(action: AuditAction): Told[] {
    return this.#told(action, 0, -1);
  }

  /** The same for any kind, in pieces between which other work is done. */
  async* toldInPieces(action: AuditAction): AsyncGenerator<Told> {
    const breath = new Breath();
    for (let seq = 0; ;) {
      const piece = this.#told(action, seq, VERIFIED_BATCH);
      for (const told of piece) {
        yield told;
        await breath.taken();
      }
      if (piece.length < VERIFIED_BATCH) return;
      seq = piece.at(-1)!.seq;
    }
  }

  #told(action: AuditAction, after: number, limit: number): Told[] {
    return this.#db.all<Row>(`SELECT ${COLUMNS} FROM audit_entry WHERE action = ? AND seq > ? ORDER BY seq LIMIT ?`, action, after, limit).map(toTold);
  }

  /** When the nightly deletion took some of this kind, oldest first. */
  runsOf(kind: string, after: number): { seq: number; atMs: number }[] {
    return this.#db.all<{ seq: number; atMs: number }>(
      `SELECT seq, at_ms AS atMs FROM audit_entry WHERE action = 'retention_ran' AND seq > ? AND instr(detail, ?) > 0 ORDER BY seq`,
      after, JSON.stringify({ kind }).slice(1, -1));
  }

  /**
   * Goes through the whole chain, in pieces between which other work is done; `Verification` holds the records against it as well.
   * @param expected an entry as some paper that left the box has it: also that one must stand here
   * @throws RangeError when that entry is over its term and gone
   */
  async verify(expected?: { seq: number; hash: string }): Promise<ChainReport> {
    const start = this.#start();
    if (expected !== undefined && expected.seq <= start.seq) throw new RangeError(`entry ${expected.seq} is over its term`);
    let { seq, hash } = start;
    let entries = 0;
    let clockBehind = false;
    const result = (firstBroken: number | null): ChainReport =>
      ({ whole: firstBroken === null && !clockBehind, entries, firstBroken, clockBehind, head: hash, checkedAt: toInstant(this.#clock.now()) });
    const early = this.#db.get<{ seq: number }>('SELECT seq FROM audit_entry WHERE seq <= ? ORDER BY seq LIMIT 1', start.seq);
    if (early !== undefined) return result(early.seq); // slipped in before the beginning
    const pruning = this.#pruning();
    const wrong = whatIsWrongWithStart(start, this.#firstTwo(), pruning, this.#clock.now());
    clockBehind = wrong === 'clock';
    const breath = new Breath();
    for (;;) {
      const rows = this.#db.all<Row>(`SELECT ${COLUMNS} FROM audit_entry WHERE seq > ? ORDER BY seq LIMIT ?`, seq, VERIFIED_BATCH);
      const began = this.#start();
      if (began.seq > seq) return this.verify(expected); // the oldest went while this was under way
      for (const row of rows) {
        const expectedHere = expected?.seq === row.seq ? expected.hash : row.hash;
        if (row.seq !== seq + 1 || hashOf(hash, row) !== row.hash || expectedHere !== row.hash) return result(seq + 1);
        ({ seq, hash } = row);
        entries += 1;
      }
      if (rows.length < VERIFIED_BATCH) break;
      await breath.taken();
    }
    if (wrong === 'cut') {
      entries = 0;
      return result(Math.min(pruning === undefined ? 0 : startTold(pruning).seq, start.seq) + 1);
    }
    // A chain that was cut off at its end ends before the entry that was counted last when this began.
    return result(seq < Math.max(start.last_seq, expected?.seq ?? 0) ? seq + 1 : null);
  }

  /** The chain as it is stored, oldest first, as far as it reaches now: for the audit pack. `start` stands before the first entry. */
  stored(): { start: { seq: number; hash: string }; entries: Iterable<AuditRow> } {
    const db = this.#db;
    const { seq, hash } = this.#start();
    const start = { seq, hash };
    const last = this.head().seq;
    function* entries(): Generator<AuditRow> {
      for (let seq = start.seq; seq < last;) {
        const rows = db.all<Row>(
          'SELECT seq, at_ms, action, staff_id, device_id, customer_id, detail, hash FROM audit_entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?',
          seq, last, STORED_BATCH);
        if (rows.length === 0) return;
        yield* rows;
        seq = rows.at(-1)!.seq;
      }
    }
    return { start, entries: entries() };
  }

  /** The whole log as CSV (RFC 4180), a piece at a time. `hash` covers the columns up to `detail` as docs/protocol.md says. */
  async* csv(): AsyncGenerator<string> {
    yield `\uFEFF${csvLine(['seq', 'at', 'action', 'staff_id', 'staff', 'device_id', 'device', 'customer_id', 'detail', 'hash'])}`; // with the mark by which spreadsheets know UTF-8
    for (let seq = -1; ;) {
      const rows = this.#db.all<Row & { staff: string | null; device: string | null }>(
        `SELECT audit_entry.*, staff.name AS staff, device.name AS device FROM audit_entry
         LEFT JOIN staff ON staff.id = staff_id LEFT JOIN device ON device.id = device_id WHERE seq > ? ORDER BY seq LIMIT ?`, seq, BATCH);
      if (rows.length === 0) return;
      yield rows.map((row) => csvLine([
        String(row.seq), readTime(row.at_ms), row.action, row.staff_id, row.staff, row.device_id, row.device, row.customer_id, row.detail, row.hash,
      ])).join('');
      seq = rows.at(-1)!.seq;
      await new Promise((resolve) => { setImmediate(resolve); });
    }
  }

  /**
   * Deletes the oldest entries from before `beforeMs`, none that is not over the shortest term. The newest of these stays as the beginning,
   * by which its age can be seen; an entry `audit_pruned` tells where that is.
   * @returns how many
   */
  prune(beforeMs: number): number {
    return this.#db.transaction(() => {
      const overMs = Math.min(beforeMs, this.#clock.now() - KEPT_DAYS_MIN.audit_log * DAY_MS);
      // Up to the first that is not over: after a clock was set back an old time may stand further on.
      const young = this.#db.get<{ seq: number }>('SELECT min(seq) AS seq FROM audit_entry WHERE at_ms >= ?', overMs)?.seq ?? Number.MAX_SAFE_INTEGER;
      const last = this.#db.get<{ seq: number; hash: string }>('SELECT seq, hash FROM audit_entry WHERE seq < ? ORDER BY seq DESC LIMIT 1 OFFSET 1', young);
      if (last === undefined) return 0;
      this.#db.run('UPDATE audit_start SET seq = ?, hash = ? WHERE only_one = 1', last.seq, last.hash);
      const { changes } = this.#db.run('DELETE FROM audit_entry WHERE seq <= ?', last.seq);
      this.record('audit_pruned', THE_BOX, { detail: { startSeq: last.seq, startHash: last.hash, beforeMs: overMs } });
      return changes;
    });
  }

  /** What is older may be over its term and gone; 0: nothing is, or the log does not begin as a pruned one does. Milliseconds since 1970. */
  prunedBeforeMs(): number {
    const pruning = this.#pruning();
    if (pruning === undefined || whatIsWrongWithStart(this.#start(), this.#firstTwo(), pruning, this.#clock.now()) === 'cut') return 0;
    return startTold(pruning).beforeMs;
  }

  /** Since when everything is in the log, milliseconds since 1970: a box may be older than its log. */
  toldSinceMs(): number {
    return this.prunedBeforeMs() || (this.#firstTwo()[0]?.at_ms ?? this.#clock.now());
  }

  #firstTwo(): { at_ms: number }[] {
    return this.#db.all('SELECT at_ms FROM audit_entry ORDER BY seq LIMIT 2');
  }

  #pruning(): PruningEntry | undefined {
    return this.#db.get(`SELECT at_ms, detail FROM audit_entry WHERE action = 'audit_pruned' ORDER BY seq DESC LIMIT 1`);
  }

  /** Where the chain begins; without that row every entry is broken from the first on. */
  #start(): { seq: number; hash: string; last_seq: number } {
    return this.#db.get<{ seq: number; hash: string; last_seq: number }>('SELECT seq, hash, last_seq FROM audit_start') ?? { seq: 0, hash: CHAIN_GENESIS, last_seq: 1 };
  }

  /** @returns why it could not be written; null: nothing waits any more */
  #writeWaiting(): PorticoError | null {
    clearTimeout(this.#writeAgain);
    try {
      this.#db.transaction(() => { for (const write of this.#waiting) write(); });
      this.#waiting = [];
      return null;
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      this.#writeAgain = setTimeout(() => this.#writeWaiting(), WRITE_AGAIN_MS).unref();
      return error;
    }
  }
}

/** SHA-256 over the hash before and the entry as JSON, lower-case hexadecimal. */
function hashOf(before: string, row: Omit<Row, 'hash'>): string {
  const entry = [row.seq, row.at_ms, row.action, row.staff_id, row.device_id, row.customer_id, row.detail];
  return createHash('sha256').update(`${before}\n${JSON.stringify(entry)}`).digest('hex');
}

/** JSON with the keys in order, so that the same detail always has the same hash. */
function inOrder(detail: AuditDetail): string {
  return JSON.stringify(Object.fromEntries(Object.entries(detail).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function toTold(row: Row): Told {
  return { seq: row.seq, atMs: row.at_ms, action: row.action, staffId: row.staff_id, customerId: row.customer_id, detail: readDetail(row.detail) };
}

/** The last instant there is (ECMA-262, 21.4.1.1). */
const LAST_MS = 8.64e15;

/** What somebody wrote over an entry must not keep the rest from being read; `verify` names it. */
function readTime(ms: number): string {
  return toInstant(Math.max(-LAST_MS, Math.min(LAST_MS, ms)));
}

function readDetail(text: string): AuditDetail {
  try {
    return JSON.parse(text) as AuditDetail;
  } catch {
    return {};
  }
}

/** A cell that a spreadsheet would take for a formula begins with an apostrophe: names are typed by people. */
function csvLine(cells: readonly (string | null)[]): string {
  return `${cells.map((cell) => `"${(cell ?? '').replace(/^(?=[=+\-@\t\r])/, `'`).replaceAll('"', '""')}"`).join(',')}\r\n`;
}
