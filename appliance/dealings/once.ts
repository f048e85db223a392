import { randomUUID } from 'node:crypto';
import { PorticoError } from '../kit/index.js';
import type { Database, Row, Value } from '../storage/index.js';

/** What all of the room needs to know of a customer, handed in. */
export interface Need {
  /** @returns since when there is a dossier, ms since 1970. @throws PorticoError customer_not_found, customer_merged {into} */
  requireCustomer(customerId: string): number;
  /** @throws PorticoError customer_restricted */
  mayAdd(customerId: string): void;
  /** @returns since when the consent holds, ms since 1970; null: there is none. @throws PorticoError preferences_not_agreed, customer_restricted, deletion_pending */
  requirePreferences(customerId: string): number | null;
  /** Whether the customer's consent leaves preferences out: asked when another dossier is merged into theirs. */
  leavesPreferencesOut(customerId: string): boolean;
  /** The visit in which something was done at that time; null: in none. */
  visitAt(customerId: string, atMs: number): string | null;
  /** Something was bought in this visit. Inside the transaction. */
  onPurchase(visitId: string, atMs: number): void;
  /** What was bought in it was taken back, all of it. Inside the transaction. */
  onNothingBought(visitId: string): void;
}

/** @returns the id for a new row, and whether it is there already with the same content. @throws PorticoError id_taken */
export function once(db: Database, table: 'wish' | 'purchase' | 'ticket' | 'appointment', id: string | undefined, content: Readonly<Record<string, Value>>): { id: string; isThere: boolean } {
  if (id === undefined) return { id: randomUUID(), isThere: false };
  const row = db.get<Row>(`SELECT * FROM ${table} WHERE id = ?`, id);
  if (row !== undefined && Object.entries(content).some(([column, value]) => row[column] !== value)) throw new PorticoError('id_taken');
  return { id, isThere: row !== undefined };
}

/** For the retention table: what may go for its age, and does not wait. */
export const NOT_HELD = 'customer_id NOT IN (SELECT value FROM json_each(?))';
