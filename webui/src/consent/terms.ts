/** The terms a customer can choose from, in months. */
const MONTHS = [3, 6, 12] as const;
const DEFAULT_MONTHS = 12;

export interface Term {
  readonly months: number;
  /** Last day of validity, YYYY-MM-DD. */
  readonly validUntil: string;
}

/** A calendar day as YYYY-MM-DD in the time zone of the device, which stands in the store. */
export function dayOf(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Same day some months later; the last day of the month where there is no such day. */
export function addMonths(from: Date, months: number): Date {
  const lastDay = new Date(from.getFullYear(), from.getMonth() + months + 1, 0).getDate();
  return new Date(from.getFullYear(), from.getMonth() + months, Math.min(from.getDate(), lastDay));
}

/**
 * The choices within the longest term of the notice. A year is 365 or 366 days, so a term that is over by a few
 * days is cut to the longest one; a term that is far over is not offered. There is always at least one choice.
 * @param lastDay YYYY-MM-DD: no consent may last longer (a child turns 14); the terms that would give way to that day itself
 */
export function termChoices(today: Date, maxTermDays: number, lastDay: string | null = null): Term[] {
  const latest = new Date(today.getFullYear(), today.getMonth(), today.getDate() + maxTermDays);
  const terms: Term[] = [];
  for (const months of MONTHS) {
    const end = addMonths(today, months);
    const overDays = Math.round((end.getTime() - latest.getTime()) / 86_400_000);
    if (overDays <= 0) terms.push({ months, validUntil: dayOf(end) });
    else if (overDays <= 3) terms.push({ months, validUntil: dayOf(latest) });
  }
  if (terms.length === 0) terms.push({ months: 0, validUntil: dayOf(latest) });
  if (lastDay === null) return terms;
  const within = terms.filter((term) => term.validUntil < lastDay);
  return within.length === terms.length ? terms : [...within, { months: 0, validUntil: lastDay }];
}

export function defaultTerm(terms: readonly Term[]): Term | null {
  return terms.find((term) => term.months === DEFAULT_MONTHS) ?? terms.at(-1) ?? null;
}
