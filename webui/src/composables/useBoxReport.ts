import { computed, onScopeDispose, shallowRef } from 'vue';
import { boxCare } from '../api/box.js';
import type { BoxReport } from '../contract.js';
import { useTask } from './useTask.js';

const EVERY_MS = 15_000;

/** The box's report, read again by itself: IT pulls a cable and watches. What was read last stays while the box is out of reach. */
export function useBoxReport() {
  const report = shallowRef<BoxReport | null>(null);
  const reading = useTask();
  const checking = useTask();
  const unreachable = computed(() => reading.error.value?.code === 'network');

  const read = (): Promise<boolean> => reading.run(async () => { report.value = await boxCare.report(); });
  async function checkAgain(): Promise<void> {
    await checking.run(async () => { report.value = await boxCare.check(); });
  }
  const timer = setInterval(() => { if (document.visibilityState === 'visible' && !checking.busy.value) void read(); }, EVERY_MS);
  onScopeDispose(() => clearInterval(timer));
  void read();
  return { report, error: reading.error, unreachable, read, checkAgain, checking };
}
