/** Days that come round each year, reckoned with. In a file without schemas, so that the page can have it as it is. */

interface DayOfYear { month: number; day: number; year: number | null }
const DAY_MS = 86_400_000;
/** Any leap year: a day of the year that is not in it is in none. */
const A_LEAP_YEAR = 2000;

/** Whether there is such a day: 29 February is one, in a year that is named only if that has it. */
export function isYearlyDate({ month, day, year }: DayOfYear): boolean {
  return day >= 1 && month >= 1 && month <= 12 && day <= lastDayOf(year ?? A_LEAP_YEAR, month);
}

/**
 * When the day comes round next, today counted; never before the year it began in. 29 February is kept on the 28th in other years.
 * @param today YYYY-MM-DD in the store's time zone, as what is returned
 */
export function nextOccurrence(date: DayOfYear, today: string): string {
  const first = Math.max(Number(today.slice(0, 4)), date.year ?? 0);
  const inYear = (year: number): string => [
    String(year).padStart(4, '0'), String(date.month).padStart(2, '0'), String(Math.min(date.day, lastDayOf(year, date.month))).padStart(2, '0'),
  ].join('-');
  return inYear(first) >= today ? inYear(first) : inYear(first + 1);
}

/** Whole days from one YYYY-MM-DD to another; negative when that is before. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

function lastDayOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
