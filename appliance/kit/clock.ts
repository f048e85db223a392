/** The only source of time in the product, so that tests can set it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z; may jump when the wall clock is set. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

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
