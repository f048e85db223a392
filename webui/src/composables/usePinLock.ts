import { computed, ref } from 'vue';
import { lockOf, type PinLock } from '../access/pinLock.js';
import type { ApiError } from '../api/client.js';
import { countdown } from '../format/when.js';
import { useNow } from './useNow.js';
import { useWords } from './useWords.js';

/** The lock of the whole iPad has no person. */
const EVERYBODY = '';

/** How long wrong PINs keep somebody, or this iPad, waiting; as the box has said so far. */
export function usePinLock(staffId: () => string) {
  const { t } = useWords();
  const now = useNow();
  const locks = ref<Record<string, { lock: PinLock; untilMs: number }>>({});
  /** Null: not locked. */
  const words = computed(() => {
    const longest = [locks.value[EVERYBODY], locks.value[staffId()]]
      .flatMap((known) => (known && known.untilMs > now.value ? [known] : []))
      .sort((a, b) => b.untilMs - a.untilMs)[0];
    return longest ? t(`lock.pin_${longest.lock}`, { time: countdown((longest.untilMs - now.value) / 1000) }) : null;
  });

  /** True when the error was a lock; from then on `words` tells of it. */
  function heard(error: ApiError | null): boolean {
    if (error?.code !== 'pin_locked') return false;
    const said = lockOf(error.details, Date.now());
    locks.value = { ...locks.value, [said.lock === 'device' ? EVERYBODY : staffId()]: said };
    return true;
  }
  return { words, heard };
}
