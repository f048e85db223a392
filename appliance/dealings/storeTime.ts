/** Making one takes longer than using it. */
const formats = new Map<string, Intl.DateTimeFormat>();
const MINUTE_MS = 60_000;
/** No zone is further from UTC (Kiribati +14, Baker Island -12), and none ever changed by more than a day. */
const DAY_MS = 86_400_000;

/**
 * The instant at which the store's clock shows this day and time. A time that the clock skips is moved on by as much as the clock jumps;
 * of a time that it shows twice the first is meant.
 * @param day YYYY-MM-DD @param time HH:MM @param timeZone IANA name
 * @returns ms since 1970; NaN: there is no such day
 */
export function instantOf(day: string, time: string, timeZone: string): number {
  const wall = Date.parse(`${day}T${time}:00Z`);
  if (Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 10) !== day) return Number.NaN;
  // The offsets that hold around then: before and after a change, if there is one.
  const [before, after] = [offsetAt(wall - DAY_MS, timeZone), offsetAt(wall + DAY_MS, timeZone)];
  const first = wall - before;
  // With the offset of before it is right, or it is skipped: then it falls past the change, moved on by the jump. The first of two is it too.
  if (offsetAt(first, timeZone) === before || offsetAt(wall - after, timeZone) !== after) return first;
  return wall - after;
}

/** Start and end of a day in the store, ms; 23 to 25 hours apart. @throws RangeError for a day that does not exist */
export function dayBounds(day: string, timeZone: string): { fromMs: number; toMs: number } {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  return { fromMs: instantOf(day, '00:00', timeZone), toMs: instantOf(next, '00:00', timeZone) };
}

/** Day and time of an instant as the store's clock shows them: YYYY-MM-DD, HH:MM. */
export function storeClock(ms: number, timeZone: string): { day: string; time: string } {
  const shown = new Date(ms + offsetAt(ms, timeZone)).toISOString();
  return { day: shown.slice(0, 10), time: shown.slice(11, 16) };
}

/** How far the zone's clock is ahead of UTC at an instant, ms; whole minutes. */
function offsetAt(ms: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)])) as Record<'year' | 'month' | 'day' | 'hour' | 'minute', number>;
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}
