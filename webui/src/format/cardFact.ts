import type { CardFact, Language } from '../contract.js';

/**
 * A fact of the card as a line of text, with what it is of before it.
 * @param currency ISO 4217, whose smallest unit amounts are in
 */
export function cardFactText({ label, value }: CardFact, language: Language, currency: string): string {
  const text = valueText(value, language, currency);
  return label === null ? text : `${label[language]}${language === 'en' ? ': ' : '：'}${text}`;
}

function valueText(value: CardFact['value'], language: Language, currency: string): string {
  if ('text' in value) return value.text;
  if ('words' in value) return value.words[language];
  if ('number' in value) return new Intl.NumberFormat(language).format(value.number);
  if ('moneyMinor' in value) return money(value.moneyMinor, language, currency);
  if ('yes' in value) return value.yes ? { 'zh-CN': '是', en: 'yes' }[language] : { 'zh-CN': '否', en: 'no' }[language];
  // A day stands for itself in every time zone: written out at noon UTC.
  const day = 'day' in value ? value.day : `2000-${value.monthDay}`; // a leap year, for 29 February
  const year = 'day' in value ? { year: 'numeric' as const } : {};
  return new Intl.DateTimeFormat(language, { ...year, month: 'long', day: 'numeric', timeZone: 'UTC' }).format(new Date(`${day}T12:00:00Z`));
}

/** @param minor in the currency's smallest unit (ISO 4217): fen, cents; whole yen */
export function money(minor: number, language: Language, currency: string): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const whole = minor % 10 ** digits === 0;
  return (whole ? new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', maximumFractionDigits: 0 }) : format).format(minor / 10 ** digits);
}
