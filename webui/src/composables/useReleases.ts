import { ref, shallowRef } from 'vue';
import { releases } from '../api/releases.js';
import type { ExportDay, ExportState } from '../contract.js';
import { merged, stillMovingAfter } from '../release/days.js';
import { useFollowed } from './useFollowed.js';
import { useTask } from './useTask.js';

const WHILE_SENDING_MS = 1000;
const OTHERWISE_MS = 15_000;

/** The releases of this box, followed closely while one is being sent. What was read last stays while the box is out of reach. */
export function useReleases() {
  const state = shallowRef<ExportState | null>(null);
  const days = shallowRef<readonly ExportDay[]>([]);
  /** Whether the box has older ones than the oldest here. */
  const more = ref(false);
  const readingEarlier = useTask();
  const sending = useTask();
  /** The day that somebody sends again, or sent last: where its error stands. */
  const sent = ref<string | null>(null);

  const followed = useFollowed(async () => {
    const newest = await releases.state();
    const after = stillMovingAfter(days.value, newest.days);
    const further = after === null ? [] : (await releases.state(after)).days;
    if (state.value === null) more.value = newest.more;
    state.value = newest;
    days.value = merged(days.value, [...newest.days, ...further]);
  }, () => (days.value.some(({ delivery }) => delivery.state === 'sending') ? WHILE_SENDING_MS : OTHERWISE_MS));

  const earlier = (): Promise<boolean> => readingEarlier.run(async () => {
    const page = await releases.state(days.value.at(-1)?.day);
    days.value = merged(days.value, page.days);
    more.value = page.more;
  });
  async function send(day: string): Promise<void> {
    sent.value = day;
    await sending.run(async () => { days.value = merged(days.value, [await releases.sendAgain(day)]); });
    await followed.read();
  }
  return { ...followed, state, days, more, earlier, readingEarlier, send, sending, sent };
}
