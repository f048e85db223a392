import { computed, onScopeDispose, ref, watch, type Ref } from 'vue';
import type { ApiError } from '../api/client.js';
import { portico } from '../api/portico.js';
import type { Dossier, DossierReason } from '../contract.js';
import { useOutbox } from '../stores/outbox.js';
import { useLive } from '../stores/live.js';
import { asApiError } from './useTask.js';

/**
 * The dossier of one customer, read again when a visit of theirs changes, when something written here has reached the box, and when the box
 * can be reached again. What was read stays, with `staleSinceMs` (null: as far as is known it is as it is now). Kept nowhere else.
 */
export function useDossier(customerId: Ref<string>, why: () => DossierReason) {
  const dossier = ref<Dossier | null>(null);
  const error = ref<ApiError | null>(null);
  const readAtMs = ref(0);
  const live = useLive();
  let generation = 0;

  /** `again` says that nobody opened it anew: such reading does not keep the iPad from locking. */
  async function load(again: boolean): Promise<void> {
    const mine = ++generation;
    try {
      const read = await portico.dossier(customerId.value, why(), again);
      if (mine !== generation) return;
      dossier.value = read;
      readAtMs.value = Date.now();
      error.value = null;
    } catch (caught) {
      if (mine !== generation) return;
      error.value = asApiError(caught);
      if (error.value.code === 'customer_not_found') dossier.value = null; // erased: nothing of it stays on the screen
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
  const loadIfShown = (changed: string): void => void (changed === customerId.value && load(true));
  /** What the box answered to a change of it: there at once, or the next change would count from what stood there before. */
  function take(changed: string, answered: Dossier | null): void {
    if (answered === null || changed !== customerId.value) return loadIfShown(changed);
    generation++;
    dossier.value = answered;
    readAtMs.value = Date.now();
    error.value = null;
  }
  const stops = [live.onCustomerChange(loadIfShown), useOutbox().onSaved(take)];
  watch(() => live.link.status === 'live', (isLive, wasLive) => isLive && !wasLive && readAtMs.value > 0 && void load(true));
  const staleSinceMs = computed(() => (dossier.value && (error.value?.code === 'network' || ['reconnecting', 'offline'].includes(live.link.status)) ? readAtMs.value : null));
  onScopeDispose(() => {
    generation++;
    stops.forEach((stop) => stop());
  });
  return { dossier, error, staleSinceMs, load: () => load(true) };
}
