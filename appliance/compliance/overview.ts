import type { Audit } from '../audit/index.js';
import type { PrivacyOverview } from '../contract/index.js';
import { toInstant, type Clock } from '../kit/index.js';
import type { Assessments } from './assessments.js';
import type { Modes } from './modes.js';
import type { StoredPersons } from './persons.js';
import type { Retention } from './retention.js';

type Task = PrivacyOverview['tasks'][number]['task'];
/** The chain is gone through each night; an overview makes up for a night that was missed. */
const CHECKED_FOR_MS = 26 * 3_600_000;

interface Rooms {
  clock: Clock; audit: Audit; modes: Modes; assessments: Assessments; retention: Retention; persons: StoredPersons; modelPack: string;
  consents(): PrivacyOverview['consents'];
  requests(): { open: number; overdue: number; dueSoon: number };
  pendingDeletions(): number;
  /** Whether the notice that is shown is still the built-in one, which nobody in the store has looked over. */
  noticeUnreviewed(): boolean;
  /** Whether that built-in notice names the store as it was called before. */
  noticeOfOtherName(): boolean;
}

/** What the privacy officer has to know first. */
export class Overview {
  readonly #rooms: Rooms;
  #checked: { whole: boolean; atMs: number } | null = null;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Goes through the audit chain and keeps the outcome. */
  async checkAudit(): Promise<void> {
    const { whole } = await this.#rooms.audit.verify();
    this.#checked = { whole, atMs: this.#rooms.clock.now() };
  }

  async now(): Promise<PrivacyOverview> {
    const { clock, audit, modes, persons, consents, requests, pendingDeletions } = this.#rooms;
    if (this.#checked === null || Math.abs(clock.now() - this.#checked.atMs) > CHECKED_FOR_MS) await this.checkAudit();
    const checked = this.#checked!;
    const count = persons.now();
    const open = requests();
    const pending = pendingDeletions();
    return {
      tasks: this.#tasks({ count, open, pending, whole: checked.whole }), mode: modes.current(), persons: count, consents: consents(),
      openRequests: open.open, pendingDeletions: pending,
      audit: { whole: checked.whole, entries: audit.count(), checkedAt: toInstant(checked.atMs) },
    };
  }

  /** Most urgent first: what harms people now, what has a date, what can wait. */
  #tasks({ count, open, pending, whole }: {
    count: PrivacyOverview['persons']; open: ReturnType<Rooms['requests']>; pending: number; whole: boolean;
  }): PrivacyOverview['tasks'] {
    const { modes, assessments, modelPack, retention, noticeUnreviewed, noticeOfOtherName } = this.#rooms;
    const assessment = assessments.task(modes.current(), modelPack);
    const toFile = count.reachedOn !== null && count.filedOn === null;
    const all: [Task, number][] = [
      ['deletions_pending', pending], ['audit_broken', whole ? 0 : 1], ['requests_overdue', open.overdue], ['filing_due', toFile ? 1 : 0],
      ['assessment_missing', assessment === 'assessment_missing' ? 1 : 0], ['requests_due_soon', open.dueSoon],
      ['assessment_old', assessment === 'assessment_old' ? 1 : 0], ['retention_late', retention.isLate() ? 1 : 0], ['clock_implausible', retention.isHeld() ? 1 : 0],
      ['filing_warning', count.level !== 'none' && !toFile && count.filedOn === null ? 1 : 0],
      ['notice_other_name', noticeOfOtherName() ? 1 : 0], ['notice_unreviewed', noticeUnreviewed() ? 1 : 0],
    ];
    return all.filter(([, number]) => number > 0).map(([task, number]) => ({ task, count: number }));
  }
}
