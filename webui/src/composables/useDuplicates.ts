import { computed, ref } from 'vue';
import type { ApiError } from '../api/client.js';
import { finding } from '../api/finding.js';
import { portico } from '../api/portico.js';
import type { CustomerSummary, Duplicate } from '../contract.js';
import { useToasts } from '../stores/toasts.js';
import { asApiError } from './useTask.js';
import { useWords } from './useWords.js';

/** Pairs that may be one person; what was decided is gone at once, and can be undone for as long as the message stays. */
export function useDuplicates(onMerged: () => void) {
  const { t, problem } = useWords();
  const toasts = useToasts();
  const all = ref<Duplicate[] | null>(null);
  const error = ref<ApiError | null>(null);
  const decided = ref(new Set<string>());
  const nameOf = ({ a, b }: Duplicate): string => `${a.id} ${b.id}`;
  const pairs = computed(() => all.value?.filter((pair) => !decided.value.has(nameOf(pair))) ?? []);

  async function load(): Promise<void> {
    try {
      all.value = await finding.duplicates();
      error.value = null;
    } catch (caught) {
      error.value = asApiError(caught);
    }
  }
  function decide(pair: Duplicate, text: string, commit: (keepalive: boolean) => Promise<unknown>): void {
    const name = nameOf(pair);
    decided.value = new Set([...decided.value, name]);
    const back = (): void => void (decided.value = new Set([...decided.value].filter((other) => other !== name)));
    toasts.undoable(text, (keepalive) => commit(keepalive).then(() => {}, (caught: unknown) => {
      back();
      toasts.say(problem(caught), 'problem');
    }), back);
  }
  const dismiss = (pair: Duplicate): void => decide(pair, t('finding.dismissed'), (keepalive) => finding.dismiss(pair.a.id, pair.b.id, keepalive));
  /** @param stays takes over what the other has */
  function merge(pair: Duplicate, stays: CustomerSummary): void {
    const goes = stays.id === pair.a.id ? pair.b : pair.a;
    decide(pair, t('finding.merged', { name: stays.displayName }), () => portico.merge(goes.id, stays.id).then(onMerged));
  }
  void load();
  return { pairs, loaded: computed(() => all.value !== null), error, load, dismiss, merge };
}
