import { createHash } from 'node:crypto';
import type { AuditAction, AuditEntry, AuditPage, AuditVerification } from '../contract/index.js';
import { toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';

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
interface Row {
  seq: number; at_ms: number; action: AuditAction; staff_id: string | null; device_id: string | null; customer_id: string | null; detail: string; hash: string;
}

/** What stands before the first entry of all. */
const GENESIS = '0'.repeat(64);
/** Entries read at a time while verifying: some 20 ms. */
const BATCH = 5_000;

/** The audit log, chained by hashes. */
export class Audit {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(deps: { db: Database; clock: Clock }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
  }

  /**
   * Appends an entry. To be called inside the transaction of what it tells, so that neither is ever there alone.
   * @returns its place in the chain, for a paper that leaves the box
   */
  record(action: AuditAction, by: Actor, about: { customerId?: string | null; detail?: AuditDetail } = {}): { seq: number; hash: string } {
    return this.#db.transaction(() => {
      const last = this.head();
      const row: Omit<Row, 'hash'> = {
        seq: last.seq + 1, at_ms: this.#clock.now(), action, staff_id: by.staffId, device_id: by.deviceId, customer_id: about.customerId ?? null,
        detail: inOrder(about.detail ?? {}),
      };
      const hash = hashOf(last.hash, row);
      this.#db.run('INSERT INTO audit_entry (seq, at_ms, action, staff_id, device_id, customer_id, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        row.seq, row.at_ms, row.action, row.staff_id, row.device_id, row.customer_id, row.detail, hash);
      return { seq: row.seq, hash };
    });
  }

  /** Does something and writes it down, both or neither. */
  recording<T>(action: AuditAction, by: Actor, about: { customerId?: string | null; detail?: AuditDetail }, work: () => T): T {
    return this.#db.transaction(() => {
      const result = work();
      this.record(action, by, about);
      return result;
    });
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
    const rows = this.#db.all<Row & { staff_name: string | null; device_name: string | null; display_name: string | null }>(
      `SELECT audit_entry.*, staff.name AS staff_name, device.name AS device_name, display_name FROM audit_entry
       LEFT JOIN staff ON staff.id = staff_id LEFT JOIN device ON device.id = device_id LEFT JOIN customer ON customer.id = customer_id
       WHERE seq < ? AND action = coalesce(?, action) AND customer_id IS coalesce(?, customer_id) AND staff_id IS coalesce(?, staff_id)
       ORDER BY seq DESC LIMIT ?`,
      query.before ?? Number.MAX_SAFE_INTEGER, query.action ?? null, query.customerId ?? null, query.staffId ?? null, query.limit + 1);
    return {
      more: rows.length > query.limit,
      entries: rows.slice(0, query.limit).map((row) => ({
        seq: row.seq, at: toInstant(row.at_ms), action: row.action,
        staff: row.staff_id === null ? null : { id: row.staff_id, name: row.staff_name ?? '' },
        device: row.device_id === null ? null : { id: row.device_id, name: row.device_name ?? '' },
        customer: row.customer_id === null ? null : { id: row.customer_id, displayName: row.display_name },
        detail: JSON.parse(row.detail) as AuditDetail, hash: row.hash,
      })),
    };
  }

  /** Goes through the whole chain, in pieces between which other work is done. */
  async verify(): Promise<AuditVerification> {
    let { seq, hash } = this.#start();
    let entries = 0;
    const result = (firstBroken: number | null): AuditVerification =>
      ({ whole: firstBroken === null, entries, firstBroken, head: hash, checkedAt: toInstant(this.#clock.now()) });
    for (;;) {
      const rows = this.#db.all<Row>(
        'SELECT seq, at_ms, action, staff_id, device_id, customer_id, detail, hash FROM audit_entry WHERE seq > ? ORDER BY seq LIMIT ?', seq, BATCH);
      for (const row of rows) {
        if (row.seq !== seq + 1 || hashOf(hash, row) !== row.hash) return result(seq + 1);
        ({ seq, hash } = row);
        entries += 1;
      }
      if (rows.length < BATCH) break;
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    // A chain that was cut off at its end ends before the entry that was counted last.
    const { last_seq } = this.#db.get<{ last_seq: number }>('SELECT last_seq FROM audit_start')!;
    return result(seq < last_seq ? seq + 1 : null);
  }

  /** Deletes entries older than `beforeMs`; the chain then begins with the hash of the last that went. @returns how many */
  prune(beforeMs: number): number {
    return this.#db.transaction(() => {
      const last = this.#db.get<{ seq: number; hash: string }>('SELECT seq, hash FROM audit_entry WHERE at_ms < ? ORDER BY seq DESC LIMIT 1', beforeMs);
      if (last === undefined) return 0;
      this.#db.run('UPDATE audit_start SET seq = ?, hash = ? WHERE only_one = 1', last.seq, last.hash);
      return this.#db.run('DELETE FROM audit_entry WHERE seq <= ?', last.seq).changes;
    });
  }

  #start(): { seq: number; hash: string } {
    return this.#db.get<{ seq: number; hash: string }>('SELECT seq, hash FROM audit_start') ?? { seq: 0, hash: GENESIS };
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
