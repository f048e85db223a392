import { useI18n } from 'vue-i18n';
import { ApiError } from '../api/client.js';
import { currentLanguage } from '../i18n/index.js';
import type { CardFact } from '../contract.js';
import { cardFactText, money } from '../format/cardFact.js';
import * as when from '../format/when.js';
import { storeCurrency, storeZone } from './storeZone.js';

/** Words of the page with errors in the language of the moment, and times as the clock in the store shows them. */
export function useWords() {
  const { t, te } = useI18n();
  return {
    t,
    problem: (error: unknown): string => {
      const { code, details } = error instanceof ApiError ? error : { code: 'unexpected', details: {} };
      return te(`errors.${code}`) ? t(`errors.${code}`, details) : t('errors.unexpected');
    },
    ago: (atMs: number, nowMs: number) => when.ago(atMs, nowMs, currentLanguage()),
    clockTime: (iso: string, seconds = false) => when.clockTime(iso, storeZone(), currentLanguage(), seconds),
    longDay: (day: string) => when.longDay(day, storeZone(), currentLanguage()),
    shortDay: (day: string, nowMs = Date.now()) => when.shortDay(day, nowMs, storeZone(), currentLanguage()),
    /** 2月29日, of any year. */
    monthDay: (month: number, day: number) => when.monthDay(month, day, currentLanguage()),
    dayAndTime: (iso: string, nowMs = Date.now()) => when.dayAndTime(iso, nowMs, storeZone(), currentLanguage()),
    /** @param minor in the smallest unit of the store's currency */
    money: (minor: number) => money(minor, currentLanguage(), storeCurrency()),
    cardFact: (fact: CardFact) => cardFactText(fact, currentLanguage(), storeCurrency()),
    number: (n: number) => n.toLocaleString(currentLanguage()),
  };
}

/** Today in the store, YYYY-MM-DD. */
export const todayInStore = (nowMs = Date.now()): string => when.dayIn(nowMs, storeZone());
