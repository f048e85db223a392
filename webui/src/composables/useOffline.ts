import { computed, type ComputedRef } from 'vue';
import { useLive } from '../stores/live.js';

/** Whether the box is out of reach: what must not come late cannot be done then. */
export function useOffline(): ComputedRef<boolean> {
  const live = useLive();
  return computed(() => live.link.status === 'offline');
}
