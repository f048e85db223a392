/** What a withdrawal answers with: the deletion as it stands, and the signed statement of it. */
import type { Deletion, WithdrawalReceipt } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';

/** The deletion records; the erasure room has them. */
export interface Deletions {
  /** Null: not known. */
  byId(id: string): Deletion | null;
  /** Those of a customer, newest first. */
  of(customerId: string): Deletion[];
}
/** Signs the statement that something was deleted, as a JWS; the papers room does. */
export type SignReceipt = (deletion: Deletion) => Promise<string>;

export interface ReceiptDeps { deletions?: Deletions; signReceipt?: SignReceipt }

/** @throws PorticoError deletion_not_found */
export function deletionOf(deletions: Deletions, id: string): Deletion {
  const deletion = deletions.byId(id);
  if (deletion === null) throw new PorticoError('deletion_not_found');
  return deletion;
}

/**
 * Adds the deletion as it stands now, and once that is complete the signed receipt.
 * @param base `https://host:port` as the one who reads it reaches the box
 */
export async function withReceipt(receipt: WithdrawalReceipt, deps: ReceiptDeps, base: string): Promise<WithdrawalReceipt> {
  const deletion = (receipt.deletion === null ? null : deps.deletions?.byId(receipt.deletion.id)) ?? receipt.deletion;
  if (deletion === null || deletion.completedAt === null || deps.signReceipt === undefined) return { ...receipt, deletion };
  const signed = await deps.signReceipt(deletion);
  return { ...receipt, deletion, receipt: signed, receiptUrl: `${base}/receipt#${signed}` };
}
