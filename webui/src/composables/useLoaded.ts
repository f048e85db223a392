import { shallowRef, type ShallowRef } from 'vue';
import { useTask } from './useTask.js';

/** What a page shows, read at once and again on `load`; `data` may also be replaced by what a change answers. */
export function useLoaded<T>(read: () => Promise<T>) {
  const data = shallowRef<T | null>(null) as ShallowRef<T | null>;
  const task = useTask();
  const load = (): Promise<boolean> => task.run(async () => (data.value = await read()));
  void load();
  return { data, error: task.error, load };
}
