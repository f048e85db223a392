import { onScopeDispose, ref, watch, type Ref } from 'vue';
import type { ApiError } from '../api/client.js';
import { portico } from '../api/portico.js';
import type { Dossier, DossierReason } from '../contract.js';
import { useLive } from '../stores/live.js';
import { asApiError } from './useTask.js';

/** The dossier of one customer, read again when a visit of theirs changes. Kept nowhere else. */
export function useDossier(customerId: Ref<string>, why: () => DossierReason) {
  const dossier = ref<Dossier | null>(null);
  const error = ref<ApiError | null>(null);
  let generation = 0;

  /** `again` says that nobody opened it anew: such reading does not keep the iPad from locking. */
  async function load(again: boolean): Promise<void> {
    const mine = ++generation;
    try {
      const read = await portico.dossier(customerId.value, why(), again);
      if (mine !== generation) return;
      dossier.value = read;
      error.value = null;
    } catch (caught) {
      if (mine === generation) error.value = asApiError(caught);
    }
  }

  watch(
    customerId,
    () => {
      dossier.value = null;
      void load(false);
    },
    { immediate: true },
  );
  const stop = useLive().onCustomerChange((changed) => {
    if (changed === customerId.value) void load(true);
  });
  onScopeDispose(() => {
    generation++;
    stop();
  });
  return { dossier, error, load: () => load(true) };
}
