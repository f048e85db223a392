import { onScopeDispose, ref, watch } from 'vue';
import type { ApiError } from '../api/client.js';
import { portico } from '../api/portico.js';
import type { CustomerSummary } from '../contract.js';
import { asApiError } from './useTask.js';

const TYPING_MS = 220;

/** Search as you type; an older answer never overtakes a newer question. */
export function useCustomerSearch() {
  const query = ref('');
  const customers = ref<CustomerSummary[]>([]);
  const loading = ref(true);
  const error = ref<ApiError | null>(null);
  let asked: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function search(): Promise<void> {
    clearTimeout(timer);
    asked?.abort();
    const mine = (asked = new AbortController());
    try {
      const found = await portico.customers(query.value, 50, mine.signal);
      if (mine !== asked) return;
      customers.value = found;
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
  return { query, customers, loading, error, search };
}
