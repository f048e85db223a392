import { createI18n } from 'vue-i18n';
import { LANGUAGES, type Language } from '../contract.js';
import { messages } from './messages.js';

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
  messages,
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
