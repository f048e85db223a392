import { computed, ref, shallowRef } from 'vue';
import { ApiError } from '../api/client.js';
import { portico } from '../api/portico.js';
import type { CustomerFields, Dossier } from '../contract.js';
import { BRIEF_NAMES, changeOf, conflictingFields, fieldsOf, formOf, NO_FIELDS, problemOf, typedFields, type DossierForm, type FieldName } from '../dossier/edit.js';
import { useOutbox } from '../stores/outbox.js';
import { useDraft } from './useDraft.js';
import { usePersonWords } from './usePersonWords.js';
import { useTask } from './useTask.js';
import { useWords } from './useWords.js';

/**
 * Makes a customer, or changes one: what is typed, what stood there when the editing began, and what to do when a number is somebody
 * else's or when somebody else was faster.
 */
export function useDossierForm({ dossier, brief, draftKey, saved, queued }: {
  dossier: Dossier | undefined; brief: boolean; draftKey: string; saved: (dossier: Dossier) => void; queued: () => void;
}) {
  const { t } = useWords();
  const { fieldText } = usePersonWords();
  const task = useTask();
  const outbox = useOutbox();
  /** With what waits: a field that is put back to what it was is a change of that, and takes it back. */
  const opened = dossier ? fieldsOf(outbox.overlaid(dossier)) : NO_FIELDS;
  /** What is typed, and what stood there when the editing began: both are there again after a reload. */
  const draft = useDraft(() => draftKey, () => ({ form: formOf(opened), seen: opened }));
  const form = computed<DossierForm>({ get: () => draft.value.value.form, set: (typed) => { draft.value.value.form = typed; } });
  /** So that a request that is sent twice makes one dossier. */
  let newId = crypto.randomUUID();
  const problemKey = ref<string | null>(null);
  /** What stands there now, of the fields that somebody else changed. */
  const conflict = shallowRef<{ names: FieldName[]; present: CustomerFields; wanted: CustomerFields } | null>(null);
  const taken = computed(() => {
    const { code, details } = task.error.value ?? {};
    const customerId = details?.['customerId'];
    if ((code !== 'phone_taken' && code !== 'member_no_taken') || typeof customerId !== 'string') return null;
    return { of: code === 'phone_taken' ? 'phone' as const : 'member' as const, customerId };
  });
  const conflictRows = computed(() => {
    const found = conflict.value;
    return found === null ? [] : found.names.map((name) => ({ key: name, label: t(`person.${name}`), theirs: fieldText(name, found.present), mine: fieldText(name, found.wanted) }));
  });

  async function submit(sharedPhone = false): Promise<void> {
    problemKey.value = problemOf(form.value);
    if (problemKey.value !== null) return;
    const wanted = typedFields(form.value);
    const shared = sharedPhone ? { sharedPhone } : {};
    await task.run(async () => {
      try {
        if (dossier) {
          const { base = {}, ...change } = changeOf(draft.value.value.seen, wanted) ?? {};
          const changed = await outbox.change(dossier, { ...change, ...shared }, base, true);
          draft.clear();
          if (changed.outcome !== 'saved') return queued();
          // Nothing went out: without the box it is as it was read.
          saved(changed.dossier ?? await portico.dossier(dossier.id, 'edit', true).catch(() => dossier));
        } else {
          const { displayName, ...rest } = brief ? Object.fromEntries(BRIEF_NAMES.map((name) => [name, wanted[name]])) as Pick<CustomerFields, (typeof BRIEF_NAMES)[number]> : wanted;
          const made = await portico.createCustomer({ displayName, ...rest, ...shared, id: newId });
          draft.clear();
          saved(made);
        }
      } catch (error) {
        if (error instanceof ApiError && error.code === 'id_taken') newId = crypto.randomUUID();
        if (!(error instanceof ApiError) || error.code !== 'edit_conflict' || !dossier) throw error;
        conflict.value = { names: conflictingFields(error.details), present: fieldsOf(await portico.dossier(dossier.id, 'edit', true)), wanted };
      }
    });
  }

  /** What was chosen for each field goes into the form, and is sent over what stands there now. */
  async function resolve(choices: Record<string, 'mine' | 'theirs'>): Promise<void> {
    const found = conflict.value;
    if (found === null) return;
    const picked = Object.fromEntries(found.names.map((name) => [name, (choices[name] === 'mine' ? found.wanted : found.present)[name]]));
    draft.value.value = {
      seen: { ...draft.value.value.seen, ...Object.fromEntries(found.names.map((name) => [name, found.present[name]])) }, form: formOf({ ...found.wanted, ...picked }),
    };
    conflict.value = null;
    await submit();
  }
  return { form, task, problemKey, taken, conflictRows, submit, resolve, backToForm: () => (conflict.value = null), forget: draft.clear };
}
