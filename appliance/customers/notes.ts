import { randomUUID } from 'node:crypto';
import type { Note, NoteRequest } from '../contract/index.js';
import { PorticoError, toInstant } from '../kit/index.js';
import type { Database } from '../storage/index.js';

/** What staff wrote down about customers, each with its author and time. */
export class Notes {
  readonly #db: Database;

  constructor(deps: { db: Database }) {
    this.#db = deps.db;
  }

  /**
   * Inside a transaction. `id`: the same note sent again is there once.
   * @param mayAdd asked before anything new is written; throws where nothing may be
   * @throws PorticoError id_taken, and what `mayAdd` throws
   */
  add(customerId: string, { text, id = randomUUID() }: NoteRequest, staffId: string, atMs: number, mayAdd: () => void): Note {
    const known = this.#db.get<{ customer_id: string; text: string; author_id: string }>('SELECT customer_id, text, author_id FROM note WHERE id = ?', id);
    if (known === undefined) {
      mayAdd();
      this.#db.run('INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES (?, ?, ?, ?, ?)', id, customerId, text.trim(), staffId, atMs);
    } else if (known.customer_id !== customerId || known.text !== text.trim() || known.author_id !== staffId) throw new PorticoError('id_taken');
    return this.of(customerId, -1, id)[0]!;
  }

  has(id: string): boolean {
    return this.#db.get('SELECT 1 FROM note WHERE id = ?', id) !== undefined;
  }

  /** Newest first. @param limit -1: all @param id that one alone */
  of(customerId: string, limit: number, id: string | null = null): Note[] {
    return this.#db.all<{ id: string; text: string; author: string; at_ms: number }>(
      `SELECT note.id, text, staff.name AS author, at_ms FROM note JOIN staff ON staff.id = author_id
       WHERE customer_id = ? AND (? IS NULL OR note.id = ?) ORDER BY at_ms DESC, note.rowid DESC LIMIT ?`, customerId, id, id, limit)
      .map((row) => ({ id: row.id, text: row.text, author: row.author, at: toInstant(row.at_ms) }));
  }

  erase(customerId: string): void {
    this.#db.run('DELETE FROM note WHERE customer_id = ?', customerId);
  }

  /** For the retention table. */
  readonly retention = {
    kind: 'notes',
    count: (): number => this.#db.get<{ n: number }>('SELECT count(*) AS n FROM note')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => this.#db.run(
      'DELETE FROM note WHERE at_ms < ? AND customer_id NOT IN (SELECT value FROM json_each(?))', ms, JSON.stringify(held)).changes,
  } as const;
}
