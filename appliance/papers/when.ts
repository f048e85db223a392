import type { Language } from '../contract/index.js';

/** An instant in the store's time zone, to the second: 2026年3月5日 14:03:22; 5 Mar 2026, 14:03:22. */
export function when(instant: string, timeZone: string, language: Language): string {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', {
    timeZone, year: 'numeric', month: language === 'en' ? 'short' : 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).format(Date.parse(instant));
}

/** A calendar day of the store: 2026年3月5日. */
export function onDay(day: string, language: Language): string {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', { timeZone: 'UTC', year: 'numeric', month: 'long', day: 'numeric' })
    .format(Date.parse(`${day}T00:00:00Z`));
}
