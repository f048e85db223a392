import { onScopeDispose, ref } from 'vue';
import { portico } from '../api/portico.js';
import type { Deletion, WithdrawalReceipt } from '../contract.js';

const FIRST_MS = 400;
const LONGEST_MS = 5_000;

/**
 * The receipt of a withdrawal, asked for again until the deletion is through; it goes on by itself on the box.
 * @param again the same receipt as it stands now; null: nothing can be said at the moment
 */
export function useReceipt(again: (receipt: WithdrawalReceipt) => Promise<WithdrawalReceipt | null>) {
  const receipt = ref<WithdrawalReceipt | null>(null);
  let generation = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function show(shown: WithdrawalReceipt | null): void {
    generation++;
    clearTimeout(timer);
    receipt.value = shown;
    if (isOpen(shown)) later(FIRST_MS, generation);
  }

  function later(waitMs: number, mine: number): void {
    timer = setTimeout(async () => {
      const before = receipt.value;
      if (!before) return;
      const after = await again(before).catch(() => null); // asked again anyhow
      if (mine !== generation) return;
      if (after) receipt.value = after;
      if (isOpen(receipt.value)) later(Math.min(LONGEST_MS, waitMs * 2), mine);
    }, waitMs);
  }

  onScopeDispose(() => show(null));
  return { receipt, show };
}

/** The same for the staff's pages: how far the deletion is, and with its end the page that shows and checks the receipt. */
export const useStaffReceipt = () => useReceipt(async (before) => {
  if (!before.deletion) return before;
  const { receiptUrl, ...deletion } = await portico.deletion(before.deletion.id);
  return { ...before, deletion, receiptUrl };
});

/** What a deletion without a withdrawal has to show; its page is asked for. */
export const receiptOf = (deletion: Deletion): WithdrawalReceipt => ({
  customerId: deletion.customerId, withdrawnAt: deletion.requestedAt, templatesDeleted: deletion.templatesDeleted, purposesLeft: [], deletion,
  receipt: null, receiptUrl: null,
});

/** Under way, or done while its page was not asked for yet. */
const isOpen = (receipt: WithdrawalReceipt | null): boolean => receipt?.deletion != null && (receipt.deletion.completedAt === null || receipt.receiptUrl === null);
