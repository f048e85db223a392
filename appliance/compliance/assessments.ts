import { createHash, randomUUID } from 'node:crypto';
import { checkEach, NightlyRuns, type Audit, type RecordCheck, type Told } from '../audit/index.js';
import { ASSESSMENT_FIELDS, type Assessment, type AssessmentRequest, type RecognitionMode } from '../contract/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Officer } from './modes.js';
import { ASSESSMENT_KEPT_DAYS } from './terms.js';

const DAY_MS = 86_400_000;
/** Done again after this long even if nothing changed: a common practice, no term of the law. */
const REDONE_AFTER_MS = 365 * DAY_MS;

interface Row {
  seq: number; id: string; mode: RecognitionMode; reason: Assessment['reason']; purpose: string; impact: string; risks: string; measures: string;
  conclusion: string; acceptable: number; snapshot: string; hash: string; keep_until: string; by: string; at_ms: number;
}
const SELECT = 'SELECT assessment.*, staff.name AS "by" FROM assessment JOIN staff ON staff.id = staff_id';

/** Impact assessments (PIPL 55 and 56; article 9 of the 2025 measures, believed): the four contents, a conclusion, and how the box stood. */
export class Assessments {
  readonly #deps: { db: Database; clock: Clock; audit: Audit; timeZone: string; snapshot: () => Assessment['snapshot'] };

  /** @param deps.snapshot what the box is like now; no word about a person */
  constructor(deps: { db: Database; clock: Clock; audit: Audit; timeZone: string; snapshot: () => Assessment['snapshot'] }) {
    this.#deps = deps;
  }

  /** Kept as it is from now on; another one can only follow it. @throws PorticoError assessment_incomplete {missing: comma list} */
  record(request: AssessmentRequest, by: Officer): Assessment {
    const missing = ASSESSMENT_FIELDS.filter((field) => request[field].trim() === '');
    if (missing.length > 0) throw new PorticoError('assessment_incomplete', { missing: missing.join(',') });
    const { db, clock, audit, timeZone, snapshot } = this.#deps;
    return db.transaction(() => {
      const id = randomUUID();
      const now = clock.now();
      const box = JSON.stringify(snapshot());
      const { mode, reason, purpose, impact, risks, measures, conclusion, acceptable } = request;
      const row = { id, mode, reason, purpose, impact, risks, measures, conclusion, acceptable: acceptable ? 1 : 0, snapshot: box, staff_id: by.staffId, at_ms: now };
      const hash = hashOf(row);
      const keepUntil = toDay(now + ASSESSMENT_KEPT_DAYS * DAY_MS, timeZone);
      const { lastInsertRowid } = db.run(
        `INSERT INTO assessment (id, mode, reason, purpose, impact, risks, measures, conclusion, acceptable, snapshot, hash, keep_until, staff_id, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id, mode, reason, purpose, impact, risks, measures, conclusion, row.acceptable, box, hash, keepUntil, by.staffId, now);
      audit.record('assessment_recorded', by, { detail: { assessmentId: id, mode, reason, acceptable, hash, keepUntil, number: Number(lastInsertRowid), atMs: now } });
      return this.byId(id);
    });
  }

  /** @throws PorticoError assessment_not_found */
  byId(id: string): Assessment {
    const row = this.#deps.db.get<Row>(`${SELECT} WHERE assessment.id = ?`, id);
    if (row === undefined) throw new PorticoError('assessment_not_found');
    return toAssessment(row);
  }

  /** Newest first. */
  all(): Assessment[] {
    return this.#deps.db.all<Row>(`${SELECT} ORDER BY seq DESC`).map(toAssessment);
  }

  /** The number of the last one there ever was; 0: none yet. */
  lastSeq(): number {
    return this.#deps.db.get<{ seq: number }>(`SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = 'assessment'`)!.seq;
  }

  /** Whether an assessment after that one found this mode acceptable. A later one for the same mode that did not undoes it. */
  coversSince(mode: RecognitionMode, seq: number): boolean {
    return this.#deps.db.get<{ acceptable: number }>(
      'SELECT acceptable FROM assessment WHERE mode = ? AND seq > ? ORDER BY seq DESC LIMIT 1', mode, seq)?.acceptable === 1;
  }

  /**
   * What is to be done about the mode that holds. Every change of mode needed a new assessment already (modes.ts), so what makes one
   * old is time, an incident since, or other models than those it was about.
   */
  task(mode: RecognitionMode, modelPack: string): 'assessment_missing' | 'assessment_old' | null {
    if (mode === 'off') return null;
    const { db, clock } = this.#deps;
    const newest = db.get<Row>(`${SELECT} WHERE mode = ? ORDER BY seq DESC LIMIT 1`, mode);
    if (newest === undefined || newest.acceptable === 0) return 'assessment_missing';
    const incident = db.get('SELECT 1 FROM breach WHERE drill = 0 AND at_ms > ? LIMIT 1', newest.at_ms) !== undefined;
    const otherModels = toAssessment(newest).snapshot['modelPack'] !== modelPack;
    return incident || otherModels || Math.abs(clock.now() - newest.at_ms) > REDONE_AFTER_MS ? 'assessment_old' : null;
  }

  /** Holds each against its hash, and that against the entry of its recording. One that is not there has to be over its term. */
  async verify(): Promise<RecordCheck> {
    const { db, audit } = this.#deps;
    const told = (id: string) => audit.told('assessment_recorded').find(({ detail }) => detail['assessmentId'] === id);
    const ids = db.all<{ id: string }>('SELECT id FROM assessment ORDER BY seq');
    const there = await checkEach(ids, ({ id }) => id, ({ id }) => {
      const row = db.get<Row & { staff_id: string }>('SELECT assessment.* FROM assessment WHERE id = ?', id);
      if (row === undefined) return true; // went since
      if (hashOf(row) !== row.hash || ![0, 1].includes(row.acceptable)) return false;
      const entry = told(id);
      if (entry === undefined) return row.at_ms < audit.prunedBeforeMs();
      const wanted: Record<string, unknown> = { hash: row.hash, keepUntil: row.keep_until, number: row.seq };
      return Object.keys(wanted).every((key) => !(key in entry.detail) || entry.detail[key] === wanted[key]);
    });
    const runs = new NightlyRuns(audit, 'assessments');
    const idOf = ({ detail }: Told) => String(detail['assessmentId']);
    const missing = await checkEach(audit.told('assessment_recorded'), idOf, (entry) =>
      db.get('SELECT 1 FROM assessment WHERE id = ?', idOf(entry)) !== undefined || runs.mayHaveTaken(entry.seq, Number(entry.detail['atMs'] ?? entry.atMs)));
    return { checked: there.checked, broken: [...there.broken, ...missing.broken] };
  }

  /** For the retention table. Never before the day that was promised when it was recorded. */
  readonly retention = {
    kind: 'assessments',
    count: (): number => this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM assessment')!.n,
    deleteBefore: (ms: number): number => this.#deps.db.run(
      'DELETE FROM assessment WHERE at_ms < ? AND keep_until < ?', ms, toDay(this.#deps.clock.now(), this.#deps.timeZone)).changes,
  } as const;
}

type Hashed = Pick<Row, 'id' | 'mode' | 'reason' | 'purpose' | 'impact' | 'risks' | 'measures' | 'conclusion' | 'acceptable' | 'snapshot' | 'at_ms'> & { staff_id: string };

/** SHA-256 over all that was decided and how the box stood, lower-case hexadecimal. */
function hashOf({ id, at_ms, staff_id, mode, reason, purpose, impact, risks, measures, conclusion, acceptable, snapshot }: Hashed): string {
  return createHash('sha256')
    .update(JSON.stringify([id, toInstant(at_ms), staff_id, mode, reason, purpose, impact, risks, measures, conclusion, acceptable === 1, snapshot])).digest('hex');
}

function toAssessment(row: Row): Assessment {
  return {
    id: row.id, mode: row.mode, reason: row.reason, purpose: row.purpose, impact: row.impact, risks: row.risks, measures: row.measures,
    conclusion: row.conclusion, acceptable: row.acceptable === 1, recordedAt: toInstant(row.at_ms), by: row.by, hash: row.hash,
    keepUntil: row.keep_until, snapshot: JSON.parse(row.snapshot) as Assessment['snapshot'],
  };
}
