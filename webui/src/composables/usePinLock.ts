import { computed, ref } from 'vue';
import { lockOf } from '../access/pinLock.js';
import type { ApiError } from '../api/client.js';
import { countdown } from '../format/when.js';
import { useNow } from './useNow.js';
import { useWords } from './useWords.js';

const DEVICE = '';

/** How long wrong PINs keep somebody, or this iPad, waiting; as the box has said so far. */
export function usePinLock(staffId: () => string) {
  const { t } = useWords();
  const now = useNow();
  const untilMs = ref<Record<string, number>>({});
  const leftMs = (of: string): number => Math.max(0, (untilMs.value[of] ?? 0) - now.value);
  /** Null: not locked. */
  const words = computed(() => {
    const here = leftMs(DEVICE);
    const person = leftMs(staffId());
    if (here === 0 && person === 0) return null;
    return t(here > person ? 'lock.pinDevice' : 'lock.pinPerson', { time: countdown(Math.max(here, person) / 1000) });
  });

  /** True when the error was a lock; from then on `words` tells of it. */
  function heard(error: ApiError | null): boolean {
    if (error?.code !== 'pin_locked') return false;
    const lock = lockOf(error.details, Date.now());
    untilMs.value = { ...untilMs.value, [lock.of === 'device' ? DEVICE : staffId()]: lock.untilMs };
    return true;
  }
  return { words, heard };
}
