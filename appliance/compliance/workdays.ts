/** Working days in mainland China: pure, by the State Council's yearly arrangement as the chinese-days package knows it. */
import { createRequire } from 'node:module';
import chineseDays from 'chinese-days';

// The package's lists alone: its functions read a day in one time zone and write it in that of the process.
const require = createRequire(import.meta.url);
const { holidays, workdays } = require('chinese-days/dist/chinese-days.json') as Record<'holidays' | 'workdays', Record<string, string>>;

const DAY_MS = 86_400_000;
const knownYears = new Set(Object.keys(holidays).map((day) => Number(day.slice(0, 4))));
const statutory = new Map<number, ReadonlySet<string>>();

/** Whether the holidays and make-up working days of a year have been announced (as far as the package knows). */
export function isYearKnown(year: number): boolean {
  return knownYears.has(year);
}

/** @param day YYYY-MM-DD */
export function isWorkday(day: string): boolean {
  if (day in workdays) return true;
  const year = Number(day.slice(0, 4));
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !(isYearKnown(year) ? day in holidays : statutoryHolidays(year).has(day));
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

/** The holidays that the regulation on public holidays (revised 2024-11) fixes by date, lunar date or solar term. Up to 2099. */
export function statutoryHolidays(year: number): ReadonlySet<string> {
  let days = statutory.get(year);
  if (days === undefined) {
    // A date at noon is read and written as that day in every time zone.
    const lunar = (month: number, day: number) => chineseDays.getSolarDateFromLunar(new Date(year, month - 1, day, 12)).date;
    const newYear = lunar(1, 1);
    const eve = new Date(Date.parse(`${newYear}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
    days = new Set([
      `${year}-01-01`, eve, newYear, lunar(1, 2), lunar(1, 3), `${year}-04-0${qingming(year)}`, `${year}-05-01`, `${year}-05-02`,
      lunar(5, 5), lunar(8, 15), `${year}-10-01`, `${year}-10-02`, `${year}-10-03`,
    ]);
    statutory.set(year, days);
  }
  return days;
}

/** Its day of April, by the usual formula for this century (it has no exception for Qingming). */
function qingming(year: number): number {
  const y = year % 100;
  return Math.floor(y * 0.2422 + 4.81) - Math.floor(y / 4);
}
