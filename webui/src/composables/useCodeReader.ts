import { onScopeDispose, ref } from 'vue';
import { cameraUsed } from './useIdleLock.js';

/** A few looks a second: nobody waits longer, and the page stays free between them. */
const LOOK_EACH_MS = 180;
/** The same code again is the same showing of it. */
const SAME_FOR_MS = 3000;

/** Reads codes out of a video while the scope lives; the reader itself is loaded only now. */
export function useCodeReader(video: () => HTMLVideoElement | null, onCode: (code: string) => void) {
  const failed = ref(false);
  let alive = true;
  let last = { code: '', atMs: Number.NEGATIVE_INFINITY };
  onScopeDispose(() => (alive = false));

  async function look(): Promise<void> {
    try {
      const { readCode } = await import('../camera/readCode.js');
      while (alive) {
        const code = await readCode(video());
        if (alive && code !== null) {
          const nowMs = performance.now();
          if (code !== last.code || nowMs - last.atMs > SAME_FOR_MS) {
            cameraUsed();
            onCode(code);
          }
          last = { code, atMs: nowMs };
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_EACH_MS));
      }
    } catch (error) {
      console.error(error);
      failed.value = true;
    }
  }
  void look();
  return { failed };
}
