import type { Language, Readable } from '../contract/index.js';
import { onDay } from './when.js';

const YES_NO = { 'zh-CN': { yes: '是', no: '否' }, en: { yes: 'yes', no: 'no' } } as const satisfies Record<Language, object>;

/** What stands in an own field, as a line to read. @param currency ISO 4217, in whose smallest unit money is */
export function readableText(value: Readable, language: Language, currency: string): string {
  if ('text' in value) return value.text;
  if ('words' in value) return value.words[language];
  if ('number' in value) return value.number.toLocaleString(language, { maximumFractionDigits: 20 });
  if ('moneyMinor' in value) {
    const format = new Intl.NumberFormat(language, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
    return format.format(value.moneyMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
  }
  if ('yes' in value) return YES_NO[language][value.yes ? 'yes' : 'no'];
  return 'day' in value ? onDay(value.day, language) : value.monthDay;
}
