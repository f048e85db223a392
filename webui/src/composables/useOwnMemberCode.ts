import { onScopeDispose, ref } from 'vue';
import { codeInHash } from '../access/codeInHash.js';
import type { ApiError } from '../api/client.js';
import { finding } from '../api/finding.js';
import type { OwnMemberCode } from '../contract.js';
import { asApiError } from './useTask.js';

/** What the code behind the link in the address is made of, and by how much this phone's clock is wrong. Works on when the box is away. */
export function useOwnMemberCode() {
  const own = ref<OwnMemberCode | null>(null);
  const error = ref<ApiError | null>(null);
  const aheadMs = ref(0);
  let generation = 0;

  async function load(): Promise<void> {
    const mine = ++generation;
    try {
      const read = await finding.ownMemberCode(codeInHash(location.hash));
      if (mine !== generation) return;
      aheadMs.value = Date.parse(read.now) - Date.now();
      own.value = read;
      error.value = null;
    } catch (caught) {
      if (mine !== generation) return;
      error.value = asApiError(caught);
      if (error.value.code === 'member_link_invalid') own.value = null; // ended or renewed
    }
  }
  function other(): void {
    own.value = null;
    void load();
  }
  /** The clock may have been set, and the code ended, while nobody looked. */
  const onVisible = (): void => void (document.visibilityState === 'visible' && load());
  window.addEventListener('hashchange', other);
  document.addEventListener('visibilitychange', onVisible);
  onScopeDispose(() => {
    generation++;
    window.removeEventListener('hashchange', other);
    document.removeEventListener('visibilitychange', onVisible);
  });
  void load();
  return { own, error, aheadMs, load };
}
