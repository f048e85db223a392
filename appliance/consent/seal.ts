import { createHash } from 'node:crypto';
import type { Language, Purpose } from '../contract/index.js';
import { THE_BOX, type Actor, type Audit } from '../audit/index.js';
import type { Database } from '../storage/index.js';
import type { Notices } from './notices.js';

/** What was signed, as it stands in the table `consent`: all of it that never changes. */
export interface SealedRow {
  id: string; customer_id: string; notice_id: string; notice_hash: string; language: Language; given_at_ms: number; valid_until: string;
  staff_id: string; device_id: string;
  /** The strokes as they were received, JSON. */
  signature: string;
  /** In the order in which they were ticked, with commas between. */
  purposes_given: string;
  guardian_name: string | null; guardian_relation: string | null; child_birth_day: string | null;
}
const SEALED = 'id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, purposes_given, '
  + 'guardian_name, guardian_relation, child_birth_day';
/** Consents looked at between two breaths: some 20 ms. */
const BATCH = 200;

/** SHA-256 over the record as JSON in a fixed order, lower-case hexadecimal. */
export function sealOf(row: SealedRow): string {
  const record = [
    'portico consent 1', row.id, row.customer_id, row.notice_id, row.notice_hash, row.language, row.purposes_given, row.valid_until,
    row.guardian_name, row.guardian_relation, row.child_birth_day, row.signature, row.given_at_ms, row.staff_id, row.device_id,
  ];
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}

type CheckedRow = SealedRow & { at: number; seal: string | null; ended_at_ms: number | null };

/** The seals of consents: also in the audit chain, so that a record and its seal cannot be changed together. */
export class Seals {
  readonly #db: Database;
  readonly #audit: Audit;
  readonly #notices: Notices;

  constructor(deps: { db: Database; audit: Audit; notices: Notices }) {
    this.#db = deps.db;
    this.#audit = deps.audit;
    this.#notices = deps.notices;
  }

  /** Writes down that this was signed. In the transaction that stores it. */
  record(row: SealedRow, seal: string, by: Actor, late = false): void {
    this.#audit.record('consent_given', by, {
      customerId: row.customer_id,
      detail: {
        consentId: row.id, seal, noticeId: row.notice_id, noticeHash: row.notice_hash, language: row.language, purposes: row.purposes_given,
        validUntil: row.valid_until, guardian: row.guardian_name !== null, ...(late ? { late: true } : {}),
      },
    });
  }

  /** Seals what was signed before there were seals. One that the chain knows already is never sealed again. @returns how many */
  sealLate(): number {
    let sealed = 0;
    for (let at = 0; ;) {
      const rows = this.#db.all<SealedRow & { at: number }>(`SELECT rowid AS at, ${SEALED} FROM consent WHERE seal IS NULL AND rowid > ? ORDER BY rowid LIMIT ?`, at, BATCH);
      this.#db.transaction(() => {
        for (const row of rows) {
          if (this.#told(row, 'consent_given').length > 0) continue;
          const seal = sealOf(row);
          this.#db.run('UPDATE consent SET seal = ? WHERE id = ?', seal, row.id);
          this.record(row, seal, THE_BOX, true);
          sealed += 1;
        }
      });
      if (rows.length < BATCH) return sealed;
      at = rows.at(-1)!.at;
    }
  }

  /**
   * Holds each consent against its seal, the audit chain, and the text of its notice, in pieces between which other work is
   * done. Whether the chain itself is whole is `audit.verify`'s to say. One that is wholly missing is noticed while the chain
   * says that it holds; after it ended, its term may be over.
   * @returns how many were looked at, and the ids of those that are not what was signed, or not there
   */
  async verify(): Promise<{ checked: number; broken: string[] }> {
    const whole = this.#notices.whole();
    const broken: string[] = [];
    let checked = 0;
    for (let at = 0; ;) {
      const rows = this.#db.all<CheckedRow>(`SELECT rowid AS at, ${SEALED}, seal, ended_at_ms FROM consent WHERE rowid > ? ORDER BY rowid LIMIT ?`, at, BATCH);
      for (const row of rows) if (!this.#isWhole(row, whole)) broken.push(row.id);
      checked += rows.length;
      if (rows.length < BATCH) break;
      at = rows.at(-1)!.at;
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    return { checked, broken: [...broken, ...await this.#missing()] };
  }

  /** The ids of consents that hold, as the chain tells it, and are not there. */
  async #missing(): Promise<string[]> {
    const holding = new Map<string, string>();
    for await (const { action, customerId, detail } of this.#audit.told('consent_given', 'consent_ended')) {
      const id = String(detail['consentId']);
      // One that was sealed late may have ended before there was a chain to tell of it.
      if (action === 'consent_ended') holding.delete(id);
      else if (detail['late'] !== true && customerId !== null) holding.set(id, customerId);
    }
    return [...holding].flatMap(([id, customer_id]) => {
      const isThere = this.#db.get('SELECT 1 FROM consent WHERE id = ?', id) !== undefined;
      return isThere || this.#told({ id, customer_id }, 'consent_ended').length > 0 ? [] : [id];
    });
  }

  #isWhole(row: CheckedRow, notices: ReadonlyMap<string, string>): boolean {
    if (row.seal !== sealOf(row) || notices.get(row.notice_id) !== row.notice_hash) return false;
    // Fewer may hold than were given, never more; nor what the chain says was taken back.
    const held = this.#db.all<{ purpose: Purpose }>('SELECT purpose FROM consent_purpose WHERE consent_id = ? AND withdrawn_at_ms IS NULL', row.id);
    const left = this.#told(row, 'consent_narrowed').map((detail) => String(detail['purposesLeft']).split(' '));
    if (![row.purposes_given.split(','), ...left].every((purposes) => held.every(({ purpose }) => purposes.includes(purpose)))) return false;
    const seals = this.#told(row, 'consent_given').map((detail) => detail['seal']);
    if (seals.length === 0 && row.given_at_ms >= this.#audit.prunedBeforeMs()) return false;
    if (!seals.every((seal) => seal === row.seal)) return false;
    return row.ended_at_ms !== null || this.#told(row, 'consent_ended').length === 0;
  }

  /** What the chain tells of a consent. */
  #told(row: Pick<SealedRow, 'id' | 'customer_id'>, action: 'consent_given' | 'consent_narrowed' | 'consent_ended') {
    return this.#audit.toldOf(row.customer_id, action).filter((detail) => detail['consentId'] === row.id);
  }
}
