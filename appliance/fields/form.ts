import type { CardSlot, OwnField, OwnForm, Words } from '../contract/index.js';
import { toInstant } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { FieldRow, FormPlan, FormRows, OptionRow, SectionRow, Steps } from './plan.js';

/**
 * How long what was removed can be brought back with all that stood in it. As long as a month is the habit of a recycle bin; longer would
 * keep what the store says it does not want to know any more (PIPL 19: the shortest time necessary).
 */
export const BROUGHT_BACK_MS = 30 * 86_400_000;

interface Named { id: string; name_zh: string; name_en: string; position: number; removed_at_ms: number | null }
interface StoredField { row: FieldRow; removedAtMs: number | null }

/** The tables of the form: what is asked, not what stands there. */
export class FormTables {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  revision(): number {
    return this.#db.get<{ revision: number }>('SELECT revision FROM form_revision')!.revision;
  }

  /** With what was removed. */
  rows(): FormRows {
    return {
      sections: this.#db.all<Named>('SELECT * FROM field_section ORDER BY position')
        .map((row) => ({ id: row.id, name: wordsOf(row), position: row.position, removed: row.removed_at_ms !== null })),
      fields: this.#fields().map(({ row }) => row),
      options: this.#options(),
      card: this.card(),
    };
  }

  #fields(): StoredField[] {
    return this.#db.all<Named & Pick<FieldRow, 'kind' | 'visibleTo'> & { sectionId: string; required: number }>(
      'SELECT *, section_id AS sectionId, visible_to AS visibleTo FROM field ORDER BY position')
      .map((row) => ({
        removedAtMs: row.removed_at_ms,
        row: {
          id: row.id, sectionId: row.sectionId, name: wordsOf(row), kind: row.kind, required: row.required === 1, visibleTo: row.visibleTo,
          position: row.position, removed: row.removed_at_ms !== null,
        },
      }));
  }

  #options(): OptionRow[] {
    return this.#db.all<Named & { field_id: string }>('SELECT * FROM field_option ORDER BY removed_at_ms IS NOT NULL, position')
      .map((row) => ({ id: row.id, fieldId: row.field_id, name: wordsOf(row), position: row.position, removed: row.removed_at_ms !== null }));
  }

  /** What stands in the places of the card. */
  card(): CardSlot[] {
    return this.#db.all<{ builtin: Extract<CardSlot, { builtin: unknown }>['builtin'] | null; field_id: string | null }>(
      'SELECT builtin, field_id FROM card_slot ORDER BY position')
      .map(({ builtin, field_id: fieldId }) => (builtin === null ? { fieldId: fieldId! } : { builtin }));
  }

  /** Removed or not; null: there is none of that id. */
  field(id: string): FieldRow | null {
    return this.#fields().find(({ row }) => row.id === id)?.row ?? null;
  }

  /** The form as a page has it. @param all false: without managers' fields, without sections that have no others, and without what was removed */
  form(all: boolean): OwnForm {
    const { sections, card } = this.rows();
    const fields = this.#fields();
    const options = this.#options();
    const own = ({ id, name, kind, required, visibleTo }: FieldRow): OwnField => {
      const mine = (removed: boolean) => options.filter((option) => option.fieldId === id && option.removed === removed).map((option) => ({ id: option.id, name: option.name }));
      return { id, name, kind, required, visibleTo, options: mine(false), removedOptions: mine(true) };
    };
    return {
      revision: this.revision(), card,
      sections: sections.filter(({ removed }) => !removed).map(({ id, name }) => ({
        id, name, fields: fields.map(({ row }) => row).filter((field) => !field.removed && field.sectionId === id && (all || field.visibleTo === 'everybody')).map(own),
      })).filter((section) => all || section.fields.length > 0),
      removed: all ? fields.flatMap(({ row, removedAtMs }) => (removedAtMs === null ? []
        : [{ ...own(row), until: toInstant(removedAtMs + BROUGHT_BACK_MS), holders: this.#held(row.id) }])) : [],
    };
  }

  #held(fieldId: string): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM field_value WHERE field_id = ?', fieldId)!.n;
  }

  /** Inside a transaction. */
  apply(plan: FormPlan, nowMs: number): void {
    const { sections, fields, options, card } = plan;
    // The card points at fields: what is removed must not stand there, what is new must be there first.
    if (card !== null) this.#db.run('DELETE FROM card_slot WHERE position BETWEEN 1 AND 3');
    this.#write(sections, 'field_section', (row) => ({ name_zh: row.name['zh-CN'], name_en: row.name.en, position: row.position }), nowMs);
    this.#write(fields, 'field', (row) => ({
      section_id: row.sectionId, name_zh: row.name['zh-CN'], name_en: row.name.en, kind: row.kind, required: row.required ? 1 : 0, visible_to: row.visibleTo, position: row.position,
    }), nowMs);
    this.#write(options, 'field_option', (row) => ({ field_id: row.fieldId, name_zh: row.name['zh-CN'], name_en: row.name.en, position: row.position }), nowMs);
    for (const [at, slot] of (card ?? []).entries()) {
      this.#db.run('INSERT INTO card_slot (position, builtin, field_id) VALUES (?, ?, ?)', at + 1, 'builtin' in slot ? slot.builtin : null, 'fieldId' in slot ? slot.fieldId : null);
    }
    this.#db.run('UPDATE form_revision SET revision = revision + 1 WHERE only_one = 1');
  }

  #write<Row extends SectionRow | FieldRow | OptionRow>(
    { add, change, restore, remove }: Steps<Row>, table: 'field_section' | 'field' | 'field_option', columns: (row: Row) => Record<string, string | number>, nowMs: number,
  ): void {
    for (const row of add) {
      const values = { id: row.id, ...columns(row) };
      this.#db.run(`INSERT INTO ${table} (${Object.keys(values).join(', ')}) VALUES (${Object.keys(values).map(() => '?').join(', ')})`, ...Object.values(values));
    }
    for (const row of [...change, ...restore]) {
      const values = columns(row);
      this.#db.run(`UPDATE ${table} SET ${Object.keys(values).map((name) => `${name} = ?`).join(', ')}, removed_at_ms = NULL WHERE id = ?`, ...Object.values(values), row.id);
    }
    for (const { id } of remove) this.#db.run(`UPDATE ${table} SET removed_at_ms = ? WHERE id = ?`, nowMs, id);
  }

  /** What was removed before then and has to go for good. */
  removedBefore(ms: number): { fields: string[]; options: string[] } {
    const ids = (table: string): string[] => this.#db.all<{ id: string }>(`SELECT id FROM ${table} WHERE removed_at_ms < ?`, ms).map(({ id }) => id);
    return { fields: ids('field'), options: ids('field_option') };
  }

  /** Nothing holds it any more. */
  dropField(id: string): void {
    this.#db.run('DELETE FROM field_option WHERE field_id = ?', id);
    this.#db.run('DELETE FROM field WHERE id = ?', id);
  }

  dropOption(id: string): void {
    this.#db.run('DELETE FROM field_option WHERE id = ?', id);
  }

  dropEmptySections(): void {
    this.#db.run('DELETE FROM field_section WHERE removed_at_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM field WHERE section_id = field_section.id)');
  }
}

function wordsOf(row: { name_zh: string; name_en: string }): Words {
  return { 'zh-CN': row.name_zh, en: row.name_en };
}
