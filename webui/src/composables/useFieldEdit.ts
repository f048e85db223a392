import { computed, ref, type Ref } from 'vue';
import { ApiError } from '../api/client.js';
import { dealings } from '../api/dealings.js';
import { portico } from '../api/portico.js';
import { bare } from '../api/unsent.js';
import type { Dossier, FieldData, OwnField } from '../contract.js';
import { isSameValue, namesIn, typedOf, valueOf, type Typed } from '../fields/typing.js';
import { currentLanguage } from '../i18n/index.js';
import { waitingFields } from '../outbox/outbox.js';
import { useOutbox } from '../stores/outbox.js';
import { storeCurrency } from './storeZone.js';
import { useDraft } from './useDraft.js';
import { useTask } from './useTask.js';

/** What a colleague wrote while this was being written. */
export interface Both { field: OwnField; mine: FieldData | null; theirs: FieldData | null }

/**
 * Editing some fields of one customer, kept as it is typed. Saving sends what changed against what stood there when the editing began; a
 * field that was removed meanwhile is put aside in `lost` and the rest is saved; where somebody else wrote something else, both are in `both`
 * until one is chosen. Without the box the change waits in the outbox. A photo goes to the box when it is chosen: one that is not kept is
 * taken back there.
 */
export function useFieldEdit({ dossier, section, fields: edited }: { dossier: () => Dossier; section: string; fields: readonly OwnField[] }) {
  const task = useTask();
  const outbox = useOutbox();
  const customer = dossier(); // the same one while the form is there
  const fields = ref<readonly OwnField[]>(edited) as Ref<readonly OwnField[]>;
  const named = (id: string): FieldData | null => dossier().fields.find(({ fieldId }) => fieldId === id)?.value ?? null;
  /** With what waits: saved again before that is with the box or after, it counts from one's own last word. */
  const shown = (id: string): FieldData | null => {
    const waiting = waitingFields(outbox.of(customer.id));
    return id in waiting ? waiting[id]! : named(id);
  };
  const draft = useDraft(() => `fields ${customer.id} ${section}`, () => ({
    base: Object.fromEntries(edited.map(({ id }) => [id, bare(shown(id))])) as Record<string, FieldData | null>,
    typed: Object.fromEntries(edited.map(({ id }) => [id, typedOf(shown(id), storeCurrency())])) as Record<string, Typed>,
  }));
  const baseOf = (id: string): FieldData | null => draft.value.value.base[id] ?? null;
  /** A field that is newer than the draft is as it stands. */
  const typedIn = (id: string): Typed => draft.value.value.typed[id] ?? typedOf(shown(id), storeCurrency());
  const photoIn = (value: FieldData | null): string | null => (value && 'fileId' in value ? value.fileId : null);
  /** Not one that stands in the field, or will when what waits is saved; the box itself keeps what any field shows. */
  function dropPhoto(id: string, next: string | null): void {
    const chosen = photoIn(typedIn(id).chosen);
    if (chosen !== null && chosen !== next && chosen !== photoIn(baseOf(id))) void dealings.removeFile(chosen).catch(() => undefined);
  }
  function type(id: string, typed: Typed): void {
    dropPhoto(id, photoIn(typed.chosen));
    draft.value.value.typed[id] = typed;
  }
  function forget(): void {
    for (const { id } of edited) dropPhoto(id, photoIn(baseOf(id)));
    draft.clear();
  }
  const lost = ref<{ field: OwnField; value: FieldData }[]>([]) as Ref<{ field: OwnField; value: FieldData }[]>;
  const both = ref<Both[]>([]) as Ref<Both[]>;
  /** The field that an error is about. */
  const amiss = ref<string | null>(null);

  const valueIn = (field: OwnField): FieldData | null | 'wrong' => valueOf(field.kind, typedIn(field.id), storeCurrency());
  /** What is written now and was not when the editing began. */
  const changed = computed(() => fields.value.filter((field) => {
    const value = valueIn(field);
    return value === 'wrong' || !isSameValue(value, baseOf(field.id));
  }));

  /** @returns what became of it; null: not yet, see `error`, `both` and `lost` */
  async function save(): Promise<'saved' | 'queued' | null> {
    const wrong = changed.value.find((field) => valueIn(field) === 'wrong');
    const problem = wrong ?? fields.value.find((field) => field.required && valueIn(field) === null);
    amiss.value = problem?.id ?? null;
    if (problem) {
      task.error.value = new ApiError(wrong ? 'field_invalid' : 'field_required');
      return null;
    }
    const sent = changed.value.map((field) => ({ field, base: bare(baseOf(field.id)), mine: valueIn(field) as FieldData | null }));
    const edits = Object.fromEntries(sent.map(({ field, base, mine }) => [field.id, { base, mine: bare(mine) }]));
    const names = Object.assign({}, ...sent.map(({ field, mine }) => namesIn(field, [named(field.id), mine], currentLanguage()))) as Record<string, string>;
    let outcome: 'saved' | 'queued' = 'saved';
    const done = await task.run(async () => {
      if ((await outbox.changeFields(customer, edits, names, true)).outcome !== 'saved') outcome = 'queued';
    });
    if (!done) return recover();
    if (lost.value.length === 0) draft.clear();
    // What was saved is what stands there now.
    else for (const { field, mine } of sent) draft.value.value.base[field.id] = bare(mine);
    return outcome;
  }

  async function recover(): Promise<'saved' | 'queued' | null> {
    const error = task.error.value!;
    const fieldId = typeof error.details['fieldId'] === 'string' ? error.details['fieldId'] : null;
    const gone = error.code === 'field_gone' ? fields.value.find(({ id }) => id === fieldId) : undefined;
    if (gone) {
      const value = valueIn(gone);
      if (value !== null && value !== 'wrong') lost.value = [...lost.value, { field: gone, value }];
      fields.value = fields.value.filter((field) => field !== gone);
      task.error.value = null;
      return save(); // the rest; each time a field less
    }
    if (error.code === 'edit_conflict') {
      const ids = String(error.details['fields']).split(',');
      const read = await task.run(async () => {
        const { fields: now } = await portico.dossier(customer.id, 'edit', true);
        both.value = fields.value.filter(({ id }) => ids.includes(id)).map((field) => ({
          field, mine: valueIn(field) as FieldData | null, theirs: now.find((value) => value.fieldId === field.id)?.value ?? null,
        }));
      });
      if (read) task.error.value = null;
    }
    amiss.value = fieldId;
    return null;
  }

  /** Whose is written; then what stands there is known, and saving goes on from it. */
  function choose(fieldId: string, whose: 'mine' | 'theirs'): void {
    const found = both.value.find(({ field }) => field.id === fieldId);
    if (!found) return;
    draft.value.value.base[fieldId] = bare(found.theirs);
    if (whose === 'theirs') type(fieldId, typedOf(found.theirs, storeCurrency()));
    both.value = both.value.filter((other) => other !== found);
  }
  const toNote = (text: string): Promise<boolean> => task.run(() => outbox.write(customer, { kind: 'note', text }));
  function settle(fieldId: string): void {
    lost.value = lost.value.filter(({ field }) => field.id !== fieldId);
    if (lost.value.length === 0 && changed.value.length === 0) draft.clear();
  }

  return { fields, typedIn, type, changed, lost, both, amiss, error: task.error, busy: task.busy, save, choose, toNote, settle, forget };
}
