/** The only source of time in the product, so that tests can set it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z; may jump when the wall clock is set. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** The iPad that says how long ago something was done, and the box, do not quite agree on the time. */
export const CLOCKS_APART_MS = 60_000;

/**
 * Whether what may last `ttlMs` from when it began is not over. What would last more than twice as long is from before the clock was set
 * back, and would hold for years: it is over too. (Twice, so that a clock that is put right by seconds ends nothing.)
 */
export const isWithin = (untilMs: number, ttlMs: number, now: number): boolean => untilMs > now && untilMs <= now + 2 * ttlMs;

/** Whether what was done at `atMs` is told so late that it is not simply done now. */
export const isLate = (atMs: number, now: number): boolean => now - atMs > CLOCKS_APART_MS;

/**
 * When something was done that is told at `now`.
 * @param ageMs how long ago the iPad says it was
 * @param notBeforeMs what it rests on began then; null: on nothing that began
 */
export function doneAt(now: number, ageMs = 0, ...notBeforeMs: readonly (number | null)[]): number {
  return Math.min(now, Math.max(now - ageMs, ...notBeforeMs.map((ms) => ms ?? -Infinity)));
}

/** ISO 8601 instant in UTC with milliseconds, as the contract and the database write it. */
export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** Making one takes longer than a whole look-up of a consent. */
const dayFormats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(timeZone: string): Intl.DateTimeFormat {
  let format = dayFormats.get(timeZone);
  if (format === undefined) {
    // en-CA writes dates as YYYY-MM-DD.
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    dayFormats.set(timeZone, format);
  }
  return format;
}

/**
 * The calendar day (YYYY-MM-DD) that an instant falls on in an IANA time zone.
 * @throws RangeError for an unknown time zone
 */
export function toDay(ms: number, timeZone: string): string {
  return dayFormat(timeZone).format(ms);
}
