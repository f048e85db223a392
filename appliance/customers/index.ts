import { randomUUID } from 'node:crypto';
import type { CustomerChange, CustomerCreate, CustomerFields, Note } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import { isUniqueViolation, type Database } from '../storage/index.js';

export interface Customer extends CustomerFields {
  id: string;
  createdAt: string;
}
/** One line of a search result. */
export interface CustomerLine {
  id: string;
  displayName: string;
  salutation: string | null;
  tier: string | null;
  phoneTail: string | null;
}
interface CustomerRow {
  id: string; display_name: string; salutation: string | null; phone: string | null; tier: string | null; created_at_ms: number;
}
type LineKind = 'fact' | 'do_not';

/** Dossiers: who a customer is and what was learnt. Everything works with recognition off. */
export class Customers {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;

  constructor(deps: { db: Database; clock: Clock; events: EventBus }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
  }

  /** @throws PorticoError phone_taken */
  create(fields: CustomerCreate): Customer {
    const id = randomUUID();
    return this.#db.transaction(() => {
      this.#guardPhone(() => this.#db.run(
        'INSERT INTO customer (id, display_name, salutation, phone, tier, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
        id, fields.displayName.trim(), fields.salutation ?? null, fields.phone ?? null, fields.tier ?? null, this.#clock.now()));
      this.#replaceLines(id, 'fact', fields.facts ?? []);
      this.#replaceLines(id, 'do_not', fields.doNot ?? []);
      return this.byId(id);
    });
  }

  /** Changes the fields that are given, keeps the others. @throws PorticoError customer_not_found, phone_taken */
  change(id: string, change: CustomerChange): Customer {
    return this.#db.transaction(() => {
      const next = { ...this.byId(id), ...change };
      this.#guardPhone(() => this.#db.run(
        'UPDATE customer SET display_name = ?, salutation = ?, phone = ?, tier = ? WHERE id = ?',
        next.displayName.trim(), next.salutation, next.phone, next.tier, id));
      if (change.facts !== undefined) this.#replaceLines(id, 'fact', change.facts);
      if (change.doNot !== undefined) this.#replaceLines(id, 'do_not', change.doNot);
      this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId: id }));
      return this.byId(id);
    });
  }

  /** @throws PorticoError customer_not_found */
  byId(id: string): Customer {
    const row = this.#db.get<CustomerRow>(
      'SELECT id, display_name, salutation, phone, tier, created_at_ms FROM customer WHERE id = ?', id);
    if (row === undefined) throw new PorticoError('customer_not_found');
    return {
      id: row.id, displayName: row.display_name, salutation: row.salutation, phone: row.phone, tier: row.tier,
      facts: this.#lines(id, 'fact'), doNot: this.#lines(id, 'do_not'), createdAt: toInstant(row.created_at_ms),
    };
  }

  /** By part of the name or of the phone number; without a query the newest customers. */
  search(query: string, limit: number): CustomerLine[] {
    const text = query.trim();
    // As people type numbers: full width, with spaces or dashes.
    const digits = text.normalize('NFKC').replace(/[\s-]/g, '');
    const like = (part: string) => `%${part.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    const [name, phone] = [like(text), like(/^\+?\d+$/.test(digits) ? digits : text)];
    const rows = text === ''
      ? this.#db.all<CustomerRow>('SELECT * FROM customer ORDER BY created_at_ms DESC, rowid DESC LIMIT ?', limit)
      : this.#db.all<CustomerRow>(
        `SELECT * FROM customer WHERE display_name LIKE ? ESCAPE '\\' OR salutation LIKE ? ESCAPE '\\' OR phone LIKE ? ESCAPE '\\'
         ORDER BY display_name LIMIT ?`, name, name, phone, limit);
    return rows.map((row) => ({
      id: row.id, displayName: row.display_name, salutation: row.salutation, tier: row.tier, phoneTail: row.phone?.slice(-4) ?? null,
    }));
  }

  /** @throws PorticoError customer_not_found */
  addNote(customerId: string, text: string, staffId: string): Note {
    const id = randomUUID();
    return this.#db.transaction(() => {
      this.byId(customerId);
      this.#db.run('INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES (?, ?, ?, ?, ?)',
        id, customerId, text.trim(), staffId, this.#clock.now());
      this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
      return this.notes(customerId).find((note) => note.id === id)!;
    });
  }

  /** Newest first. */
  notes(customerId: string): Note[] {
    return this.#db.all<{ id: string; text: string; author: string; at_ms: number }>(
      `SELECT note.id, text, staff.name AS author, at_ms FROM note JOIN staff ON staff.id = author_id
       WHERE customer_id = ? ORDER BY at_ms DESC, note.rowid DESC LIMIT 500`, customerId)
      .map((row) => ({ id: row.id, text: row.text, author: row.author, at: toInstant(row.at_ms) }));
  }

  #lines(customerId: string, kind: LineKind): string[] {
    return this.#db.all<{ text: string }>('SELECT text FROM customer_line WHERE customer_id = ? AND kind = ? ORDER BY position', customerId, kind)
      .map((row) => row.text);
  }

  #replaceLines(customerId: string, kind: LineKind, texts: readonly string[]): void {
    this.#db.run('DELETE FROM customer_line WHERE customer_id = ? AND kind = ?', customerId, kind);
    for (const [position, text] of texts.entries()) {
      this.#db.run('INSERT INTO customer_line (customer_id, kind, position, text) VALUES (?, ?, ?, ?)', customerId, kind, position, text.trim());
    }
  }

  #guardPhone(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (isUniqueViolation(error, 'customer.phone')) throw new PorticoError('phone_taken');
      throw error;
    }
  }
}
