import { onScopeDispose, ref, watch, type Ref } from 'vue';
import { dealings } from '../api/dealings.js';
import type { ApiError } from '../api/client.js';
import type { Product } from '../contract.js';
import { asApiError } from './useTask.js';

const TYPING_MS = 180;

/** Search as you type; an older answer never overtakes a newer question. */
export function useProductSearch(limit: number, query: Ref<string> = ref('')) {
  const products = ref<Product[]>([]);
  const loading = ref(true);
  const error = ref<ApiError | null>(null);
  let asked: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function search(): Promise<void> {
    clearTimeout(timer);
    asked?.abort();
    const mine = (asked = new AbortController());
    try {
      const found = await dealings.products(query.value, limit, mine.signal);
      if (mine !== asked) return;
      products.value = found;
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
  return { query, products, loading, error, search };
}
