import type { Consent as ConsentRecord, ConsentEvidence, Language, Notice, Purpose, SealedEvidence, Signature } from '../contract/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Notices } from './notices.js';
import { AHEAD_MAX_MS } from './refusals.js';
import type { SealedRow } from './seal.js';

export type EndReason = NonNullable<ConsentRecord['endReason']>;
export interface ActiveRow { id: string; given_at_ms: number; valid_until: string; outdated: number }

/**
 * Whether a notice after this consent's changed materially; or it was signed under a clock that was far ahead: then its last day says
 * nothing, and the customer has to sign anew. The value is the latest that a signature can be of.
 */
const OUTDATED = '(EXISTS (SELECT 1 FROM notice AS later WHERE later.material = 1 AND later.version > notice.version) OR given_at_ms > ?)';
/** No consent holds beyond the longest term of its notice, whatever was written down; a day more for the time zone. */
const LAST_DAY = `date((given_at_ms / 86400000 + max_term_days + 1) * 86400, 'unixepoch')`;
/** Ended, and over its term. One that seems to have ended before it was given ended while the clock stood wrong. */
const OVER = 'max(ended_at_ms, given_at_ms) < ? AND customer_id NOT IN (SELECT value FROM json_each(?))';

/** The consents as they are written down. What may be written, and what follows from it, `Consent` says. */
export class ConsentRecords {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #timeZone: string;
  readonly #notices: Notices;

  constructor(deps: { db: Database; clock: Clock; timeZone: string; notices: Notices }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#timeZone = deps.timeZone;
    this.#notices = deps.notices;
  }

  // ---- Reading -----------------------------------------------------------------------------------------------------

  /** The one that has not ended, whatever its last day; a customer has one at most. */
  active(customerId: string): ActiveRow | undefined {
    return this.#db.get<ActiveRow>(
      `SELECT consent.id, given_at_ms, min(valid_until, ${LAST_DAY}) AS valid_until, ${OUTDATED} AS outdated FROM consent JOIN notice ON notice.id = notice_id
       WHERE customer_id = ? AND ended_at_ms IS NULL`, this.#latest(), customerId);
  }

  /** Everybody's that has not ended. */
  open(): { id: string; customerId: string }[] {
    return this.#db.all('SELECT id, customer_id AS customerId FROM consent WHERE ended_at_ms IS NULL');
  }

  /** Those of them whose last day is before this one: as written down, by its index; `everyTerm`: or as its notice has it, which reads all. */
  due(before: string, everyTerm: boolean): { id: string; customerId: string }[] {
    return everyTerm
      ? this.#db.all(
        `SELECT consent.id, customer_id AS customerId FROM consent JOIN notice ON notice.id = notice_id
         WHERE ended_at_ms IS NULL AND min(valid_until, ${LAST_DAY}) < ?`, before)
      : this.#db.all('SELECT id, customer_id AS customerId FROM consent WHERE ended_at_ms IS NULL AND valid_until < ?', before);
  }

  /** Whose consent has not ended and leaves out what their own dossier holds all the same: facts, tastes and sizes, or plans to contact them. */
  beyondConsent(): { customerId: string; facts: 0 | 1; plans: 0 | 1 }[] {
    // Asked first: few leave anything out, and the rest need not be looked for then.
    const leavesOut = (purpose: Purpose) =>
      `NOT EXISTS (SELECT 1 FROM consent_purpose WHERE consent_id = consent.id AND purpose = '${purpose}' AND withdrawn_at_ms IS NULL)`;
    return this.#db.all(
      `SELECT * FROM (SELECT customer_id AS customerId,
         ${leavesOut('preferences')} AND EXISTS (SELECT 1 FROM customer_line AS line WHERE line.customer_id = consent.customer_id AND kind IN ('fact', 'like', 'dislike', 'size')) AS facts,
         ${leavesOut('contact')} AND EXISTS (SELECT 1 FROM follow_up WHERE follow_up.customer_id = consent.customer_id AND done_at_ms IS NULL) AS plans
       FROM consent WHERE ended_at_ms IS NULL) WHERE facts OR plans`);
  }

  /** What was signed and not taken back alone. */
  purposes(consentId: string): Purpose[] {
    return this.#db.all<{ purpose: Purpose }>('SELECT purpose FROM consent_purpose WHERE consent_id = ? AND withdrawn_at_ms IS NULL ORDER BY rowid', consentId)
      .map((row) => row.purpose);
  }

  /** All of a customer's, newest first. */
  history(customerId: string): ConsentRecord[] {
    return this.#records('customer_id = ?', customerId);
  }

  /** A consent with all that proves it: the notice as it was read and the signature as it was drawn. @throws PorticoError consent_not_found */
  evidence(consentId: string): ConsentEvidence {
    const [consent] = this.#records('consent.id = ?', consentId);
    if (consent === undefined) throw new PorticoError('consent_not_found');
    const row = this.#db.get<{ customer_id: string; notice_id: string; signature: string; device: string; display_name: string }>(
      `SELECT customer_id, notice_id, signature, device.name AS device, display_name FROM consent
       JOIN device ON device.id = device_id JOIN customer ON customer.id = customer_id WHERE consent.id = ?`, consentId)!;
    const { id, hash, publishedAt, sections } = this.#notices.byId(row.notice_id);
    const text = sections.filter(({ language }) => language === consent.language).map(({ field, text }) => ({ field, text }));
    return {
      ...consent, customerId: row.customer_id, displayName: row.display_name, device: row.device, notice: { id, hash, publishedAt, text },
      signature: JSON.parse(row.signature) as Signature,
    };
  }

  /** A consent with whose it is and what was read; `narrowed`: something of it was taken back alone. Null: there is no such consent. */
  withCustomer(consentId: string): { customerId: string; displayName: string; consent: ConsentRecord; notice: Notice; narrowed: boolean } | null {
    const row = this.#db.get<{ customer_id: string; notice_id: string; display_name: string; purposes_given: string }>(
      'SELECT customer_id, notice_id, display_name, purposes_given FROM consent JOIN customer ON customer.id = customer_id WHERE consent.id = ?', consentId);
    if (row === undefined) return null;
    const consent = this.#records('consent.id = ?', consentId)[0]!;
    const narrowed = consent.purposes.length < row.purposes_given.split(',').length;
    return { customerId: row.customer_id, displayName: row.display_name, consent, notice: this.#notices.byId(row.notice_id), narrowed };
  }

  /** Everybody's of this moment with all that proves them, oldest first, read one by one: for the audit pack. */
  allEvidence(): Iterable<SealedEvidence> {
    const ids = this.#db.all<{ id: string }>('SELECT id FROM consent ORDER BY given_at_ms, id');
    const read = (id: string): SealedEvidence | null => {
      const row = this.#db.get<{ purposes_given: string; staff_id: string; device_id: string }>('SELECT purposes_given, staff_id, device_id FROM consent WHERE id = ?', id);
      if (row === undefined) return null; // deleted since the list was read
      return { ...this.evidence(id), sealed: { purposes: row.purposes_given.split(',') as Purpose[], staffId: row.staff_id, deviceId: row.device_id } };
    };
    function* entries(): Generator<SealedEvidence> {
      for (const { id } of ids) {
        const consent = read(id);
        if (consent !== null) yield consent;
      }
    }
    return entries();
  }

  /** Whether any ever ended. */
  hasEnded(): boolean {
    return this.#db.get('SELECT 1 FROM consent WHERE ended_at_ms IS NOT NULL LIMIT 1') !== undefined;
  }

  /** How many hold, how many of these end within 30 days, and how many were withdrawn since the year began. */
  counts(): { holding: number; outdated: number; endingSoon: number; withdrawnThisYear: number } {
    const today = toDay(this.#clock.now(), this.#timeZone);
    const soon = toDay(this.#clock.now() + 30 * 86_400_000, this.#timeZone);
    const holding = this.#db.get<{ holding: number; outdated: number; endingSoon: number }>(
      `SELECT count(*) AS holding, coalesce(sum(${OUTDATED}), 0) AS outdated, coalesce(sum(valid_until <= ?), 0) AS endingSoon
       FROM consent JOIN notice ON notice.id = notice_id WHERE ended_at_ms IS NULL AND valid_until >= ?`, this.#latest(), soon, today)!;
    const withdrawn = this.#db.all<{ ended_at_ms: number }>(
      `SELECT ended_at_ms FROM consent WHERE end_reason = 'withdrawn' AND ended_at_ms >= ?`, this.#clock.now() - 367 * 86_400_000)
      .filter((row) => toDay(row.ended_at_ms, this.#timeZone).slice(0, 4) === today.slice(0, 4)).length;
    return { ...holding, withdrawnThisYear: withdrawn };
  }

  // ---- Writing: inside the caller's transaction ----------------------------------------------------------------------

  insert(row: SealedRow, seal: string): void {
    this.#db.run(
      `INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, purposes_given,
         guardian_name, guardian_relation, child_birth_day, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.id, row.customer_id, row.notice_id, row.notice_hash, row.language, row.given_at_ms, row.valid_until, row.staff_id, row.device_id, row.signature,
      row.purposes_given, row.guardian_name, row.guardian_relation, row.child_birth_day, seal);
    for (const purpose of row.purposes_given.split(',')) this.#db.run('INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, ?)', row.id, purpose);
  }

  /** @returns when it ended, ms since 1970: for the entry that tells of it */
  end(consentId: string, reason: EndReason): number {
    const now = this.#clock.now();
    this.#db.run('UPDATE consent SET ended_at_ms = ?, end_reason = ? WHERE id = ?', now, reason, consentId);
    return now;
  }

  /** @returns when, ms since 1970: for the entry that tells of it */
  takeBack(consentId: string, purposes: readonly Purpose[]): number {
    const now = this.#clock.now();
    for (const purpose of purposes) {
      this.#db.run('UPDATE consent_purpose SET withdrawn_at_ms = ? WHERE consent_id = ? AND purpose = ? AND withdrawn_at_ms IS NULL', now, consentId, purpose);
    }
    return now;
  }

  /** The latest that a signature can be of, ms since 1970. */
  #latest(): number {
    return this.#clock.now() + AHEAD_MAX_MS;
  }

  /** Deletes all of a customer's. @returns how many */
  deleteOf(customerId: string): number {
    return this.#delete('customer_id = ?', customerId);
  }

  #delete(filter: 'customer_id = ?' | typeof OVER, ...values: (string | number)[]): number {
    this.#db.run(`DELETE FROM consent_purpose WHERE consent_id IN (SELECT id FROM consent WHERE ${filter})`, ...values);
    return this.#db.run(`DELETE FROM consent WHERE ${filter}`, ...values).changes;
  }

  /** For the retention table: those that ended. */
  readonly retention = {
    kind: 'consent_records' as const, count: () => this.#db.get<{ rows: number }>('SELECT count(*) AS rows FROM consent')!.rows,
    deleteBefore: (ms: number, held: readonly string[]) => this.#db.transaction(() => this.#delete(OVER, ms, JSON.stringify(held))),
  };

  #records(filter: 'customer_id = ?' | 'consent.id = ?', value: string): ConsentRecord[] {
    return this.#db.all<{
      id: string; version: number; language: Language; given_at_ms: number; valid_until: string; ended_at_ms: number | null;
      end_reason: EndReason | null; witness: string; guardian_name: string | null; guardian_relation: string | null; seal: string | null; outdated: number;
    }>(
      `SELECT consent.id, notice.version, consent.language, given_at_ms, valid_until, ended_at_ms, end_reason, staff.name AS witness,
         guardian_name, guardian_relation, seal, ended_at_ms IS NULL AND ${OUTDATED} AS outdated
       FROM consent JOIN notice ON notice.id = notice_id JOIN staff ON staff.id = consent.staff_id
       WHERE ${filter} ORDER BY given_at_ms DESC, consent.rowid DESC`, this.#latest(), value,
    ).map((row) => ({
      id: row.id, noticeVersion: row.version, language: row.language, purposes: this.purposes(row.id),
      givenAt: toInstant(row.given_at_ms), validUntil: row.valid_until,
      endedAt: row.ended_at_ms === null ? null : toInstant(row.ended_at_ms), endReason: row.end_reason, witness: row.witness,
      guardian: row.guardian_name === null ? null : { name: row.guardian_name, relation: row.guardian_relation ?? '' },
      seal: row.seal, outdated: row.outdated === 1,
    }));
  }
}
