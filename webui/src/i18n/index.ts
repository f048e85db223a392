import { createI18n } from 'vue-i18n';
import { LANGUAGES, type Language } from '../contract.js';
import { consentEn } from './consent.en.js';
import { consentZh } from './consent.zh-CN.js';
import { en } from './en.js';
import { privacyEn } from './privacy.en.js';
import { privacyZh } from './privacy.zh-CN.js';
import { receiptWords } from './receipt.js';
import { zhCN } from './zh-CN.js';

const KEY = 'portico.language';

function firstLanguage(): Language {
  try {
    const stored = localStorage.getItem(KEY);
    const known = LANGUAGES.find((language) => language === stored);
    if (known) return known;
  } catch {
    // Storage is switched off: the language is not remembered, nothing else changes.
  }
  return 'zh-CN';
}

export const i18n = createI18n({
  legacy: false,
  locale: firstLanguage(),
  fallbackLocale: 'zh-CN',
  messages: {
    'zh-CN': { ...zhCN, ...consentZh, ...privacyZh, receipt: receiptWords['zh-CN'] }, en: { ...en, ...consentEn, ...privacyEn, receipt: receiptWords.en },
  },
});

export function currentLanguage(): Language {
  return i18n.global.locale.value;
}

/** `remember: false` is for a customer's own choice during enrolment and at the front desk. */
export function setLanguage(language: Language, remember = true): void {
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
  if (!remember) return;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // As above.
  }
}

export const rememberedLanguage = firstLanguage;

/** The language of the device itself, for somebody who has never chosen one here. */
export const phoneLanguage = (): Language => (navigator.languages[0]?.toLowerCase().startsWith('zh') ?? true ? 'zh-CN' : 'en');
