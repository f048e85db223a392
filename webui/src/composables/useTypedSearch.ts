import { onScopeDispose, shallowRef, ref, watch, type Ref } from 'vue';
import type { ApiError } from '../api/client.js';
import { asApiError } from './useTask.js';

/** Between two letters of somebody who types. */
const TYPING_MS = 200;

/** Search as you type; an older answer never overtakes a newer question. @param read asks the box; cut off by `signal` */
export function useTypedSearch<T>(read: (query: string, signal: AbortSignal) => Promise<T[]>, query: Ref<string> = ref('')) {
  const found = shallowRef<T[]>([]);
  const loading = ref(true);
  const error = ref<ApiError | null>(null);
  let asked: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function search(): Promise<void> {
    clearTimeout(timer);
    asked?.abort();
    const mine = (asked = new AbortController());
    try {
      const answer = await read(query.value, mine.signal);
      if (mine !== asked) return;
      found.value = answer;
      error.value = null;
    } catch (caught) {
      if (mine !== asked) return;
      error.value = asApiError(caught);
    }
    loading.value = false;
  }

  watch(query, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void search(), TYPING_MS);
  });
  onScopeDispose(() => {
    clearTimeout(timer);
    asked?.abort();
    asked = null;
  });
  void search();
  return { query, found, loading, error, search };
}
