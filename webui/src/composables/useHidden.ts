import { ref } from 'vue';
import { useToasts } from '../stores/toasts.js';
import { useWords } from './useWords.js';

/** Rows that were taken away here and can still be brought back by "undo". */
export function useHidden(done: () => void) {
  const hidden = ref<ReadonlySet<string>>(new Set());
  const toasts = useToasts();
  const { problem } = useWords();
  const show = (id: string): void => void (hidden.value = new Set([...hidden.value].filter((each) => each !== id)));

  /** Takes a row away at once and makes the change once the time to undo is over; if that fails the row is back, with the reason. */
  function hide(id: string, said: string, commit: (keepalive: boolean) => Promise<unknown>): void {
    hidden.value = new Set([...hidden.value, id]);
    toasts.undoable(said, (keepalive) => commit(keepalive).then(done, (error: unknown) => {
      show(id);
      toasts.say(problem(error), 'problem');
    }), () => show(id));
  }
  return { isHidden: (id: string): boolean => hidden.value.has(id), hide };
}
