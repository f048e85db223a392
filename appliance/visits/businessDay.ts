/** The business day: from its hour on one calendar day to the same hour on the next, in the store's time zone. Pure. */
import { dayAfter, dayBounds, toDay } from '../kit/index.js';

export interface BusinessDay {
  /** The calendar day on which it begins, YYYY-MM-DD. */
  day: string;
  fromMs: number;
  /** Not in it any more. Where the clocks are changed that is 23 or 25 hours later. */
  toMs: number;
}

/**
 * The business day that an instant is in.
 * @param endsAt HH:MM on the clock of the store. Where the clocks jump over it, it is as much later; where they go back over it, the
 *   first of the two counts
 * @throws RangeError for an unknown time zone
 */
export function businessDayOf(ms: number, timeZone: string, endsAt: string): BusinessDay {
  for (let day = toDay(ms, timeZone), bounds = dayBounds(day, timeZone, endsAt); ; bounds = dayBounds(day, timeZone, endsAt)) {
    if (ms < bounds.fromMs) day = dayAfter(day, -1);
    else if (ms >= bounds.toMs) day = dayAfter(day);
    else return { day, ...bounds };
  }
}
