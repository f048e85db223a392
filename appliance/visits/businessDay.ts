/** The business day: from its hour on one calendar day to the same hour on the next, in the store's time zone. Pure. */

export interface BusinessDay {
  /** The calendar day on which it begins, YYYY-MM-DD. */
  day: string;
  fromMs: number;
  /** Not in it any more. Where the clocks are changed that is 23 or 25 hours later. */
  toMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * The business day that an instant is in.
 * @param endsAt HH:MM on the clock of the store. Where the clocks jump over it, it is as much later; where they go back over it, the
 *   first of the two counts
 * @throws RangeError for an unknown time zone
 */
export function businessDayOf(ms: number, timeZone: string, endsAt: string): BusinessDay {
  const endsAtMs = Number(endsAt.slice(0, 2)) * HOUR_MS + Number(endsAt.slice(3)) * MINUTE_MS;
  const startOf = (dayMs: number): number => instantOf(dayMs + endsAtMs, timeZone);
  const wall = ms + offsetAt(ms, timeZone);
  let dayMs = Math.floor(wall / DAY_MS) * DAY_MS;
  while (startOf(dayMs) > ms) dayMs -= DAY_MS;
  while (startOf(dayMs + DAY_MS) <= ms) dayMs += DAY_MS;
  return { day: new Date(dayMs).toISOString().slice(0, 10), fromMs: startOf(dayMs), toMs: startOf(dayMs + DAY_MS) };
}

/** The instant at which the clock of the store shows `wall` (written as if it were UTC). */
function instantOf(wall: number, timeZone: string): number {
  // Offsets lie between -12 and +14 hours (tz database): these are the ones before and after any change near that time.
  const candidates = [wall - offsetAt(wall - 14 * HOUR_MS, timeZone), wall - offsetAt(wall + 12 * HOUR_MS, timeZone)].sort((a, b) => a - b);
  return candidates.find((at) => at + offsetAt(at, timeZone) === wall) ?? candidates[1]!;
}

/** Making a format takes longer than using it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the clock of the store is ahead of UTC, in milliseconds. */
function offsetAt(ms: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', {
      timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const shown = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const wholeMs = Math.floor(ms / 1_000) * 1_000;
  return Date.UTC(shown['year']!, shown['month']! - 1, shown['day']!, shown['hour']!, shown['minute']!, shown['second']!) - wholeMs;
}
