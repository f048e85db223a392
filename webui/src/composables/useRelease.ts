import { shallowRef } from 'vue';
import { releases } from '../api/releases.js';
import type { ExportComparison, ExportDetail } from '../contract.js';
import { dayAfter } from '../release/days.js';
import { useFollowed } from './useFollowed.js';
import { useTask } from './useTask.js';

const WHILE_SENDING_MS = 1000;
const OTHERWISE_MS = 15_000;

/** One release, followed until it has arrived; and, where somebody asks for them, the true figures beside it, which this page alone holds. */
export function useRelease(day: string) {
  const detail = shallowRef<ExportDetail | null>(null);
  const comparison = shallowRef<ExportComparison | null>(null);
  const sending = useTask();
  const comparing = useTask();

  const followed = useFollowed(async () => {
    if (detail.value === null) return void (detail.value = await releases.detail(day));
    // Only the list may be asked while nobody touches the iPad: it keeps no session awake.
    const now = (await releases.state(dayAfter(day))).days[0];
    if (now?.day === day) detail.value = { ...detail.value, ...now };
  }, (refused) => {
    if (refused !== null || detail.value?.delivery.state === 'delivered') return null;
    return detail.value?.delivery.state === 'sending' ? WHILE_SENDING_MS : OTHERWISE_MS;
  });
  async function send(): Promise<void> {
    await sending.run(async () => {
      const now = await releases.sendAgain(day);
      if (detail.value) detail.value = { ...detail.value, ...now };
    });
    await followed.read();
  }
  const compare = (): Promise<boolean> => comparing.run(async () => { comparison.value = await releases.compare(day); });
  return { ...followed, detail, send, sending, comparison, compare, comparing };
}
