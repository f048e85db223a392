/** The terms a customer can choose from, in months. Days are YYYY-MM-DD and have no time zone; they are reckoned with in UTC. */
const MONTHS = [3, 6, 12, 24, 36] as const;
const DEFAULT_MONTHS = 12;
const DAY_MS = 86_400_000;

export interface Term {
  readonly months: number;
  /** Last day of validity, YYYY-MM-DD. */
  readonly validUntil: string;
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const msOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);

export const addDays = (day: string, days: number): string => dayOf(msOf(day) + days * DAY_MS);

/** Same day some months later; the last day of the month where there is no such day. */
export function addMonths(day: string, months: number): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return dayOf(Date.UTC(year, month - 1 + months, Math.min(date, lastDay)));
}

/** Whether it is a day of the calendar; 30 February is none. */
export const isDay = (day: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(msOf(day)) && dayOf(msOf(day)) === day;

/**
 * The choices within the longest term of the notice. A year is 365 or 366 days, so a term that is over by a few
 * days is cut to the longest one; a term that is far over is not offered. There is always at least one choice.
 * @param lastDay no consent may last longer (a child turns 14); the terms that would give way to that day itself
 */
export function termChoices(today: string, maxTermDays: number, lastDay: string | null = null): Term[] {
  const latest = addDays(today, maxTermDays);
  const terms: Term[] = [];
  for (const months of MONTHS) {
    const end = addMonths(today, months);
    const overDays = (msOf(end) - msOf(latest)) / DAY_MS;
    if (overDays <= 0) terms.push({ months, validUntil: end });
    else if (overDays <= 3) terms.push({ months, validUntil: latest });
  }
  if (terms.length === 0) terms.push({ months: 0, validUntil: latest });
  if (lastDay === null) return terms;
  const within = terms.filter((term) => term.validUntil < lastDay);
  return within.length === terms.length ? terms : [...within, { months: 0, validUntil: lastDay }];
}

export function defaultTerm(terms: readonly Term[]): Term | null {
  return terms.find((term) => term.months === DEFAULT_MONTHS) ?? terms.at(-1) ?? null;
}
