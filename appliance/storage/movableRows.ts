import type { Database } from './database.js';

/** Tables whose rows belong to one customer and have an `id`. */
type Table = 'note' | 'follow_up' | 'visit' | 'customer_tag' | 'wish' | 'purchase' | 'ticket' | 'appointment' | 'file';

/** Rows of one table that can be handed from one customer to another, and exactly these back again. */
export interface MovableRows {
  readonly kind: Table;
  /** @returns the ids of the rows that now belong to `into` */
  move(from: string, into: string): string[];
  /** Those of the rows that still belong to `from` go to `to`. @param staffId who takes the dossiers apart */
  moveBack(ids: readonly string[], from: string, to: string, staffId: string): void;
}

/** @param which a condition on the rows that go along to `into`; the others stay where they are */
export function movableRows(db: Database, table: Table, which: (into: string) => string = () => 'true'): MovableRows {
  return {
    kind: table,
    move(from, into) {
      const rows = `customer_id = ? AND ${which(into)}`;
      const ids = db.all<{ id: string }>(`SELECT id FROM ${table} WHERE ${rows}`, from).map((row) => row.id);
      db.run(`UPDATE ${table} SET customer_id = ? WHERE ${rows}`, into, from);
      return ids;
    },
    moveBack(ids, from, to) {
      for (const id of ids) db.run(`UPDATE ${table} SET customer_id = ? WHERE id = ? AND customer_id = ?`, to, id, from);
    },
  };
}
