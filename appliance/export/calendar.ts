/** Which store days are due. Pure. */
import { dayAfter, dayBounds, instantOf, storeClock } from '../kit/index.js';

/** The store's clock. `dayEndsAt`, `at`: HH:MM; business days run from the one to itself, and their releases are made at the other. */
export interface StoreDays { readonly timeZone: string; readonly dayEndsAt: string; readonly at: string }

/** Days further back are not caught up with: their visits may be gone or put right since, and nobody waits for them. */
export const CATCH_UP_DAYS = 31;

/** When the release of a day may be made: the first time that the clock shows `at` once the day is over. */
export function dueAtMs(day: string, { timeZone, dayEndsAt, at }: StoreDays): number {
  const { toMs } = dayBounds(day, timeZone, dayEndsAt);
  const on = storeClock(toMs, timeZone).day;
  const sameDay = instantOf(on, at, timeZone);
  return sameDay >= toMs ? sameDay : instantOf(dayAfter(on), at, timeZone);
}

/** The business day that `now` is in. */
export function businessDay(now: number, { timeZone, dayEndsAt }: StoreDays): string {
  const { day } = storeClock(now, timeZone);
  return now < instantOf(day, dayEndsAt, timeZone) ? dayAfter(day, -1) : day;
}

/**
 * Days of which a release is due, oldest first.
 * @param firstDay none before it @param isMade whether there is one, or was one before a restore
 */
export function dueDays(now: number, firstDay: string, days: StoreDays, isMade: (day: string) => boolean): string[] {
  const due: string[] = [];
  const last = dayAfter(businessDay(now, days), -1);
  for (let day = dayAfter(last, 1 - CATCH_UP_DAYS); day <= last; day = dayAfter(day)) {
    if (day >= firstDay && dueAtMs(day, days) <= now && !isMade(day)) due.push(day);
  }
  return due;
}
