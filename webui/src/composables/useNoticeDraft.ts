import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import { office } from '../api/privacy.js';
import { LANGUAGES, NOTICE_FIELDS, type Language, type Notice, type NoticeDraft, type NoticeDraftState, type NoticeField } from '../contract.js';
import { changesOf, missingOf, withText } from '../privacy/noticeDraft.js';
import { useTask } from './useTask.js';

const TYPING_MS = 1_000;

/** The draft of the notice: what is typed is saved a moment later, and when the page is left. */
export function useNoticeDraft() {
  const loading = useTask();
  const saving = useTask();
  const draft = shallowRef<NoticeDraft | null>(null);
  const state = shallowRef<NoticeDraftState | null>(null);
  const published = shallowRef<Notice | null>(null);
  /** Typed and not yet in the box. */
  const dirty = ref(false);
  const missing = computed(() => (draft.value ? missingOf(draft.value, NOTICE_FIELDS, LANGUAGES) : []));
  const changes = computed(() => (draft.value && published.value ? changesOf(draft.value, published.value) : []));
  let timer: ReturnType<typeof setTimeout> | undefined;

  const load = (): Promise<boolean> => loading.run(async () => {
    [state.value, published.value] = await Promise.all([office.draft(), office.currentNotice()]);
    draft.value = state.value.draft;
    dirty.value = false;
  });

  let last: Promise<boolean> = Promise.resolve(true);

  /** Saves what was typed, after whatever is being saved already; true when the box has it. */
  const save = (keepalive = false): Promise<boolean> => (last = last.then(() => send(keepalive)));
  async function send(keepalive: boolean): Promise<boolean> {
    clearTimeout(timer);
    if (!dirty.value || !draft.value) return true;
    const sent = draft.value;
    dirty.value = false;
    const saved = await saving.run(async () => (state.value = await office.saveDraft(sent, keepalive)));
    if (!saved) dirty.value = true;
    return saved;
  }

  function change(next: NoticeDraft): void {
    draft.value = next;
    dirty.value = true;
    clearTimeout(timer);
    timer = setTimeout(() => void save(), TYPING_MS);
  }
  const write = (language: Language, field: NoticeField, text: string): void => void (draft.value && change(withText(draft.value, language, field, text)));

  async function discard(): Promise<void> {
    clearTimeout(timer);
    dirty.value = false;
    await last;
    await office.dropDraft();
    await load();
  }

  const onHide = (): void => void save(true);
  window.addEventListener('pagehide', onHide);
  onScopeDispose(() => {
    window.removeEventListener('pagehide', onHide);
    void save();
  });
  void load();
  return { draft, state, missing, changes, dirty, loadError: loading.error, saveError: saving.error, saving: saving.busy, load, save, change, write, discard };
}
