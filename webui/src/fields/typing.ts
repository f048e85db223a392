import type { FieldData, FieldKind, Language, OwnField } from '../contract.js';
import { money } from '../format/cardFact.js';
import { longDay } from '../format/when.js';

/** What stands in an input, before it is a value. `label`: what a product is called. */
export interface Typed { text: string; choices: string[]; yes: boolean | null; chosen: FieldData | null }

/** Digits behind the point of a currency. */
export function fractionOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

export function typedOf(value: FieldData | null, currency: string): Typed {
  const typed: Typed = { text: '', choices: [], yes: null, chosen: null };
  if (value === null) return typed;
  if ('text' in value) return { ...typed, text: value.text };
  if ('number' in value) return { ...typed, text: String(value.number) };
  if ('moneyMinor' in value) return { ...typed, text: plain(value.moneyMinor, fractionOf(currency)) };
  if ('day' in value) return { ...typed, text: value.day };
  if ('choices' in value) return { ...typed, choices: [...value.choices] };
  if ('yes' in value) return { ...typed, yes: value.yes };
  return { ...typed, chosen: value };
}

/** Null: empty. 'wrong': it cannot be read as this kind. */
export function valueOf(kind: FieldKind, typed: Typed, currency: string): FieldData | null | 'wrong' {
  const text = typed.text.trim();
  switch (kind) {
    case 'text': return text === '' ? null : { text };
    case 'date': return text === '' ? null : { day: text };
    case 'number': {
      const number = text === '' ? null : decimal(text);
      return number === null ? null : number === 'wrong' ? 'wrong' : { number: Number(number) };
    }
    case 'money': {
      const amount = text === '' ? null : decimal(text);
      if (amount === null || amount === 'wrong') return amount;
      const minor = toMinor(amount, fractionOf(currency));
      return minor === null ? 'wrong' : { moneyMinor: minor };
    }
    case 'choice': case 'choices': return typed.choices.length === 0 ? null : { choices: typed.choices };
    case 'yes_no': return typed.yes === null ? null : { yes: typed.yes };
    case 'product': case 'photo': return typed.chosen;
  }
}

/** As people type numbers: full width, with spaces, a sign of money or commas between thousands. */
function decimal(text: string): string | 'wrong' {
  const tidy = text.normalize('NFKC').replace(/[\s,，¥￥$€£]/g, '').replace('。', '.');
  return /^-?\d{1,12}(\.\d{1,6})?$/.test(tidy) ? tidy : 'wrong';
}

/** Without rounding: more digits than the currency has are a slip. */
function toMinor(amount: string, digits: number): number | null {
  const [whole, part = ''] = amount.replace('-', '').split('.');
  if (part.replace(/0+$/, '').length > digits) return null;
  const minor = Number(`${whole!}${part.slice(0, digits).padEnd(digits, '0')}`);
  return amount.startsWith('-') ? 0 - minor : minor;
}

function plain(minor: number, digits: number): string {
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const [whole, part] = [text.slice(0, text.length - digits), text.slice(text.length - digits)];
  return `${minor < 0 ? '-' : ''}${whole}${/^0*$/.test(part) ? '' : `.${part}`}`;
}

/** Whether two values are the same to a reader. */
export function isSameValue(a: FieldData | null, b: FieldData | null): boolean {
  const key = (value: FieldData | null): string => {
    if (value === null) return '';
    if ('choices' in value) return [...value.choices].sort().join(',');
    if ('productId' in value) return value.productId;
    return JSON.stringify(value);
  };
  return key(a) === key(b);
}

/** A value as a line to read. @param currency ISO 4217 */
export function valueText(value: FieldData, field: Pick<OwnField, 'options' | 'removedOptions'>, language: Language, currency: string): string {
  if ('text' in value) return value.text;
  if ('number' in value) return value.number.toLocaleString(language, { maximumFractionDigits: 6 });
  if ('moneyMinor' in value) return money(value.moneyMinor, language, currency);
  if ('day' in value) return longDay(value.day, 'UTC', language);
  if ('yes' in value) return value.yes ? { 'zh-CN': '是', en: 'Yes' }[language] : { 'zh-CN': '否', en: 'No' }[language];
  if ('choices' in value) {
    const known = [...field.options, ...field.removedOptions];
    return value.choices.map((id) => known.find((option) => option.id === id)?.name[language] ?? '?').join(language === 'en' ? ', ' : '、');
  }
  if ('productId' in value) return value.productName ?? '';
  return '';
}

/** What a field, and the options and products in these values, are called, by id. */
export function namesIn(field: Pick<OwnField, 'id' | 'name' | 'options' | 'removedOptions'>, values: readonly (FieldData | null)[], language: Language): Record<string, string> {
  const names: Record<string, string> = { [field.id]: field.name[language] };
  for (const { id, name } of [...field.options, ...field.removedOptions]) names[id] = name[language];
  for (const value of values) if (value !== null && 'productId' in value && value.productName) names[value.productId] = value.productName;
  return names;
}
