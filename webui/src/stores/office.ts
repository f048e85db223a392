import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import { office } from '../api/privacy.js';
import { useTask } from '../composables/useTask.js';
import type { PrivacyOverview } from '../contract.js';
import { badges } from '../privacy/tasks.js';

/** The privacy office at a glance: read anew whenever one of its pages is opened. */
export const useOffice = defineStore('office', () => {
  const overview = shallowRef<PrivacyOverview | null>(null);
  const task = useTask();
  const counts = computed(() => badges(overview.value?.tasks ?? []));
  const load = (): Promise<boolean> => task.run(async () => (overview.value = await office.overview()));
  return { overview, error: task.error, counts, load };
});
