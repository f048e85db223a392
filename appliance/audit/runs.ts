import { KEPT_DAYS_MIN } from '../contract/index.js';
import type { Audit } from './index.js';

const DAY_MS = 86_400_000;

/** The nightly deletions of one kind of record, as the log tells them. */
export class NightlyRuns {
  readonly #audit: Audit;
  readonly #kind: keyof typeof KEPT_DAYS_MIN;
  #read: { seq: number; atMs: number }[] = [];

  constructor(audit: Audit, kind: keyof typeof KEPT_DAYS_MIN) {
    this.#audit = audit;
    this.#kind = kind;
  }

  /**
   * Whether one of them may have taken a record.
   * @param seq the entry that tells since when the record was over; the run came after it
   * @param overSinceMs that time
   */
  mayHaveTaken(seq: number, overSinceMs: number): boolean {
    const took = (run: { seq: number; atMs: number }) => run.seq > seq && run.atMs - overSinceMs >= KEPT_DAYS_MIN[this.#kind] * DAY_MS;
    if (this.#read.some(took)) return true;
    const since = this.#audit.runsOf(this.#kind, this.#read.at(-1)?.seq ?? 0);
    this.#read.push(...since);
    return since.some(took);
  }
}
