import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import type { ApiError } from '../api/client.js';
import { useTask } from './useTask.js';

/**
 * Reads at once and again and again while the page is seen. Why the last reading failed stands until one succeeds, so that nothing flickers while it is tried.
 * @param everyMs asked after each reading, with what the box answered last time where it refused; null: it need not be read again
 */
export function useFollowed(readNow: () => Promise<void>, everyMs: (refused: ApiError | null) => number | null) {
  const task = useTask();
  const error = shallowRef<ApiError | null>(null);
  /** The iPad's clock when the box answered last. */
  const readAt = ref<string | null>(null);
  const unreachable = computed(() => error.value?.code === 'network');
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  let underWay: Promise<boolean> = Promise.resolve(true);

  async function read(): Promise<void> {
    clearTimeout(timer);
    await underWay; // it may have been asked before what is to be seen now
    if (document.visibilityState === 'visible' || readAt.value === null) {
      underWay = task.run(readNow);
      if (await underWay) readAt.value = new Date().toISOString();
      error.value = task.error.value;
    }
    const ms = everyMs(unreachable.value ? null : error.value);
    clearTimeout(timer); // set meanwhile, where two wanted it at once
    if (!gone && ms !== null) timer = setTimeout(() => void read(), ms);
  }
  onScopeDispose(() => {
    gone = true;
    clearTimeout(timer);
  });
  void read();
  return { read, error, readAt, unreachable };
}
