/** How long each kind of data is kept, and within what bounds the privacy officer may choose. */
import { KEPT_DAYS_MIN, RETENTION_KINDS, type RetentionKind } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';

/** Three years, leap day included. */
const THREE_YEARS = 1_096;
const TEN_YEARS = 3_653;
/** PIPL 56: reports of impact assessments and records of handling are kept at least three years. */
export const ASSESSMENT_KEPT_DAYS = KEPT_DAYS_MIN.assessments;

export interface Term { days: number; minDays: number; maxDays: number }

/**
 * PIPL 19 asks for the shortest term that the purpose needs; so where no law sets a minimum it is one day, and where none sets a
 * maximum it is what could still serve the purpose.
 */
export const TERMS: Readonly<Record<RetentionKind, Term>> = {
  /** Cards show the last visit; two years cover who comes once a year. At most as long as an inactive customer is kept. */
  visits: { days: 730, minDays: 1, maxDays: THREE_YEARS },
  /** What was noted down goes stale sooner than the person leaves. */
  notes: { days: 730, minDays: 1, maxDays: THREE_YEARS },
  /** The promise is kept; what is left is to see that it was. */
  follow_ups_done: { days: 365, minDays: 1, maxDays: THREE_YEARS },
  /** Returns and warranties lean on them; claims lapse after three years (Civil Code 188). At least the seven days of returning (Consumer Law 25). */
  purchases: { days: THREE_YEARS, minDays: 7, maxDays: TEN_YEARS },
  /** Tickets that are done, appointments that are over, wishes that were met or dropped: as notes. */
  service_records: { days: 730, minDays: 1, maxDays: THREE_YEARS },
  files: { days: 730, minDays: 1, maxDays: THREE_YEARS },
  /** Illinois BIPA 15(a): destroyed within three years of the last interaction at the latest; a good measure elsewhere too. */
  inactive_customers: { days: THREE_YEARS, minDays: 30, maxDays: THREE_YEARS },
  /**
   * From their end. The handler carries the burden of proof (Supreme People's Court 2021), and claims lapse after three years
   * (Civil Code 188).
   */
  consent_records: { days: THREE_YEARS, minDays: KEPT_DAYS_MIN.consent_records, maxDays: TEN_YEARS },
  /** Needed as long as nobody may ask again (48 hours at least), and a while as proof of not asking. */
  refusals: { days: 365, minDays: 3, maxDays: THREE_YEARS },
  /** The quality figures look 90 days back. */
  match_answers: { days: 365, minDays: 90, maxDays: THREE_YEARS },
  /** About nobody: faces counted by day. The quality figures look 90 days back. */
  recognition_counts: { days: 730, minDays: 90, maxDays: TEN_YEARS },
  /** Cybersecurity Law 21: network logs for at least six months, 184 days at their longest. */
  audit_log: { days: THREE_YEARS, minDays: KEPT_DAYS_MIN.audit_log, maxDays: TEN_YEARS },
  /** From the answer: as long as somebody may claim that there was none (Civil Code 188), and a year at least. */
  rights_requests: { days: THREE_YEARS, minDays: 365, maxDays: TEN_YEARS },
  /** PIPL 56, and article 9 of the 2025 measures (believed). */
  assessments: { days: ASSESSMENT_KEPT_DAYS, minDays: ASSESSMENT_KEPT_DAYS, maxDays: TEN_YEARS },
  /**
   * They keep a restored backup from bringing somebody back. No consent runs longer than three years, so a backup older than that
   * holds none that could still count.
   */
  deletion_records: { days: THREE_YEARS, minDays: KEPT_DAYS_MIN.deletion_records, maxDays: TEN_YEARS },
  /** Records of handling an incident go with the assessment that it makes necessary. */
  breaches: { days: THREE_YEARS, minDays: THREE_YEARS, maxDays: TEN_YEARS },
};

/**
 * The store's own terms, which hold until the privacy officer chooses.
 * @param chosen days by the name of a kind
 * @throws PorticoError config_invalid: an unknown kind, or days out of its bounds
 */
export function ownTerms(chosen: ReadonlyMap<string, number>): ReadonlyMap<RetentionKind, number> {
  const refuse = (problem: string): never => { throw new PorticoError('config_invalid', { setting: 'PORTICO_RETENTION_DAYS', problem }); };
  return new Map([...chosen].map(([name, days]) => {
    const kind = RETENTION_KINDS.find((known) => known === name) ?? refuse(`"${name}" is not one of ${RETENTION_KINDS.join(', ')}`);
    const { minDays, maxDays } = TERMS[kind];
    if (days < minDays || days > maxDays) refuse(`${kind} must be from ${minDays} to ${maxDays} days, not ${days}`);
    return [kind, days] as const;
  }));
}
