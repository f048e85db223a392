/** What a withdrawal answers with: the deletion as it stands, and the signed statement of it. */
import type { Deletion, WithdrawalReceipt } from '../contract/index.js';
import { receiptUrl } from '../papers/index.js';

/** The deletion records. */
export interface Deletions {
  /** @throws PorticoError deletion_not_found */
  byId(id: string): Deletion;
  /** Those under way, oldest first. */
  pending(): Deletion[];
  /** Newest first. */
  ofCustomer(customerId: string): Deletion[];
}
/** Signs the statement that something was deleted, as a JWS. */
export type SignReceipt = (deletion: Deletion) => Promise<string>;

export interface ReceiptDeps { deletions: Deletions; signReceipt: SignReceipt }

/**
 * Adds the deletion as it stands now, and once that is complete the signed receipt.
 * @param base `https://host:port` as the one who reads it reaches the box
 */
export async function withReceipt(receipt: WithdrawalReceipt, { deletions, signReceipt }: ReceiptDeps, base: string): Promise<WithdrawalReceipt> {
  const deletion = receipt.deletion === null ? null : deletions.byId(receipt.deletion.id);
  if (deletion === null || deletion.completedAt === null) return { ...receipt, deletion };
  const signed = await signReceipt(deletion);
  return { ...receipt, deletion, receipt: signed, receiptUrl: receiptUrl(base, signed) };
}
