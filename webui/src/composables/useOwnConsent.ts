import { onScopeDispose, ref } from 'vue';
import { codeInHash } from '../access/codeInHash.js';
import type { ApiError } from '../api/client.js';
import { mine } from '../api/mine.js';
import { portico } from '../api/portico.js';
import type { OwnConsent, Purpose } from '../contract.js';
import { setStoreZone } from './storeZone.js';
import { useReceipt } from './useReceipt.js';
import { asApiError } from './useTask.js';

/** The customer's own consent behind the link in the address. The link stays there: it may be bookmarked. */
export function useOwnConsent() {
  const own = ref<OwnConsent | null>(null);
  const error = ref<ApiError | null>(null);
  let box = mine('');
  let generation = 0;
  /** While the deletion is under way the whole page is read again; what it showed stays if the link has ended meanwhile. */
  const { receipt, show } = useReceipt(async () => {
    own.value = await box.consent();
    return own.value.withdrawal;
  });

  async function load(): Promise<void> {
    const number = ++generation;
    box = mine(codeInHash(location.hash));
    error.value = null;
    try {
      const [read, { timeZone }] = await Promise.all([box.consent(), portico.box()]);
      if (number !== generation) return;
      setStoreZone(timeZone);
      own.value = read;
      show(read.withdrawal);
    } catch (caught) {
      if (number === generation) error.value = asApiError(caught);
    }
  }

  /** Without `purposes`: everything. Throws ApiError. */
  async function withdraw(purposes?: readonly Purpose[]): Promise<void> {
    show(await box.withdraw(purposes));
    own.value = await box.consent().catch(() => own.value);
  }

  /** Another link scanned into the same tab. */
  function other(): void {
    own.value = null;
    show(null);
    void load();
  }
  window.addEventListener('hashchange', other);
  onScopeDispose(() => window.removeEventListener('hashchange', other));
  void load();
  return { own, error, receipt, load, withdraw, copy: () => box.copy(), receiptPdf: (deletionId: string) => box.receipt(deletionId) };
}
