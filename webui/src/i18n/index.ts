import { shallowRef } from 'vue';
import { createI18n } from 'vue-i18n';
import { LANGUAGES, type Language } from '../contract.js';
import { messages } from './messages.js';

const KEY = 'portico.language';

/** What the box offers; until it has answered, all. */
const offered = shallowRef<readonly Language[]>(LANGUAGES);

function stored(): Language | null {
  try {
    const found = localStorage.getItem(KEY);
    return LANGUAGES.find((language) => language === found) ?? null;
  } catch {
    return null; // storage is switched off: the language is not remembered, nothing else changes
  }
}

/** What was chosen on this device where the box offers it, or else the box's first. */
export function rememberedLanguage(): Language {
  const chosen = stored();
  return chosen !== null && offered.value.includes(chosen) ? chosen : offered.value[0]!;
}

export const i18n = createI18n({
  legacy: false,
  locale: rememberedLanguage(),
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

export const offeredLanguages = (): readonly Language[] => offered.value;

/** The box has said what it offers: what is shown has to be among it. A customer's own choice, made meanwhile, stays. */
export function offerLanguages(languages: readonly Language[]): void {
  if (languages.join() === offered.value.join()) return;
  offered.value = languages;
  if (stored() === null || !languages.includes(currentLanguage())) setLanguage(rememberedLanguage(), false);
}

/** The language of the device itself, for somebody who has never chosen one here. */
export const phoneLanguage = (): Language => (navigator.languages[0]?.toLowerCase().startsWith('zh') ?? true ? 'zh-CN' : 'en');
