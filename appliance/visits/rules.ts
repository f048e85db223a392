/** The rules of a visit: pure, time included. */

export interface OpenVisit {
  openedAtMs: number;
  lastSeenAtMs: number;
}

export type VisitStep =
  /** Nobody of that customer is in the store: a visit begins. */
  | 'open'
  /** Still the same visit; worth writing down that the customer was seen. */
  | 'refresh'
  /** Still the same visit, seen a moment ago: nothing to write. */
  | 'ignore'
  /** The former visit ended unnoticed; end it where it was last seen and begin another. */
  | 'reopen';

/** Seen again within this time: not written anew, so that a standing customer does not wear the disk. */
export const REFRESH_MS = 30_000;

/**
 * What a sighting at `now` means.
 * @param gapMs how long unseen until a visit counts as over
 * A clock that was set back leaves `now` before the last sighting: the visit goes on, nothing is written.
 */
export function nextVisit(visit: OpenVisit | null, now: number, gapMs: number): VisitStep {
  if (visit === null) return 'open';
  const unseenMs = now - visit.lastSeenAtMs;
  if (unseenMs >= gapMs) return 'reopen';
  return unseenMs >= REFRESH_MS ? 'refresh' : 'ignore';
}

/** Whether a visit is over because the customer was not seen for `gapMs`. */
export function hasLeft(visit: OpenVisit, now: number, gapMs: number): boolean {
  return now - visit.lastSeenAtMs >= gapMs;
}
