import { computed, reactive, ref, shallowRef } from 'vue';
import { ApiError } from '../api/client.js';
import { portico } from '../api/portico.js';
import type { CustomerFields, Dossier } from '../contract.js';
import { BRIEF_NAMES, changeOf, conflictingFields, fieldsOf, formOf, NO_FIELDS, problemOf, typedFields, type FieldName } from '../dossier/edit.js';
import { usePersonWords } from './usePersonWords.js';
import { useTask } from './useTask.js';
import { useWords } from './useWords.js';

/**
 * Makes a customer, or changes one: what is typed, what stood there when the editing began, and what to do when a number is somebody
 * else's or when somebody else was faster.
 */
export function useDossierForm(dossier: Dossier | undefined, brief: boolean, saved: (dossier: Dossier) => void) {
  const { t } = useWords();
  const { fieldText } = usePersonWords();
  const task = useTask();
  let seen: CustomerFields = dossier ? fieldsOf(dossier) : NO_FIELDS;
  /** So that a request that is sent twice makes one dossier. */
  let newId = crypto.randomUUID();
  const form = reactive(formOf(seen));
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
    problemKey.value = problemOf(form);
    if (problemKey.value !== null) return;
    const wanted = typedFields(form);
    const shared = sharedPhone ? { sharedPhone } : {};
    await task.run(async () => {
      try {
        if (dossier) {
          const change = changeOf(seen, wanted);
          saved(await (change === null ? portico.dossier(dossier.id, 'edit', true) : portico.changeCustomer(dossier.id, { ...change, ...shared })));
        } else {
          const { displayName, ...rest } = brief ? Object.fromEntries(BRIEF_NAMES.map((name) => [name, wanted[name]])) as Pick<CustomerFields, (typeof BRIEF_NAMES)[number]> : wanted;
          saved(await portico.createCustomer({ displayName, ...rest, ...shared, id: newId }));
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
    seen = { ...seen, ...Object.fromEntries(found.names.map((name) => [name, found.present[name]])) };
    Object.assign(form, formOf({ ...found.wanted, ...picked }));
    conflict.value = null;
    await submit();
  }
  return { form, task, problemKey, taken, conflictRows, submit, resolve, backToForm: () => (conflict.value = null) };
}
