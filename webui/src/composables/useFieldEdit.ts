import { computed, reactive, ref, type Ref } from 'vue';
import { ApiError } from '../api/client.js';
import { ownFields } from '../api/fields.js';
import { portico } from '../api/portico.js';
import type { FieldData, FieldValue, OwnField } from '../contract.js';
import { isSameValue, typedOf, valueOf, type Typed } from '../fields/typing.js';
import { storeCurrency } from './storeZone.js';
import { useTask } from './useTask.js';

/** What a colleague wrote while this was being written. */
export interface Both { field: OwnField; mine: FieldData | null; theirs: FieldData | null }

/**
 * Editing some fields of one customer. Saving sends what changed against what stood there when the editing began; a field that was removed
 * meanwhile is put aside in `lost` and the rest is saved; where somebody else wrote something else, both are in `both` until one is chosen.
 */
export function useFieldEdit(customerId: () => string) {
  const task = useTask();
  const fields = ref<readonly OwnField[]>([]) as Ref<readonly OwnField[]>;
  const base = reactive(new Map<string, FieldData | null>());
  const typed = reactive(new Map<string, Typed>());
  const lost = ref<{ field: OwnField; value: FieldData }[]>([]) as Ref<{ field: OwnField; value: FieldData }[]>;
  const both = ref<Both[]>([]) as Ref<Both[]>;
  /** The field that an error is about. */
  const amiss = ref<string | null>(null);

  function begin(edited: readonly OwnField[], values: readonly FieldValue[]): void {
    fields.value = edited;
    base.clear();
    typed.clear();
    lost.value = [];
    both.value = [];
    amiss.value = null;
    task.error.value = null;
    for (const { id } of edited) {
      const value = values.find(({ fieldId }) => fieldId === id)?.value ?? null;
      base.set(id, value);
      typed.set(id, typedOf(value, storeCurrency()));
    }
  }

  const valueIn = (field: OwnField): FieldData | null | 'wrong' => valueOf(field.kind, typed.get(field.id)!, storeCurrency());
  /** What is written now and was not when the editing began. */
  const changed = computed(() => fields.value.filter((field) => {
    const value = valueIn(field);
    return value === 'wrong' || !isSameValue(value, base.get(field.id) ?? null);
  }));

  /** True when the box has all that is left to be saved. */
  async function save(): Promise<boolean> {
    amiss.value = changed.value.find((field) => valueIn(field) === 'wrong')?.id ?? null;
    if (amiss.value !== null) {
      task.error.value = new ApiError('field_invalid');
      return false;
    }
    // Nothing changed: sent as it is, so that the box says which required field is empty.
    const sent = changed.value.length > 0 ? changed.value : fields.value.slice(0, 1);
    if (sent.length === 0) return true;
    const saved = await task.run(() => ownFields.write(customerId(), {
      values: sent.map((field) => ({ fieldId: field.id, value: valueIn(field) as FieldData | null, base: base.get(field.id) ?? null })),
    }));
    // What was saved is what stands there now.
    if (saved) for (const field of sent) base.set(field.id, valueIn(field) as FieldData | null);
    return saved || (await recover());
  }

  async function recover(): Promise<boolean> {
    const error = task.error.value!;
    const fieldId = typeof error.details['fieldId'] === 'string' ? error.details['fieldId'] : null;
    if (error.code === 'field_gone' && fieldId !== null) {
      const field = fields.value.find(({ id }) => id === fieldId)!;
      const value = valueIn(field);
      if (value !== null && value !== 'wrong') lost.value = [...lost.value, { field, value }];
      fields.value = fields.value.filter(({ id }) => id !== fieldId);
      task.error.value = null;
      return save(); // the rest; each time a field less
    }
    if (error.code === 'edit_conflict') {
      const ids = String(error.details['fields']).split(',');
      const read = await task.run(async () => {
        const { fields: now } = await portico.dossier(customerId(), 'edit', true);
        both.value = fields.value.filter(({ id }) => ids.includes(id)).map((field) => ({
          field, mine: valueIn(field) as FieldData | null, theirs: now.find((value) => value.fieldId === field.id)?.value ?? null,
        }));
      });
      if (read) task.error.value = null;
    }
    amiss.value = fieldId;
    return false;
  }

  /** Whose is written; then what stands there is known, and saving goes on from it. */
  function choose({ field, theirs }: Both, whose: 'mine' | 'theirs'): void {
    base.set(field.id, theirs);
    if (whose === 'theirs') typed.set(field.id, typedOf(theirs, storeCurrency()));
    both.value = both.value.filter((other) => other.field.id !== field.id);
  }
  const toNote = (text: string): Promise<boolean> => task.run(() => portico.addNote(customerId(), { text, id: crypto.randomUUID() }));
  const settle = (fieldId: string): void => void (lost.value = lost.value.filter(({ field }) => field.id !== fieldId));

  return { fields, typed, changed, lost, both, amiss, error: task.error, busy: task.busy, begin, save, choose, toNote, settle };
}
