import type { FieldData, FieldKind, Readable, Words } from '../contract/index.js';
import { isCalendarDay } from '../kit/index.js';
import type { OptionRow } from './plan.js';

/** What has to be asked of other rooms to know whether a value is right, or what it is called. */
export interface LookUp {
  /** Null: there is no such product. */
  productName(id: string): string | null;
  isFileOf(fileId: string, customerId: string): boolean;
}
/** The columns of one value; choices are rows of their own. */
export interface ValueColumns {
  text_value: string | null; number_value: number | null; money_minor: number | null; day_value: string | null; yes_value: number | null;
  product_id: string | null; file_id: string | null;
}
const EMPTY: ValueColumns = { text_value: null, number_value: null, money_minor: null, day_value: null, yes_value: null, product_id: null, file_id: null };

/**
 * The value as it is stored, or null where it does not fit the field.
 * @param held options that stand in the field already: they may stay there though they were removed since
 */
export function fitted(kind: FieldKind, options: readonly OptionRow[], data: FieldData, held: readonly string[], customerId: string, lookUp: LookUp): FieldData | null {
  switch (kind) {
    case 'text': return 'text' in data && data.text.trim() !== '' ? { text: data.text.trim() } : null;
    case 'number': return 'number' in data && Number.isFinite(data.number) ? { number: data.number + 0 } : null; // -0 is 0
    case 'money': return 'moneyMinor' in data && Number.isSafeInteger(data.moneyMinor) ? { moneyMinor: data.moneyMinor + 0 } : null;
    case 'date': return 'day' in data && isCalendarDay(data.day) ? { day: data.day } : null;
    case 'choice': case 'choices': {
      if (!('choices' in data) || data.choices.length === 0 || (kind === 'choice' && data.choices.length > 1)) return null;
      const may = options.filter(({ id, removed }) => !removed || held.includes(id)).map(({ id }) => id);
      return data.choices.every((id) => may.includes(id)) ? { choices: may.filter((id) => data.choices.includes(id)) } : null;
    }
    case 'yes_no': return 'yes' in data ? { yes: data.yes } : null;
    case 'product': return 'productId' in data && lookUp.productName(data.productId) !== null ? { productId: data.productId } : null;
    case 'photo': return 'fileId' in data && lookUp.isFileOf(data.fileId, customerId) ? { fileId: data.fileId } : null;
  }
}

/** The one way to write a value as text: for the history, and to see whether two are the same. Null: nothing. */
export function canonical(data: FieldData | null): string | null {
  if (data === null) return null;
  if ('text' in data) return data.text.trim();
  if ('number' in data) return String(data.number + 0);
  if ('moneyMinor' in data) return String(data.moneyMinor + 0);
  if ('day' in data) return data.day;
  if ('choices' in data) return [...data.choices].sort().join(',');
  if ('yes' in data) return data.yes ? '1' : '0';
  if ('productId' in data) return data.productId;
  return data.fileId;
}

/** What `canonical` wrote of a field of this kind. */
export function parsed(kind: FieldKind, text: string | null): FieldData | null {
  if (text === null) return null;
  switch (kind) {
    case 'text': return { text };
    case 'number': return { number: Number(text) };
    case 'money': return { moneyMinor: Number(text) };
    case 'date': return { day: text };
    case 'choice': case 'choices': return { choices: text.split(',') };
    case 'yes_no': return { yes: text === '1' };
    case 'product': return { productId: text };
    case 'photo': return { fileId: text };
  }
}

export function columnsOf(data: FieldData): ValueColumns {
  if ('text' in data) return { ...EMPTY, text_value: data.text };
  if ('number' in data) return { ...EMPTY, number_value: data.number };
  if ('moneyMinor' in data) return { ...EMPTY, money_minor: data.moneyMinor };
  if ('day' in data) return { ...EMPTY, day_value: data.day };
  if ('yes' in data) return { ...EMPTY, yes_value: data.yes ? 1 : 0 };
  if ('productId' in data) return { ...EMPTY, product_id: data.productId };
  if ('fileId' in data) return { ...EMPTY, file_id: data.fileId };
  return EMPTY;
}

/** The other way round. @param choices the options that stand there, in the order of the form */
export function dataOf(columns: ValueColumns, choices: string[]): FieldData {
  if (columns.text_value !== null) return { text: columns.text_value };
  if (columns.number_value !== null) return { number: columns.number_value };
  if (columns.money_minor !== null) return { moneyMinor: columns.money_minor };
  if (columns.day_value !== null) return { day: columns.day_value };
  if (columns.yes_value !== null) return { yes: columns.yes_value === 1 };
  if (columns.product_id !== null) return { productId: columns.product_id };
  if (columns.file_id !== null) return { fileId: columns.file_id };
  return { choices };
}

/** A value that can be read without the form. A product that is not known any more is named by its id. */
export function readable(data: FieldData, options: readonly OptionRow[], lookUp: Pick<LookUp, 'productName'>): Readable {
  if ('choices' in data) {
    const names = data.choices.map((id) => options.find((option) => option.id === id)?.name ?? { 'zh-CN': id, en: id });
    return { words: joined(names) };
  }
  if ('productId' in data) return { text: lookUp.productName(data.productId) ?? data.productId };
  if ('fileId' in data) return { text: data.fileId };
  return data;
}

function joined(names: readonly Words[]): Words {
  return { 'zh-CN': names.map((name) => name['zh-CN']).join('、'), en: names.map(({ en }) => en).join(', ') };
}
