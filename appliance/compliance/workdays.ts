/** Working days in mainland China: pure, by the State Council's yearly arrangement as the chinese-days package knows it. */
import chineseDays from 'chinese-days';

const DAY_MS = 86_400_000;
/** Whether the arrangement of a year is known; asked over and over for the same few years. */
const knownYears = new Map<number, boolean>();

/** Whether the holidays and make-up working days of a year have been announced (as far as the package knows). */
export function isYearKnown(year: number): boolean {
  let known = knownYears.get(year);
  if (known === undefined) {
    known = chineseDays.getHolidaysInRange(`${year}-01-01`, `${year}-12-31`, false).length > 0;
    knownYears.set(year, known);
  }
  return known;
}

/** @param day YYYY-MM-DD */
export function isWorkday(day: string): boolean {
  const year = Number(day.slice(0, 4));
  if (isYearKnown(year)) return chineseDays.isWorkday(day);
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !statutoryHolidays(year).has(day);
}

/**
 * The day that is `count` working days after `day`; `day` itself does not count, whatever it is.
 * @returns `provisional`: a year on the way has no announced arrangement yet, so Monday to Friday count, less the thirteen holidays
 *   of the law; the day can still move when the arrangement is known
 */
export function workdaysAfter(day: string, count: number): { day: string; provisional: boolean } {
  let at = Date.parse(`${day}T00:00:00Z`);
  let last = day;
  let provisional = false;
  for (let left = count; left > 0;) {
    at += DAY_MS;
    last = new Date(at).toISOString().slice(0, 10);
    if (!isYearKnown(Number(last.slice(0, 4)))) provisional = true;
    if (isWorkday(last)) left -= 1;
  }
  return { day: last, provisional };
}

/** The holidays that the regulation on public holidays (revised 2024-11) fixes by date, lunar date or solar term. */
function statutoryHolidays(year: number): ReadonlySet<string> {
  const lunar = (month: number, day: number) => chineseDays.getSolarDateFromLunar(`${year}-${pad(month)}-${pad(day)}`).date;
  const newYear = lunar(1, 1);
  const eve = new Date(Date.parse(`${newYear}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
  return new Set([
    `${year}-01-01`, eve, newYear, lunar(1, 2), lunar(1, 3), chineseDays.getSolarTermDate(year, 4, 'pure_brightness'), `${year}-05-01`, `${year}-05-02`,
    lunar(5, 5), lunar(8, 15), `${year}-10-01`, `${year}-10-02`, `${year}-10-03`,
  ]);
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
