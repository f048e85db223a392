import { createHash } from 'node:crypto';
import type { Language, Purpose } from '../contract/index.js';
import { checkEach, NightlyRuns, THE_BOX, type Actor, type Audit, type RecordCheck, type Told } from '../audit/index.js';
import type { Database } from '../storage/index.js';
import type { Notices } from './notices.js';
import type { EndReason } from './records.js';

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
const CHECKED = `${SEALED}, seal, ended_at_ms, end_reason`;
/** Consents sealed late in one transaction. */
const BATCH = 200;
/** Two looks at the clock within one act, where the entry does not tell the time that stands in the record. */
const SAME_ACT_MS = 60_000;
/** What the record says of an end, by what the log says. */
const END_REASONS: Readonly<Record<string, EndReason>> = {
  withdrawn: 'withdrawn', erased: 'withdrawn', retention: 'withdrawn', expired: 'expired', vault_lost: 'expired', replaced: 'replaced', merged: 'replaced',
};

/** SHA-256 over the record as JSON in a fixed order, lower-case hexadecimal. */
export function sealOf(row: SealedRow): string {
  const record = [
    'portico consent 1', row.id, row.customer_id, row.notice_id, row.notice_hash, row.language, row.purposes_given, row.valid_until,
    row.guardian_name, row.guardian_relation, row.child_birth_day, row.signature, row.given_at_ms, row.staff_id, row.device_id,
  ];
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}

type CheckedRow = SealedRow & { seal: string | null; ended_at_ms: number | null; end_reason: string | null };

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

  /**
   * Writes down that this was signed. In the transaction that stores it.
   * @param late sealed only now, and when it had ended by then
   */
  record(row: SealedRow, seal: string, by: Actor, late?: { endedAtMs: number | null }): void {
    this.#audit.record('consent_given', by, {
      customerId: row.customer_id,
      detail: {
        consentId: row.id, seal, noticeId: row.notice_id, noticeHash: row.notice_hash, language: row.language, purposes: row.purposes_given,
        validUntil: row.valid_until, guardian: row.guardian_name !== null, ...(late === undefined ? {} : { late: true, ...late }),
      },
    });
  }

  /** Seals what was signed before there were seals. One that the chain knows already is never sealed again. @returns how many */
  sealLate(): number {
    let sealed = 0;
    for (let at = 0; ;) {
      const rows = this.#db.all<CheckedRow & { at: number }>(`SELECT rowid AS at, ${CHECKED} FROM consent WHERE seal IS NULL AND rowid > ? ORDER BY rowid LIMIT ?`, at, BATCH);
      this.#db.transaction(() => {
        for (const row of rows) {
          if (this.#told(row).length > 0) continue;
          const seal = sealOf(row);
          this.#db.run('UPDATE consent SET seal = ? WHERE id = ?', seal, row.id);
          this.record(row, seal, THE_BOX, { endedAtMs: row.ended_at_ms });
          sealed += 1;
        }
      });
      if (rows.length < BATCH) return sealed;
      at = rows.at(-1)!.at;
    }
  }

  /**
   * Holds each consent against its seal, the text of its notice, and all that the audit log tells of it: that it was given, what of it was
   * taken back, when and why it ended. One that is not there has to be explained by the log too: its dossier was deleted, or it ended
   * and its term is over. Whether the log itself is whole is `audit.verify`'s to say.
   */
  async verify(): Promise<RecordCheck> {
    const notices = new Map<string, string | null>();
    const ids = this.#db.all<{ id: string }>('SELECT id FROM consent ORDER BY rowid');
    const there = await checkEach(ids, ({ id }) => id, ({ id }) => {
      const row = this.#db.get<CheckedRow>(`SELECT ${CHECKED} FROM consent WHERE id = ?`, id);
      if (row === undefined) return true; // went since; whether it may have, the second round says
      if (!notices.has(row.notice_id)) notices.set(row.notice_id, this.#notices.wholeHash(row.notice_id));
      return row.seal === sealOf(row) && notices.get(row.notice_id) === row.notice_hash && this.#agrees(row);
    });
    const runs = new NightlyRuns(this.#audit, 'consent_records');
    const idOf = ({ detail }: Told) => String(detail['consentId']);
    const missing = await checkEach(this.#audit.toldInPieces('consent_given'), idOf, (given) =>
      this.#db.get('SELECT 1 FROM consent WHERE id = ?', idOf(given)) !== undefined || this.#mayBeGone(given, runs));
    return { checked: there.checked, broken: [...there.broken, ...missing.broken] };
  }

  /** Whether this is what the log tells. What is older than the log may not be in it; from an entry on that is there, all later ones are. */
  #agrees(row: CheckedRow): boolean {
    const entries = this.#told(row);
    const of = (action: Told['action']) => entries.filter((entry) => entry.action === action);
    const [given, narrowed, ended] = [of('consent_given'), of('consent_narrowed'), of('consent_ended')];
    const toldSinceMs = given.length > 0 ? 0 : this.#audit.prunedBeforeMs();
    if (given.length === 0 && row.given_at_ms >= toldSinceMs) return false;
    if (!given.every(({ detail }) => detail['seal'] === row.seal) || !this.#purposesAgree(row, narrowed, toldSinceMs)) return false;
    if (ended.length > 0) return ended.every((entry) => isTimeOf(entry, row.ended_at_ms) && END_REASONS[String(entry.detail['reason'])] === row.end_reason);
    if (row.ended_at_ms === null) return row.end_reason === null;
    return row.ended_at_ms < toldSinceMs || given.some((entry) => endedBeforeSealing(entry, row.ended_at_ms!));
  }

  #purposesAgree(row: CheckedRow, narrowed: readonly Told[], toldSinceMs: number): boolean {
    const stored = this.#db.all<{ purpose: Purpose; withdrawn_at_ms: number | null }>('SELECT purpose, withdrawn_at_ms FROM consent_purpose WHERE consent_id = ?', row.id);
    const given = row.purposes_given.split(',');
    return stored.length === given.length && stored.every(({ purpose, withdrawn_at_ms: takenBackMs }) => {
      const at = narrowed.findIndex(({ detail }) => !String(detail['purposesLeft']).split(' ').includes(purpose));
      // Where no entry is left that shows it as held, the one that took it back may be gone too; later ones do not name it either.
      const mayBeUntold = at <= 0 && takenBackMs !== null && takenBackMs < toldSinceMs;
      return given.includes(purpose) && (mayBeUntold || (at < 0 ? takenBackMs === null : isTimeOf(narrowed[at]!, takenBackMs)));
    });
  }

  /** Whether the log explains that this consent is not there. */
  #mayBeGone(given: Told, runs: NightlyRuns): boolean {
    if (given.customerId === null) return false;
    const about = this.#audit.about(given.customerId, 'consent_ended', 'dossier_erased', 'deletion_replayed', 'deletion_completed');
    if (about.some(({ action, detail }) => action === 'dossier_erased' || detail['scope'] === 'dossier')) {
      return this.#db.get('SELECT 1 FROM customer WHERE id = ?', given.customerId) === undefined;
    }
    const ended = about.find(({ action, detail }) => action === 'consent_ended' && detail['consentId'] === given.detail['consentId']);
    const endedAtMs = ended === undefined ? endBeforeSealing(given) : Number(ended.detail['atMs'] ?? ended.atMs);
    return endedAtMs !== null && runs.mayHaveTaken((ended ?? given).seq, endedAtMs);
  }

  /** What the log tells of a consent. */
  #told(row: Pick<SealedRow, 'id' | 'customer_id'>): Told[] {
    return this.#audit.about(row.customer_id, 'consent_given', 'consent_narrowed', 'consent_ended').filter(({ detail }) => detail['consentId'] === row.id);
  }
}

/** Whether the record has the time of this act. */
function isTimeOf({ atMs, detail }: Told, inRecordMs: number | null): boolean {
  if (inRecordMs === null) return false;
  return typeof detail['atMs'] === 'number' ? detail['atMs'] === inRecordMs : Math.abs(atMs - inRecordMs) <= SAME_ACT_MS;
}

/**
 * One that was sealed late may have ended before there was a log to tell of it: when, says the entry of the sealing; in its first form,
 * which said nothing, by then at the latest. Null: it held.
 */
function endBeforeSealing({ atMs, detail }: Told): number | null {
  if (detail['late'] !== true) return null;
  return 'endedAtMs' in detail ? (detail['endedAtMs'] as number | null) : atMs;
}

function endedBeforeSealing(entry: Told, inRecordMs: number): boolean {
  const endedAtMs = endBeforeSealing(entry);
  return endedAtMs !== null && ('endedAtMs' in entry.detail ? inRecordMs === endedAtMs : inRecordMs <= endedAtMs);
}
