import { isDeepStrictEqual } from 'node:util';
import type { CardSlot, FieldKind, FIELD_VISIBILITY, OwnFormChange, Words } from '../contract/index.js';

export interface SectionRow { id: string; name: Words; position: number; removed: boolean }
export interface FieldRow {
  id: string; sectionId: string; name: Words; kind: FieldKind; required: boolean; visibleTo: (typeof FIELD_VISIBILITY)[number]; position: number; removed: boolean;
}
export interface OptionRow { id: string; fieldId: string; name: Words; position: number; removed: boolean }
/** The form as it is stored, with what was removed and is not deleted yet. */
export interface FormRows { sections: SectionRow[]; fields: FieldRow[]; options: OptionRow[]; card: CardSlot[] }

/** What has to be done with the rows of one table. A row that was removed and is named again is restored. */
export interface Steps<Row> { add: Row[]; change: Row[]; restore: Row[]; remove: Row[] }
export interface FormPlan {
  sections: Steps<SectionRow>; fields: Steps<FieldRow>; options: Steps<OptionRow>;
  /** Null: the card stays as it is. */
  card: readonly CardSlot[] | null;
}
/** Why not. `fieldId`: of which field. */
export interface Refusal { refused: 'form_invalid' | 'section_name_taken' | 'field_not_for_card'; fieldId?: string }

const KINDS_WITH_OPTIONS: readonly FieldKind[] = ['choice', 'choices'];
/** With fewer there is nothing to choose. */
export const OPTIONS_MIN = 2;

/**
 * What leads from the present form to the wanted one.
 * @param newId for what comes without an id
 */
export function planForm(present: FormRows, wanted: OwnFormChange, newId: () => string): FormPlan | Refusal {
  const sections: SectionRow[] = [];
  const fields: FieldRow[] = [];
  const options: OptionRow[] = [];
  for (const [sectionAt, section] of wanted.sections.entries()) {
    const sectionId = section.id ?? newId();
    sections.push({ id: sectionId, name: trimmed(section.name), position: sectionAt, removed: false });
    for (const [fieldAt, { options: choices, id = newId(), name, kind, required, visibleTo }] of section.fields.entries()) {
      fields.push({ id, sectionId, name: trimmed(name), kind, required, visibleTo, position: fieldAt, removed: false });
      options.push(...choices.map((option, position) => ({ id: option.id ?? newId(), fieldId: id, name: trimmed(option.name), position, removed: false })));
    }
  }
  if (namesCollide(sections)) return { refused: 'section_name_taken' };
  if ([sections, fields, options].some((rows) => new Set(rows.map(({ id }) => id)).size < rows.length)) return { refused: 'form_invalid' };
  for (const field of fields) {
    const before = present.fields.find(({ id }) => id === field.id);
    const count = options.filter(({ fieldId }) => fieldId === field.id).length;
    const fits = KINDS_WITH_OPTIONS.includes(field.kind) ? count >= OPTIONS_MIN : count === 0;
    if ((before !== undefined && before.kind !== field.kind) || !fits) return { refused: 'form_invalid', fieldId: field.id };
  }
  const strayed = options.find((option) => present.options.some(({ id, fieldId }) => id === option.id && fieldId !== option.fieldId));
  if (strayed !== undefined) return { refused: 'form_invalid', fieldId: strayed.fieldId };
  for (const slot of wanted.card) {
    if (!('fieldId' in slot)) continue;
    const field = fields.find(({ id }) => id === slot.fieldId);
    if (field === undefined || field.visibleTo !== 'everybody' || field.kind === 'photo') return { refused: 'field_not_for_card', fieldId: slot.fieldId };
  }
  const stays = new Set(fields.map(({ id }) => id));
  return {
    sections: steps(present.sections, sections), fields: steps(present.fields, fields),
    // The options of a field that is removed stay with it: they come back together.
    options: steps(present.options.filter(({ fieldId }) => stays.has(fieldId)), options),
    card: isDeepStrictEqual(present.card, wanted.card) ? null : wanted.card,
  };
}

/** Whether nothing has to be done: the form is as it is wanted. */
export function isEmpty({ sections, fields, options, card }: FormPlan): boolean {
  return card === null && [sections, fields, options].every((each) => Object.values(each).every((rows: unknown[]) => rows.length === 0));
}

function steps<Row extends { id: string; removed: boolean }>(present: readonly Row[], wanted: readonly Row[]): Steps<Row> {
  const before = new Map(present.map((row) => [row.id, row]));
  const known = wanted.filter(({ id }) => before.has(id));
  const kept = new Set(wanted.map(({ id }) => id));
  return {
    add: wanted.filter(({ id }) => !before.has(id)),
    restore: known.filter(({ id }) => before.get(id)!.removed),
    change: known.filter((row) => !before.get(row.id)!.removed && !isDeepStrictEqual(before.get(row.id), row)),
    remove: present.filter(({ id, removed }) => !removed && !kept.has(id)),
  };
}

/** In either language: whoever reads only one must be able to tell them apart. */
function namesCollide(sections: readonly SectionRow[]): boolean {
  return (['zh-CN', 'en'] as const).some((language) => new Set(sections.map(({ name }) => name[language].toLowerCase())).size < sections.length);
}

function trimmed(name: Words): Words {
  return { 'zh-CN': name['zh-CN'].trim(), en: name.en.trim() };
}
