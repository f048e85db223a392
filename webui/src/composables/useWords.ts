import { useI18n } from 'vue-i18n';
import { ApiError } from '../api/client.js';
import { currentLanguage } from '../i18n/index.js';
import * as when from '../format/when.js';

/** Words of the page with dates and errors in the language of the moment. */
export function useWords() {
  const { t, te } = useI18n();
  return {
    t,
    problem: (error: unknown): string => {
      const code = error instanceof ApiError ? error.code : 'unexpected';
      return te(`errors.${code}`) ? t(`errors.${code}`) : t('errors.unexpected');
    },
    ago: (atMs: number, nowMs: number) => when.ago(atMs, nowMs, currentLanguage()),
    clockTime: (iso: string) => when.clockTime(iso, currentLanguage()),
    longDay: (day: string) => when.longDay(day, currentLanguage()),
    shortDay: (day: string, nowMs = Date.now()) => when.shortDay(day, nowMs, currentLanguage()),
    dayAndTime: (iso: string, nowMs = Date.now()) => when.dayAndTime(iso, nowMs, currentLanguage()),
  };
}
