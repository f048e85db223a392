import type { Language } from '../contract.js';

const JUST_NOW_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long ago in words: seconds, minutes, hours, then days. */
export function ago(atMs: number, nowMs: number, language: Language): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'long' });
  const elapsed = Math.max(0, nowMs - atMs);
  if (elapsed < JUST_NOW_MS) return language === 'zh-CN' ? '刚刚' : 'just now';
  if (elapsed < MINUTE_MS) return format.format(-Math.floor(elapsed / 1000), 'second');
  if (elapsed < HOUR_MS) return format.format(-Math.floor(elapsed / MINUTE_MS), 'minute');
  if (elapsed < DAY_MS) return format.format(-Math.floor(elapsed / HOUR_MS), 'hour');
  return format.format(-Math.floor(elapsed / DAY_MS), 'day');
}

/** 14:05 */
export function clockTime(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(iso));
}

/** A calendar day (YYYY-MM-DD or an instant) in full: 2026年6月3日. */
export function longDay(day: string, language: Language): string {
  return new Intl.DateTimeFormat(language, { year: 'numeric', month: 'long', day: 'numeric' }).format(localDate(day));
}

/** A day as people say it: today, yesterday, tomorrow, 6月3日, or with the year when it is another. */
export function shortDay(day: string, nowMs: number, language: Language): string {
  const date = localDate(day);
  const now = new Date(nowMs);
  const days = Math.round((midnight(date) - midnight(now)) / DAY_MS);
  if (Math.abs(days) <= 1) {
    return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(days, 'day');
  }
  const sameYear = date.getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(language, {
    month: language === 'en' ? 'short' : 'long',
    day: 'numeric',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(date);
}

/** Day and time of an instant: 今天 14:05. */
export function dayAndTime(iso: string, nowMs: number, language: Language): string {
  return `${shortDay(iso, nowMs, language)} ${clockTime(iso, language)}`;
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

/** A calendar day has no time zone: read it as local midnight, not as UTC. */
function localDate(day: string): Date {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  return parts ? new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])) : new Date(day);
}

const midnight = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
