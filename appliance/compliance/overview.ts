import type { Verification } from '../audit/index.js';
import type { AuditVerification, PrivacyOverview } from '../contract/index.js';
import type { Clock } from '../kit/index.js';
import type { Assessments } from './assessments.js';
import type { Modes } from './modes.js';
import type { StoredPersons } from './persons.js';
import type { Retention } from './retention.js';

type Task = PrivacyOverview['tasks'][number]['task'];
/** Log and records are gone through each night; an overview makes up for a night that was missed. */
const CHECKED_FOR_MS = 26 * 3_600_000;

interface Rooms {
  clock: Clock; verification: Verification; modes: Modes; assessments: Assessments; retention: Retention; persons: StoredPersons; modelPack: string;
  consents(): PrivacyOverview['consents'];
  requests(): { open: number; overdue: number; dueSoon: number };
  pendingDeletions(): number;
  /** Whether the notice that is shown is still the built-in one, which nobody in the store has looked over. */
  noticeUnreviewed(): boolean;
  /** Whether that built-in notice says something else than the box now comes with: the store's name, or text of weight. */
  noticeBehindBuiltIn(): boolean;
}

/** What the privacy officer has to know first. */
export class Overview {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async now(): Promise<PrivacyOverview> {
    const { clock, verification, modes, persons, consents, requests, pendingDeletions } = this.#rooms;
    const { last } = verification;
    const checked = last !== null && Math.abs(clock.now() - Date.parse(last.checkedAt)) <= CHECKED_FOR_MS ? last : await verification.run();
    const count = persons.now();
    const open = requests();
    const pending = pendingDeletions();
    return {
      tasks: this.#tasks({ count, open, pending, checked }), mode: modes.current(), persons: count, consents: consents(),
      openRequests: open.open, pendingDeletions: pending,
      audit: { whole: checked.whole, entries: checked.entries, checkedAt: checked.checkedAt },
    };
  }

  /** Most urgent first: what harms people now, what has a date, what can wait. */
  #tasks({ count, open, pending, checked }: {
    count: PrivacyOverview['persons']; open: ReturnType<Rooms['requests']>; pending: number; checked: AuditVerification;
  }): PrivacyOverview['tasks'] {
    const { modes, assessments, modelPack, retention, noticeUnreviewed, noticeBehindBuiltIn } = this.#rooms;
    const assessment = assessments.task(modes.current(), modelPack);
    const toFile = count.reachedOn !== null && count.filedOn === null;
    const all: [Task, number][] = [
      ['deletions_pending', pending], ['audit_broken', amiss(checked)], ['requests_overdue', open.overdue], ['filing_due', toFile ? 1 : 0],
      ['assessment_missing', assessment === 'assessment_missing' ? 1 : 0], ['requests_due_soon', open.dueSoon],
      ['assessment_old', assessment === 'assessment_old' ? 1 : 0], ['retention_late', retention.isLate() ? 1 : 0], ['clock_implausible', retention.isHeld() ? 1 : 0],
      ['filing_warning', count.level !== 'none' && !toFile && count.filedOn === null ? 1 : 0],
      ['notice_behind_built_in', noticeBehindBuiltIn() ? 1 : 0], ['notice_unreviewed', noticeUnreviewed() ? 1 : 0],
    ];
    return all.filter(([, number]) => number > 0).map(([task, number]) => ({ task, count: number }));
  }
}

/** The log itself counts as one. */
function amiss({ firstBroken, clockBehind, records }: AuditVerification): number {
  return records.reduce((sum, { broken }) => sum + broken, firstBroken !== null || clockBehind ? 1 : 0);
}
