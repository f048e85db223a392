/** Days as they stand in a sentence, in both languages. Pure; days are YYYY-MM-DD in the store's time zone. */
import { daysBetween, type Language, type Words } from '../contract/index.js';

const LOCALES = { 'zh-CN': 'zh-CN', en: 'en-GB' } as const satisfies Record<Language, string>;
/** Making one takes longer than a whole suggestion. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(key: string, make: () => Intl.DateTimeFormat): Intl.DateTimeFormat {
  let made = formats.get(key);
  if (made === undefined) {
    made = make();
    formats.set(key, made);
  }
  return made;
}

export const inBoth = (text: string): Words => ({ 'zh-CN': text, en: text });
const each = (say: (language: Language) => string): Words => ({ 'zh-CN': say('zh-CN'), en: say('en') });

/** 5月3日, 3 May; with the year when it is another. */
export function dayWords(day: string, today: string): Words {
  const year = day.slice(0, 4) === today.slice(0, 4) ? {} : { year: 'numeric' as const };
  return each((language) => format(`${language} ${'year' in year}`, () => new Intl.DateTimeFormat(LOCALES[language], { ...year, month: 'long', day: 'numeric', timeZone: 'UTC' }))
    .format(Date.parse(`${day}T00:00:00Z`)));
}

/** 今天, 明天, 5月3日; today, tomorrow, on 3 May: after "is". */
export function whenWords(day: string, today: string): Words {
  const days = daysBetween(today, day);
  if (days === 0) return { 'zh-CN': '今天', en: 'today' };
  if (days === 1) return { 'zh-CN': '明天', en: 'tomorrow' };
  const words = dayWords(day, today);
  return { 'zh-CN': words['zh-CN'], en: `on ${words.en}` };
}

/** 上次是4月20日，小周接待; last here on 20 April, served by 小周. @param day null: earlier in this business day @param adviser null: nobody served */
export function lastTimeWords(day: Words | null, adviser: string | null): Words {
  const zh = day === null ? '今天早些时候来过' : `上次是${day['zh-CN']}`;
  const en = day === null ? 'here earlier today' : `last here on ${day.en}`;
  return adviser === null ? { 'zh-CN': zh, en } : { 'zh-CN': `${zh}，${adviser}接待`, en: `${en}, served by ${adviser}` };
}

/** 15:30 in the store. */
export function timeWords(ms: number, timeZone: string): Words {
  return inBoth(format(timeZone, () => new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })).format(ms));
}
