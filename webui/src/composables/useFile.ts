import { ref, shallowRef } from 'vue';
import { saveFile } from '../api/saveFile.js';
import { useTask } from './useTask.js';

/** Gets a file from the box and hands it on; where the share sheet wants a fresh tap, it waits for one. */
export function useFile() {
  const task = useTask();
  const bytes = ref(0);
  const waiting = shallowRef<{ blob: Blob; name: string } | null>(null);

  async function handOn(blob: Blob, name: string): Promise<void> {
    waiting.value = (await saveFile(blob, name)) ? null : { blob, name };
  }
  const again = (): Promise<void> | undefined => waiting.value ? handOn(waiting.value.blob, waiting.value.name) : undefined;

  /** True when the file is here. */
  const get = (fetch: (onProgress: (bytes: number) => void) => Promise<Blob>, name: string): Promise<boolean> => task.run(async () => {
    bytes.value = 0;
    waiting.value = null;
    await handOn(await fetch((n) => (bytes.value = n)), name);
  });
  return { busy: task.busy, error: task.error, bytes, waiting, get, again };
}
