/** Instants and days in words. An instant is shown in the zone of the store (an IANA name), a day (YYYY-MM-DD) is a day everywhere. Pure. */
import type { Language } from '../contract.js';

const JUST_NOW_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** How long ago in words: seconds, minutes, hours, then days. */
export function ago(atMs: number, nowMs: number, language: Language): string {
  // 34秒前, as people say it; the long style of Chinese is 34秒钟前.
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: language === 'zh-CN' ? 'short' : 'long' });
  const elapsed = Math.max(0, nowMs - atMs);
  if (elapsed < JUST_NOW_MS) return language === 'zh-CN' ? '刚刚' : 'just now';
  if (elapsed < MINUTE_MS) return format.format(-Math.floor(elapsed / 1000), 'second');
  if (elapsed < HOUR_MS) return format.format(-Math.floor(elapsed / MINUTE_MS), 'minute');
  if (elapsed < DAY_MS) return format.format(-Math.floor(elapsed / HOUR_MS), 'hour');
  return format.format(-Math.floor(elapsed / DAY_MS), 'day');
}

/** The calendar day, YYYY-MM-DD, on which an instant falls in the zone; a day stays as it is. */
export function dayIn(at: number | string, timeZone: string): string {
  if (typeof at === 'string' && DAY.test(at)) return at;
  // Sweden writes days as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at));
}

/** 14:05, in the zone; `seconds`: 14:05:09 */
export function clockTime(at: number | string, timeZone: string, language: Language, seconds = false): string {
  return new Intl.DateTimeFormat(language, { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(seconds ? { second: '2-digit' } : {}) }).format(new Date(at));
}

/** A day, or the one of an instant, in full: 2026年6月3日. */
export function longDay(day: string, timeZone: string, language: Language): string {
  return said(dayIn(day, timeZone), language, { year: 'numeric', month: 'long', day: 'numeric' });
}

/** A day as people say it: today, yesterday, tomorrow, 6月3日, or with the year when it is another. */
export function shortDay(day: string, nowMs: number, timeZone: string, language: Language): string {
  const [shown, today] = [dayIn(day, timeZone), dayIn(nowMs, timeZone)];
  const days = Math.round((utcOf(shown) - utcOf(today)) / DAY_MS);
  if (Math.abs(days) <= 1) return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(days, 'day');
  const sameYear = shown.slice(0, 4) === today.slice(0, 4);
  return said(shown, language, { month: language === 'en' ? 'short' : 'long', day: 'numeric', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** A day of the year: 2月29日. */
export function monthDay(month: number, day: number, language: Language): string {
  return said(`2000-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`, language, { month: 'long', day: 'numeric' }); // a leap year
}

/** Day and time of an instant: 今天 14:05. */
export function dayAndTime(iso: string, nowMs: number, timeZone: string, language: Language): string {
  return `${shortDay(iso, nowMs, timeZone, language)} ${clockTime(iso, timeZone, language)}`;
}

/** YYYY-MM-DDTHH:MM in the zone, as `<input type="datetime-local">` speaks. */
export function minuteIn(at: number | string, timeZone: string): string {
  return `${dayIn(at, timeZone)}T${clockTime(at, timeZone, 'en')}`;
}

/** The instant of such a minute; null when nothing is filled in. Where a clock is put back, the earlier of the two. */
export function instantOf(minute: string, timeZone: string): string | null {
  const wall = Date.parse(`${minute}Z`);
  if (Number.isNaN(wall)) return null;
  const offsetAt = (ms: number): number => Date.parse(`${minuteIn(ms, timeZone)}Z`) - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  // The offsets a day before and after are all that the moment between can have.
  const candidates = [wall - offsetAt(wall - DAY_MS), wall - offsetAt(wall + DAY_MS)].sort((a, b) => a - b);
  return new Date(candidates.find((ms) => minuteIn(ms, timeZone) === minute.slice(0, 16)) ?? candidates[0]!).toISOString();
}

/** Whole minutes between two instants, at least one. */
export function minutesBetween(fromIso: string, toIso: string): number {
  return Math.max(1, Math.round((Date.parse(toIso) - Date.parse(fromIso)) / MINUTE_MS));
}

/** 4:05, for count-downs. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

const utcOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);
/** The day before the month in English too, as the box writes it. */
const said = (day: string, language: Language, how: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { ...how, timeZone: 'UTC' }).format(utcOf(day));
