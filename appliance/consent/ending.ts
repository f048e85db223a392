import type { Deletion, Purpose } from '../contract/index.js';

/** What has to be deleted because consent ended: all that was made of the face, or what rested on some purposes alone. */
export interface Ending { customerId: string; scope: Deletion['scope']; reason: Deletion['reason']; purposes: readonly Purpose[] }
/** Who sees to that. */
export interface Deletions {
  /** Whether something is still to be deleted: what is written now would be deleted along with it. */
  isDeleting(customerId: string): boolean;
  /** Inside the transaction that ends the consent; the rest follows right after the commit. @returns the deletion's id */
  begin(ending: Ending): string;
  byId(id: string): Deletion;
}
