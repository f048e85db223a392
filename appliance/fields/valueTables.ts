import type { FieldData } from '../contract/index.js';
import { PorticoError, toInstant } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { FieldRow } from './plan.js';
import { canonical, columnsOf, dataOf, type ValueColumns } from './values.js';

interface FieldColumns {
  id: string; section_id: string; name_zh: string; name_en: string; kind: FieldRow['kind']; required: number; visible_to: FieldRow['visibleTo'];
  position: number; removed_at_ms: number | null;
}
type Row = FieldColumns & ValueColumns & { at_ms: number; by: string; changes: number; choices: string | null };

/** A value with the field it stands in. */
export interface Standing { field: FieldRow; data: FieldData; at: string; by: string; changes: number }
/** One change as it is kept, in the one way of writing values as text. */
export interface KeptChange { before: string | null; after: string | null; atMs: number; by: string }

const FIELD = 'field.id, field.section_id, field.name_zh, field.name_en, field.kind, field.required, field.visible_to, field.position, field.removed_at_ms';
const SELECT = `SELECT ${FIELD}, text_value, number_value, money_minor, day_value, yes_value, product_id, file_id, at_ms, staff.name AS by,
    (SELECT count(*) FROM field_change WHERE field_change.customer_id = field_value.customer_id AND field_change.field_id = field_value.field_id) AS changes,
    (SELECT group_concat(option_id) FROM (SELECT option_id FROM field_choice JOIN field_option ON field_option.id = option_id
      WHERE field_choice.customer_id = field_value.customer_id AND field_choice.field_id = field_value.field_id ORDER BY removed_at_ms IS NOT NULL, field_option.position)) AS choices
  FROM field_value JOIN field ON field.id = field_value.field_id JOIN field_section ON field_section.id = section_id JOIN staff ON staff.id = staff_id`;

/** The tables of what stands in the form. */
export class ValueTables {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** @throws PorticoError customer_not_found, customer_merged {into} */
  mustStand(customerId: string): void {
    const row = this.#db.get<{ merged_into_id: string | null }>('SELECT merged_into_id FROM customer WHERE id = ?', customerId);
    if (row === undefined) throw new PorticoError('customer_not_found');
    if (row.merged_into_id !== null) throw new PorticoError('customer_merged', { into: row.merged_into_id });
  }

  nameOf(customerId: string): string {
    return this.#db.get<{ display_name: string }>('SELECT display_name FROM customer WHERE id = ?', customerId)?.display_name ?? '';
  }

  /** All, in the order of the form; of removed fields too. */
  of(customerId: string): Standing[] {
    return this.#db.all<Row>(`${SELECT} WHERE customer_id = ? ORDER BY field_section.position, field.position`, customerId).map(standing);
  }

  one(customerId: string, fieldId: string): Standing | null {
    const row = this.#db.get<Row>(`${SELECT} WHERE customer_id = ? AND field_value.field_id = ?`, customerId, fieldId);
    return row === undefined ? null : standing(row);
  }

  /** Newest first. */
  history(customerId: string, fieldId: string): KeptChange[] {
    return this.#db.all<KeptChange>(
      `SELECT before, after, at_ms AS atMs, staff.name AS by FROM field_change JOIN staff ON staff.id = staff_id
       WHERE customer_id = ? AND field_id = ? ORDER BY field_change.id DESC`, customerId, fieldId);
  }

  /** Each field in which something stands or stood, with what the last change left there. */
  written(customerId: string): { field: FieldRow; value: string | null; at: string; by: string }[] {
    return this.#db.all<FieldColumns & { value: string | null; at_ms: number; by: string }>(
      `SELECT ${FIELD}, after AS value, at_ms, staff.name AS by FROM field_change JOIN field ON field.id = field_id JOIN staff ON staff.id = staff_id
       WHERE field_change.id IN (SELECT max(id) FROM field_change WHERE customer_id = ? GROUP BY field_id) ORDER BY section_id, field.position`, customerId)
      .map((row) => ({ field: fieldOf(row), value: row.value, at: toInstant(row.at_ms), by: row.by }));
  }

  /** Inside a transaction; with the line of history. */
  write(customerId: string, fieldId: string, before: FieldData | null, after: FieldData | null, staffId: string, nowMs: number): void {
    if (before !== null && after === null) this.#clear(customerId, fieldId);
    if (after !== null) {
      const columns = columnsOf(after);
      const names = Object.keys(columns);
      this.#db.run(
        `INSERT INTO field_value (customer_id, field_id, at_ms, staff_id, ${names.join(', ')}) VALUES (?, ?, ?, ?, ${names.map(() => '?').join(', ')})
         ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, staff_id = excluded.staff_id, ${names.map((name) => `${name} = excluded.${name}`).join(', ')} WHERE true`,
        customerId, fieldId, nowMs, staffId, ...Object.values(columns) as (string | number | null)[]);
      this.#db.run('DELETE FROM field_choice WHERE customer_id = ? AND field_id = ?', customerId, fieldId);
      for (const optionId of 'choices' in after ? after.choices : []) {
        this.#db.run('INSERT INTO field_choice (customer_id, field_id, option_id) VALUES (?, ?, ?)', customerId, fieldId, optionId);
      }
    }
    this.#db.run('INSERT INTO field_change (customer_id, field_id, before, after, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
      customerId, fieldId, canonical(before), canonical(after), staffId, nowMs);
  }

  #clear(customerId: string, fieldId: string): void {
    this.#db.run('DELETE FROM field_value WHERE customer_id = ? AND field_id = ?', customerId, fieldId); // choices go along
  }

  /** By how many have chosen them, which is not counted to the end: beyond a thousand all are alike. */
  rarestFirst(optionIds: readonly string[]): string[] {
    const holders = (id: string): number => this.#db.get<{ n: number }>('SELECT count(*) AS n FROM (SELECT 1 FROM field_choice WHERE option_id = ? LIMIT 1000)', id)!.n;
    return optionIds.map((id) => ({ id, n: holders(id) })).sort((a, b) => a.n - b.n).map(({ id }) => id);
  }

  has(customerId: string): boolean {
    return this.#db.get('SELECT 1 FROM field_value WHERE customer_id = ? UNION ALL SELECT 1 FROM field_change WHERE customer_id = ? LIMIT 1', customerId, customerId) !== undefined;
  }

  /** Of these files those that stand or stood in a field for managers, and stand in none for everybody. @param customerIds with those merged into theirs */
  onlyForManagers(customerIds: readonly string[], fileIds: readonly string[]): string[] {
    const [customers, files] = [JSON.stringify(customerIds), JSON.stringify(fileIds)];
    return this.#db.all<{ id: string }>(
      `SELECT value AS id FROM json_each(?) WHERE (
         EXISTS (SELECT 1 FROM field_value JOIN field ON field.id = field_id WHERE file_id = value AND visible_to = 'manager')
         OR value IN (SELECT after FROM field_change JOIN field ON field.id = field_id
           WHERE customer_id IN (SELECT value FROM json_each(?)) AND kind = 'photo' AND visible_to = 'manager'))
       AND NOT EXISTS (SELECT 1 FROM field_value JOIN field ON field.id = field_id WHERE file_id = value AND visible_to = 'everybody')`, files, customers)
      .map(({ id }) => id);
  }

  /** Files that stand or stood in a field. */
  photosOf(customerId: string): string[] {
    return this.#db.all<{ id: string }>(`SELECT DISTINCT after AS id FROM field_change JOIN field ON field.id = field_id WHERE customer_id = ? AND kind = 'photo' AND after IS NOT NULL`, customerId)
      .map(({ id }) => id);
  }

  /** Values and history. */
  erase(customerId: string): void {
    this.#db.run('DELETE FROM field_value WHERE customer_id = ?', customerId);
    this.#db.run('DELETE FROM field_change WHERE customer_id = ?', customerId);
  }

  /** Deletes what stands and stood in a field, so many rows at most. @returns how many went; 0: nothing is left */
  eraseField(fieldId: string, rows: number): number {
    return ['field_value', 'field_change'].reduce((gone, table) => gone
      + this.#db.run(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE field_id = ? LIMIT ?)`, fieldId, rows).changes, 0);
  }

  /**
   * Takes an option out of what stands and stood, so many rows at most: a value that holds nothing else goes, and so does the history that
   * names it. @returns how many went; 0: nothing is left
   */
  eraseOption(optionId: string, rows: number): number {
    const holders = this.#db.all<{ customer_id: string; field_id: string }>('SELECT customer_id, field_id FROM field_choice WHERE option_id = ? LIMIT ?', optionId, rows);
    for (const { customer_id: customerId, field_id: fieldId } of holders) {
      this.#db.run('DELETE FROM field_choice WHERE customer_id = ? AND field_id = ? AND option_id = ?', customerId, fieldId, optionId);
      if (this.#db.get('SELECT 1 FROM field_choice WHERE customer_id = ? AND field_id = ?', customerId, fieldId) === undefined) this.#clear(customerId, fieldId);
    }
    const fieldId = this.#db.get<{ field_id: string }>('SELECT field_id FROM field_option WHERE id = ?', optionId)!.field_id;
    const { changes } = this.#db.run(
      `DELETE FROM field_change WHERE id IN (SELECT id FROM field_change WHERE field_id = ? AND (instr(before, ?) > 0 OR instr(after, ?) > 0) LIMIT ?)`,
      fieldId, optionId, optionId, rows);
    return holders.length + changes;
  }
}

function standing(row: Row): Standing {
  return { field: fieldOf(row), data: dataOf(row, row.choices?.split(',') ?? []), at: toInstant(row.at_ms), by: row.by, changes: row.changes };
}

function fieldOf(row: FieldColumns): FieldRow {
  return {
    id: row.id, sectionId: row.section_id, name: { 'zh-CN': row.name_zh, en: row.name_en }, kind: row.kind, required: row.required === 1,
    visibleTo: row.visible_to, position: row.position, removed: row.removed_at_ms !== null,
  };
}
