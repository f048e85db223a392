import { stringify } from 'csv-stringify/sync';
import type { Language } from '../contract/index.js';
import { Breath } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { FormRows } from './plan.js';
import { dataOf, readable, type LookUp, type ValueColumns } from './values.js';

/** Customers written at a time: some milliseconds. */
const PIECE = 250;
const HEADINGS = { 'zh-CN': ['会员号', '档案编号'], en: ['Member number', 'Dossier'] } as const satisfies Record<Language, readonly string[]>;
const YES_NO = { 'zh-CN': ['否', '是'], en: ['no', 'yes'] } as const satisfies Record<Language, readonly string[]>;

/**
 * Who has something in one of the fields, without dossiers that were merged and those that may not be used. Read in pieces.
 * @param isRestricted whether processing of a customer is restricted: then nothing of theirs leaves the box
 */
export async function whoIsExported(db: Database, fieldIds: readonly string[], isRestricted: (customerId: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  const breath = new Breath();
  for (let after = ''; ;) {
    const ids = db.all<{ id: string }>(
      `SELECT id FROM customer WHERE id > ? AND merged_into_id IS NULL ORDER BY id LIMIT ${PIECE}`, after).map(({ id }) => id);
    if (ids.length === 0) return found;
    after = ids.at(-1)!;
    const filled = db.all<{ id: string }>(
      `SELECT DISTINCT customer_id AS id FROM field_value WHERE customer_id IN (SELECT value FROM json_each(?)) AND field_id IN (SELECT value FROM json_each(?)) ORDER BY id`,
      JSON.stringify(ids), JSON.stringify(fieldIds));
    found.push(...filled.map(({ id }) => id).filter((id) => !isRestricted(id)));
    await breath.taken();
  }
}

/** The rows of one piece. */
interface Row extends ValueColumns { customer_id: string; field_id: string; choices: string }

/**
 * The chosen fields of these customers as CSV (RFC 4180, with the mark by which spreadsheets know UTF-8), a piece at a time. A cell that a
 * spreadsheet would take for a formula begins with an apostrophe. No names or phone numbers, but for what staff wrote into a field.
 * @param fraction digits of the currency behind the point
 */
export async function* exported(
  db: Database, form: FormRows, fieldIds: readonly string[], customerIds: readonly string[],
  lookUp: Pick<LookUp, 'productName'> & { isRestricted(customerId: string): boolean }, fraction: number, language: Language,
): AsyncGenerator<string> {
  const fields = fieldIds.map((id) => form.fields.find((field) => field.id === id)!);
  const line = (records: unknown[][], bom = false): string => stringify(records, { bom, escape_formulas: true, record_delimiter: 'windows' });
  yield line([[...HEADINGS[language], ...fields.map(({ name }) => name[language])]], true);
  const breath = new Breath();
  for (let at = 0; at < customerIds.length; at += PIECE) {
    const ids = JSON.stringify(customerIds.slice(at, at + PIECE));
    // Looked up again: meanwhile somebody may have been erased, merged or restricted.
    const customers = db.all<{ id: string; member_no: string | null }>(
      'SELECT id, member_no FROM customer WHERE id IN (SELECT value FROM json_each(?)) AND merged_into_id IS NULL ORDER BY id', ids)
      .filter(({ id }) => !lookUp.isRestricted(id));
    const rows = new Map(db.all<Row>(
      `SELECT field_value.*, (SELECT group_concat(option_id) FROM field_choice WHERE field_choice.customer_id = field_value.customer_id
         AND field_choice.field_id = field_value.field_id) AS choices
       FROM field_value WHERE customer_id IN (SELECT value FROM json_each(?)) AND field_id IN (SELECT value FROM json_each(?))`, ids, JSON.stringify(fieldIds))
      .map((row) => [`${row.customer_id} ${row.field_id}`, row]));
    const cell = (row: Row | undefined): string | number | null => {
      if (row === undefined) return null;
      const value = readable(dataOf(row, form.options.filter(({ id }) => row.choices?.includes(id)).map(({ id }) => id)), form.options, lookUp);
      if ('words' in value) return value.words[language];
      if ('moneyMinor' in value) return value.moneyMinor / 10 ** fraction;
      if ('yes' in value) return YES_NO[language][value.yes ? 1 : 0];
      return Object.values(value)[0] as string | number;
    };
    if (customers.length > 0) yield line(customers.map(({ id, member_no: memberNo }) => [memberNo, id, ...fields.map((field) => cell(rows.get(`${id} ${field.id}`)))]));
    await breath.taken();
  }
}
