/** The rules of a visit: pure, time included. */
import type { VISIT_END_REASONS } from '../contract/index.js';

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
 * A clock that was set back leaves `now` before the last sighting: the distance counts, so that a visit neither lasts for
 * days nor stays unwritten until the old time comes round again.
 */
export function nextVisit(visit: OpenVisit | null, now: number, gapMs: number): VisitStep {
  if (visit === null) return 'open';
  const unseenMs = Math.abs(now - visit.lastSeenAtMs);
  if (unseenMs >= gapMs) return 'reopen';
  return unseenMs >= REFRESH_MS ? 'refresh' : 'ignore';
}

/** Whether a visit is over because the customer was not seen for `gapMs`; a clock set back counts by its distance. */
export function hasLeft(visit: OpenVisit, now: number, gapMs: number): boolean {
  return Math.abs(now - visit.lastSeenAtMs) >= gapMs;
}

/** How long a face opens no visit after staff ended one by hand: the customer is still in front of the camera. */
const QUIET_AFTER_CLOSING_MS = 2 * 60_000;
/** And after "not this person": the same confusion would be back with the next frame. */
const QUIET_AFTER_REJECTION_MS = 10 * 60_000;

/** Whether recognition may open a visit for a customer whose last visit ended like this. */
export function mayReopen(last: { closedAtMs: number; endReason: (typeof VISIT_END_REASONS)[number] } | null, now: number): boolean {
  if (last === null) return true;
  const sinceMs = Math.abs(now - last.closedAtMs);
  switch (last.endReason) {
    case 'by_hand':
      return sinceMs >= QUIET_AFTER_CLOSING_MS;
    case 'not_this_person':
      return sinceMs >= QUIET_AFTER_REJECTION_MS;
    case 'left':
    case 'day_over':
    case 'consent_withdrawn':
    case 'corrected':
      return true;
  }
}
