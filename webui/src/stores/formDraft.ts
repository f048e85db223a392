import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { ownFields } from '../api/fields.js';
import type { ApiError } from '../api/client.js';
import { useTask } from '../composables/useTask.js';
import { changeOf, draftOf, isSame, onTopOf, problemOf, type FormDraft } from '../fields/formDraft.js';

/** The form of own fields while a manager edits it: what is not saved yet survives a look at another page. */
export const useFormDraft = defineStore('formDraft', () => {
  const reading = useTask();
  const saving = useTask();
  /** As the box had it when the editing began. */
  const base = shallowRef<FormDraft | null>(null);
  const draft = ref<FormDraft | null>(null);
  /** What another manager saved meanwhile. */
  const theirs = shallowRef<FormDraft | null>(null);
  const dirty = computed(() => draft.value !== null && base.value !== null && !isSame(draft.value, base.value));
  const problem = computed(() => (draft.value === null ? null : problemOf(draft.value)));

  function begin(form: FormDraft): void {
    base.value = form;
    draft.value = structuredClone(form);
    theirs.value = null;
    saving.error.value = null;
  }

  /** What is being edited is left as it is. */
  async function load(): Promise<void> {
    if (dirty.value) return;
    await reading.run(async () => begin(draftOf(await ownFields.form())));
  }

  /** True when the box has it. Where somebody else saved first, `theirs` says what. */
  async function save(): Promise<boolean> {
    const mine = draft.value;
    if (mine === null) return false;
    const saved = await saving.run(async () => begin(draftOf(await ownFields.saveForm(changeOf(mine)))));
    if (!saved && saving.error.value?.code === 'edit_conflict') {
      const read = await reading.run(async () => (theirs.value = draftOf(await ownFields.form())));
      if (read) saving.error.value = null;
    }
    return saved;
  }

  function takeTheirs(): void {
    if (theirs.value !== null) begin(theirs.value);
  }
  function keepMine(): void {
    if (theirs.value === null || draft.value === null || base.value === null) return;
    draft.value = structuredClone(onTopOf(JSON.parse(JSON.stringify(draft.value)) as FormDraft, base.value, theirs.value));
    base.value = theirs.value;
    theirs.value = null;
  }
  const discard = (): void => { if (base.value !== null) begin(base.value); };

  const error = computed<ApiError | null>(() => saving.error.value ?? reading.error.value);
  return { draft, base, theirs, dirty, problem, error, busy: saving.busy, load, save, takeTheirs, keepMine, discard };
});
