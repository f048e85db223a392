/** The rules of a visit: pure, time included. */
import type { VISIT_END_REASONS } from '../contract/index.js';
import { CLOCKS_APART_MS } from '../kit/index.js';
import type { BusinessDay } from './businessDay.js';

type EndReason = (typeof VISIT_END_REASONS)[number];

export interface OpenVisit {
  openedAtMs: number;
  lastSeenAtMs: number;
}

export interface VisitLimits {
  /** Neither seen nor worked on for this long, a visit counts as over: see `gapOf`. */
  gapMs: number;
  /** The business day in which the visit was opened: it never reaches beyond its end. */
  day: Pick<BusinessDay, 'toMs'>;
}

export type VisitStep =
  /** Nobody of that customer is in the store: a visit begins. */
  | 'open'
  /** Still the same visit; worth writing down that the customer was seen, at `seenAt`. */
  | 'refresh'
  /** Still the same visit, seen a moment ago: nothing to write. */
  | 'ignore'
  /** The former visit ended unnoticed; end it where it was last seen and begin another. */
  | 'reopen';

/** Seen again within this time: not written anew, so that a standing customer does not wear the disk. */
export const REFRESH_MS = 30_000;

/**
 * The gap of a visit in which staff did something. The camera sees whoever stands before it, and an associate stands with the customer
 * elsewhere; trying on, waiting for a repair or a long talk takes up to two hours without anything to write down.
 */
export const ATTENDED_GAP_MS = 2 * 3_600_000;

/** @param isAttended whether staff serve or did something in the visit @param gapMs the store's */
export const gapOf = (isAttended: boolean, gapMs: number): number => (isAttended ? Math.max(gapMs, ATTENDED_GAP_MS) : gapMs);

/**
 * Whether an open visit is over by itself, and why; null: it goes on. Either way it ended when the customer was last seen or served:
 * nobody knows that they stayed longer.
 *
 * `left`: unseen for the gap before the business day was over, also where that is found out only the next morning, because the box
 * was off. A clock that was set back or forward counts by its distance, so that no visit lasts for ever.
 * `day_over`: the business day ended first.
 */
export function overBy(visit: OpenVisit, now: number, { gapMs, day }: VisitLimits): 'left' | 'day_over' | null {
  const gone = Math.abs(now - visit.lastSeenAtMs) >= gapMs;
  if (now < day.toMs) return gone ? 'left' : null;
  return visit.lastSeenAtMs + gapMs <= day.toMs ? 'left' : 'day_over';
}

/** What a sighting at `now`, or an act of whoever serves, means. */
export function nextVisit(visit: OpenVisit | null, now: number, limits: VisitLimits): VisitStep {
  if (visit === null) return 'open';
  if (overBy(visit, now, limits) !== null) return 'reopen';
  return Math.abs(seenAt(visit, now) - visit.lastSeenAtMs) >= REFRESH_MS ? 'refresh' : 'ignore';
}

/** What is written as last seen: a clock that was set back to before the visit began must not make its stay negative. */
export function seenAt(visit: Pick<OpenVisit, 'openedAtMs'>, now: number): number {
  return Math.max(now, visit.openedAtMs);
}

/** How long a face opens no visit after staff ended one by hand: the customer is still in front of the camera. */
const QUIET_AFTER_CLOSING_MS = 2 * 60_000;
/** And after "not this person": the same confusion would be back with the next frame. */
const QUIET_AFTER_REJECTION_MS = 10 * 60_000;

/** Whether recognition may open a visit for a customer whose last visit ended like this. */
export function mayReopen(last: { closedAtMs: number; endReason: EndReason } | null, now: number): boolean {
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

/** Whether what staff did at `atMs`, and is told later, belongs to a visit: it was open then, or had ended by itself not long before, seen by nobody else. */
export function wasDoneIn(visit: OpenVisit & { closedAtMs: number | null; endReason: EndReason | null }, atMs: number): boolean {
  if (atMs < visit.openedAtMs - CLOCKS_APART_MS) return false;
  if (visit.closedAtMs === null || atMs <= visit.closedAtMs) return true;
  return (visit.endReason === 'left' || visit.endReason === 'day_over') && atMs - visit.closedAtMs < ATTENDED_GAP_MS;
}

/** A note or a finished follow-up counts to the visit before it for this long: the evening's notes are often written the next days. */
const REFLECT_WITHIN_MS = 3 * 86_400_000;

/** Whether what was written at `now` looks back on a visit that was open, or last seen, at that time. */
export function reflectsOn(visit: OpenVisit & { closedAtMs: number | null }, now: number): boolean {
  return visit.closedAtMs === null || Math.abs(now - visit.closedAtMs) <= REFLECT_WITHIN_MS;
}
