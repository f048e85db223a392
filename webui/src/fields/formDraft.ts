import type { CardSlot, FieldKind, Language, OwnField, OwnForm, OwnFormChange, Words } from '../contract.js';

export interface DraftOption { id: string; zh: string; en: string }
export interface DraftField { id: string; kind: FieldKind; zh: string; en: string; required: boolean; managerOnly: boolean; options: DraftOption[]; removedOptions: DraftOption[] }
export interface DraftSection { id: string; zh: string; en: string; fields: DraftField[] }
/** Taken out. `until`: can be brought back in the box until then; null: only here so far. `holders`: customers with something in it. */
export interface RemovedField extends DraftField { until: string | null; holders: number | null }
/** The form while it is being edited. What is new has an id from the first moment, so that the card can name it. */
export interface FormDraft { revision: number; sections: DraftSection[]; removed: RemovedField[]; card: CardSlot[] }

export const KINDS: readonly FieldKind[] = ['text', 'number', 'money', 'date', 'choice', 'choices', 'yes_no', 'product', 'photo'];
export const hasOptions = (kind: FieldKind): boolean => kind === 'choice' || kind === 'choices';

export function draftOf(form: OwnForm): FormDraft {
  return {
    revision: form.revision, card: [...form.card],
    sections: form.sections.map(({ id, name, fields }) => ({ id, ...typed(name), fields: fields.map(fieldDraft) })),
    removed: form.removed.map((field) => ({ ...fieldDraft(field), until: field.until, holders: field.holders })),
  };
}

function fieldDraft({ id, kind, name, required, visibleTo, options, removedOptions }: OwnField): DraftField {
  const drafts = (list: typeof options): DraftOption[] => list.map((option) => ({ id: option.id, ...typed(option.name) }));
  return { id, kind, ...typed(name), required, managerOnly: visibleTo === 'manager', options: drafts(options), removedOptions: drafts(removedOptions) };
}

export const newField = (kind: FieldKind): DraftField =>
  ({ id: crypto.randomUUID(), kind, zh: '', en: '', required: false, managerOnly: false, options: hasOptions(kind) ? [newOption(), newOption()] : [], removedOptions: [] });
export const newOption = (): DraftOption => ({ id: crypto.randomUUID(), zh: '', en: '' });

/** As the box takes it: an English name that was left empty is the Chinese one. */
export function changeOf(draft: FormDraft): OwnFormChange {
  return {
    revision: draft.revision, card: draft.card,
    sections: draft.sections.map((section) => ({
      id: section.id, name: said(section),
      fields: section.fields.map((field) => ({
        id: field.id, name: said(field), kind: field.kind, required: field.required, visibleTo: field.managerOnly ? 'manager' as const : 'everybody' as const,
        options: hasOptions(field.kind) ? field.options.map((option) => ({ id: option.id, name: said(option) })) : [],
      })),
    })),
  };
}

const typed = (name: Words): { zh: string; en: string } => ({ zh: name['zh-CN'], en: name.en === name['zh-CN'] ? '' : name.en });
const said = ({ zh, en }: { zh: string; en: string }): Words => ({ 'zh-CN': zh.trim(), en: en.trim() || zh.trim() });

/** In the language of the page; empty: not named yet. */
export const nameIn = ({ zh, en }: { zh: string; en: string }, language: Language): string => (language === 'en' && en.trim()) || zh;

/** Whether saving one would change nothing of the other. */
export function isSame(a: FormDraft, b: FormDraft): boolean {
  return JSON.stringify({ ...changeOf(a), revision: 0 }) === JSON.stringify({ ...changeOf(b), revision: 0 });
}

/** What keeps the draft from being saved; `id`: of the section or field. */
export interface DraftProblem { why: 'sectionName' | 'sectionTwice' | 'fieldName' | 'options' | 'optionName' | 'card'; id: string }

export function problemOf({ sections, card }: FormDraft): DraftProblem | null {
  for (const [at, section] of sections.entries()) {
    const { 'zh-CN': zh, en } = said(section);
    if (zh === '') return { why: 'sectionName', id: section.id };
    const taken = sections.slice(0, at).map(said).some((other) => other['zh-CN'].toLowerCase() === zh.toLowerCase() || other.en.toLowerCase() === en.toLowerCase());
    if (taken) return { why: 'sectionTwice', id: section.id };
    for (const field of section.fields) {
      const why = fieldProblem(field);
      if (why !== null) return { why, id: field.id };
    }
  }
  const unfit = card.find((slot) => 'fieldId' in slot && !mayBeOnCard(sections, slot.fieldId));
  return unfit !== undefined && 'fieldId' in unfit ? { why: 'card', id: unfit.fieldId } : null;
}

export function fieldProblem(field: DraftField): Exclude<DraftProblem['why'], 'sectionName' | 'sectionTwice' | 'card'> | null {
  if (field.zh.trim() === '') return 'fieldName';
  if (!hasOptions(field.kind)) return null;
  if (field.options.some(({ zh }) => zh.trim() === '')) return 'optionName';
  return field.options.length < 2 ? 'options' : null;
}

/** Fields that everybody may see and that can be read at a glance. */
export function cardFields(sections: readonly DraftSection[]): DraftField[] {
  return sections.flatMap(({ fields }) => fields.filter(({ managerOnly, kind }) => !managerOnly && kind !== 'photo'));
}
const mayBeOnCard = (sections: readonly DraftSection[], fieldId: string): boolean => cardFields(sections).some(({ id }) => id === fieldId);

/** One place up (-1) or down (1); at the edge nothing moves. */
export function moved<T>(list: readonly T[], at: number, by: -1 | 1): T[] {
  const to = at + by;
  if (to < 0 || to >= list.length) return [...list];
  const next = [...list];
  [next[at], next[to]] = [next[to]!, next[at]!];
  return next;
}

/** Takes a field out of the form, and off the card. */
export function withoutField(draft: FormDraft, fieldId: string): FormDraft {
  const field = draft.sections.flatMap(({ fields }) => fields).find(({ id }) => id === fieldId);
  return {
    ...draft,
    sections: draft.sections.map((section) => ({ ...section, fields: section.fields.filter(({ id }) => id !== fieldId) })),
    removed: field === undefined ? draft.removed : [{ ...field, until: null, holders: null }, ...draft.removed],
    card: draft.card.filter((slot) => !('fieldId' in slot) || slot.fieldId !== fieldId),
  };
}

export function withoutSection(draft: FormDraft, sectionId: string): FormDraft {
  const fields = draft.sections.find(({ id }) => id === sectionId)?.fields ?? [];
  const next = fields.reduce((rest, { id }) => withoutField(rest, id), draft);
  return { ...next, sections: next.sections.filter(({ id }) => id !== sectionId) };
}

/** Brings a field back, to the end of a section. */
export function broughtBack(draft: FormDraft, fieldId: string, sectionId: string): FormDraft {
  const field = draft.removed.find(({ id }) => id === fieldId);
  if (field === undefined || !draft.sections.some(({ id }) => id === sectionId)) return draft;
  const { id, kind, zh, en, required, managerOnly, options, removedOptions } = field;
  const back: DraftField = { id, kind, zh, en, required, managerOnly, options, removedOptions };
  return {
    ...draft, removed: draft.removed.filter(({ id }) => id !== fieldId),
    sections: draft.sections.map((section) => (section.id === sectionId ? { ...section, fields: [...section.fields, back] } : section)),
  };
}

/** Mine on top of what somebody else saved meanwhile: what they added since `base` stays, and nothing of theirs is removed unseen. */
export function onTopOf(mine: FormDraft, base: FormDraft, theirs: FormDraft): FormDraft {
  const idsOf = (draft: FormDraft): Set<string> => new Set([...draft.sections.flatMap(({ fields }) => fields), ...draft.removed].map(({ id }) => id));
  const known = new Set([...idsOf(base), ...idsOf(mine)]);
  const sections = mine.sections.map((section) => ({ ...section, fields: [...section.fields] }));
  for (const theirSection of theirs.sections) {
    const added = theirSection.fields.filter(({ id }) => !known.has(id));
    const here = sections.find(({ id }) => id === theirSection.id);
    if (here !== undefined) here.fields.push(...added);
    else if (added.length > 0 || !base.sections.some(({ id }) => id === theirSection.id)) sections.push({ ...theirSection, fields: added });
  }
  return { revision: theirs.revision, card: mine.card, sections, removed: [...mine.removed.filter(({ until }) => until === null), ...theirs.removed.filter(({ id }) => !idsOfSections(sections).has(id))] };
}
const idsOfSections = (sections: readonly DraftSection[]): Set<string> => new Set(sections.flatMap(({ fields }) => fields.map(({ id }) => id)));
