/** Making one takes longer than using it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();
const SECOND_MS = 1_000;
/** No zone is further from UTC (Kiribati +14, Baker Island -12), and none ever changed by more than a day. */
const DAY_MS = 86_400_000;

/**
 * The instant at which the store's clock shows this day and time. A time that the clock skips is moved on by as much as the clock jumps;
 * of a time that it shows twice the first is meant.
 * @param day YYYY-MM-DD @param time HH:MM @param timeZone IANA name
 * @returns ms since 1970; NaN: there is no such day
 * @throws RangeError for an unknown time zone
 */
export function instantOf(day: string, time: string, timeZone: string): number {
  if (!isCalendarDay(day)) return Number.NaN;
  const wall = Date.parse(`${day}T${time}:00Z`);
  // The offsets that hold around then: before and after a change, if there is one.
  const [before, after] = [offsetAt(wall - DAY_MS, timeZone), offsetAt(wall + DAY_MS, timeZone)];
  const first = wall - before;
  // With the offset of before it is right, or it is skipped: then it falls past the change, moved on by the jump. The first of two is it too.
  if (offsetAt(first, timeZone) === before || offsetAt(wall - after, timeZone) !== after) return first;
  return wall - after;
}

/** YYYY-MM-DD, and in the calendar: not 2026-02-30. */
export function isCalendarDay(day: string): boolean {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(day);
}

/** The day after (or, with -1, before) another: YYYY-MM-DD. */
export function dayAfter(day: string, days = 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * From an hour on one day of the store to the same hour on the next, ms; 23 to 25 hours apart where clocks are changed.
 * @param startsAt HH:MM @throws RangeError for a day that does not exist
 */
export function dayBounds(day: string, timeZone: string, startsAt = '00:00'): { fromMs: number; toMs: number } {
  return { fromMs: instantOf(day, startsAt, timeZone), toMs: instantOf(dayAfter(day), startsAt, timeZone) };
}

/** Day and time of an instant as the store's clock shows them: YYYY-MM-DD, HH:MM. */
export function storeClock(ms: number, timeZone: string): { day: string; time: string } {
  const shown = new Date(ms + offsetAt(ms, timeZone)).toISOString();
  return { day: shown.slice(0, 10), time: shown.slice(11, 16) };
}

/** How far the zone's clock is ahead of UTC at an instant, ms. Whole seconds: until 1972 some zones had no whole minutes. */
function offsetAt(ms: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const shown = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)])) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;
  return Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second) - Math.floor(ms / SECOND_MS) * SECOND_MS;
}
