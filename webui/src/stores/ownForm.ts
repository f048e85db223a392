import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import { ownFields } from '../api/fields.js';
import { useTask } from '../composables/useTask.js';
import type { OwnField, OwnForm } from '../contract.js';

/** The form as dossiers show it. Read again by each dossier that is opened: a manager may have changed it. */
export const useOwnForm = defineStore('ownForm', () => {
  const task = useTask();
  const form = shallowRef<OwnForm | null>(null);
  const load = (): Promise<boolean> => task.run(async () => (form.value = await ownFields.form()));
  const byId = (fieldId: string): OwnField | null => form.value?.sections.flatMap(({ fields }) => fields).find(({ id }) => id === fieldId) ?? null;
  return { form, error: task.error, load, byId };
});
