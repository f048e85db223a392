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

/**
 * The calendar day (YYYY-MM-DD) that an instant falls on in an IANA time zone.
 * @throws RangeError for an unknown time zone
 */
export function toDay(ms: number, timeZone: string): string {
  // en-CA writes dates as YYYY-MM-DD.
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms);
}
