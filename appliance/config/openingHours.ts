import { PorticoError, storeClock } from '../kit/index.js';

const DAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'] as const;
type Day = (typeof DAYS)[number];
const DAY = `(?:${DAYS.join('|')})`;
const TIME = '([01][0-9]|2[0-4]):([0-5][0-9])';
const RULE = new RegExp(`^(${DAY}(?:-${DAY})?(?:,${DAY}(?:-${DAY})?)*) ${TIME}-${TIME}$`);

/** Of one weekday, minutes since midnight by the store's clock; `to` beyond 1440 reaches into the next day. */
export interface Opening { readonly day: number; readonly from: number; readonly to: number }

/**
 * Reads opening hours as OpenStreetMap writes them (wiki.openstreetmap.org, Key:opening_hours), of that the plain part: `Mo-Fr 10:00-22:00; Sa,Su 09:00-23:00`.
 * @param text empty: not known
 * @throws PorticoError config_invalid {setting, problem}
 */
export function readOpeningHours(text: string, setting = 'PORTICO_OPENING_HOURS'): readonly Opening[] {
  const openings = text.split(';').map((part) => part.trim()).filter((part) => part !== '').flatMap((part) => {
    const match = RULE.exec(part);
    const [from, to] = match === null ? [0, 0] : [60 * Number(match[2]) + Number(match[3]), 60 * Number(match[4]) + Number(match[5])];
    if (match === null || from >= 1440 || to > 1440 || from === to) {
      throw new PorticoError('config_invalid', { setting, problem: `"${part}" is not of the form Mo-Fr 10:00-22:00` });
    }
    return daysOf(match[1]!).map((day) => ({ day, from, to: to > from ? to : to + 1440 }));
  });
  return Object.freeze(openings);
}

/** Whether the store is open at an instant; null: its hours are not known. @param timeZone IANA name */
export function isOpenAt(openings: readonly Opening[], atMs: number, timeZone: string): boolean | null {
  if (openings.length === 0) return null;
  const { day, time } = storeClock(atMs, timeZone);
  const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
  const minute = 60 * Number(time.slice(0, 2)) + Number(time.slice(3));
  return openings.some(({ day: opens, from, to }) =>
    (opens === weekday && minute >= from && minute < to) || ((opens + 1) % 7 === weekday && minute + 1440 < to));
}

/** Weekdays, Monday 0, of `Mo-We,Su`; a range may go over Sunday. */
function daysOf(text: string): number[] {
  return [...new Set(text.split(',').flatMap((part) => {
    const [first, last] = part.split('-').map((name) => DAYS.indexOf(name as Day)) as [number, number | undefined];
    return Array.from({ length: (((last ?? first) - first + 7) % 7) + 1 }, (_, i) => (first + i) % 7);
  }))];
}
