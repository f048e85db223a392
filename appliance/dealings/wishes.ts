import type { Wish, WISH_OUTCOMES, WishRequest } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { CLOCKS_APART_MS, doneAt, isLate, PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Products } from '../products/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';
import { NOT_HELD, once, type Need } from './once.js';

type Outcome = (typeof WISH_OUTCOMES)[number];
interface WishRow {
  id: string; customer_id: string; product_id: string | null; text: string; by: string; at_ms: number; ended_at_ms: number | null; outcome: Outcome | null; arrived_at_ms: number | null; in_stock: number | null; removed_at_ms: number | null;
}
const SELECT = `SELECT wish.id, customer_id, product_id, text, staff.name AS "by", at_ms, ended_at_ms, outcome, arrived_at_ms, in_stock, removed_at_ms
  FROM wish JOIN staff ON staff.id = staff_id LEFT JOIN product ON product.id = product_id`;

/** What customers would like to have. */
export class Wishes {
  /** Where the other's consent leaves preferences out, they stay with the dossier that is hidden, and are there again when the merge is undone. */
  readonly rows: MovableRows;
  readonly #deps: { db: Database; clock: Clock; events: EventBus; products: Products; need: () => Need };

  constructor(deps: { db: Database; clock: Clock; events: EventBus; products: Products; need: () => Need }) {
    this.#deps = deps;
    this.rows = movableRows(deps.db, 'wish', (into) => (deps.need().leavesPreferencesOut(into) ? 'false' : 'true'));
  }

  /**
   * The same wish that is still open is not written down twice. `ageMs`: how long ago it was written; not before what it rests on.
   * @throws PorticoError product_not_found, id_taken, and as `Need` says
   */
  add(customerId: string, request: WishRequest, staffId: string): Wish {
    const { db, clock, products, need } = this.#deps;
    return db.transaction(() => {
      const knownSinceMs = need().requireCustomer(customerId);
      const productId = request.productId ?? null;
      const said = request.text?.trim();
      const { id, isThere } = once(db, 'wish', request.id, { customer_id: customerId, product_id: productId, ...(said === undefined ? {} : { text: said }) });
      if (isThere) return this.#byId(id);
      need().mayAdd(customerId);
      const atMs = doneAt(clock.now(), request.ageMs, knownSinceMs, need().requirePreferences(customerId));
      const text = said ?? products.byId(productId!).name;
      if (productId !== null) products.byId(productId);
      const same = db.get<{ id: string }>('SELECT id FROM wish WHERE customer_id = ? AND product_id IS ? AND text = ? AND ended_at_ms IS NULL', customerId, productId, text);
      if (same !== undefined) return this.#byId(same.id);
      db.run('INSERT INTO wish (id, customer_id, product_id, text, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)', id, customerId, productId, text, staffId, atMs);
      this.#tell(customerId);
      return this.#byId(id);
    });
  }

  /** Doing it twice is fine. @throws PorticoError wish_not_found */
  end(id: string, outcome: Outcome): Wish {
    const { db, clock } = this.#deps;
    return db.transaction(() => {
      const row = db.get<{ customer_id: string }>('SELECT customer_id FROM wish WHERE id = ?', id);
      if (row === undefined) throw new PorticoError('wish_not_found');
      db.run('UPDATE wish SET ended_at_ms = ?, outcome = ? WHERE id = ? AND ended_at_ms IS NULL', clock.now(), outcome, id);
      this.#tell(row.customer_id);
      return this.#byId(id);
    });
  }

  isOpen(customerId: string, productId: string): boolean {
    return this.#deps.db.get('SELECT 1 FROM wish WHERE customer_id = ? AND product_id = ? AND ended_at_ms IS NULL', customerId, productId) !== undefined;
  }

  /** What was wished by then is bought; told late, what is wished since then waits on. */
  fulfil(customerId: string, productId: string, atMs: number): void {
    const { db, clock } = this.#deps;
    db.run(
      `UPDATE wish SET ended_at_ms = max(at_ms, ?), outcome = 'bought' WHERE customer_id = ? AND product_id = ? AND ended_at_ms IS NULL AND at_ms <= ?`,
      atMs, customerId, productId, isLate(atMs, clock.now()) ? atMs + CLOCKS_APART_MS : Number.MAX_SAFE_INTEGER);
  }

  /** It was not bought after all. */
  revive(customerId: string, productId: string, atMs: number): void {
    this.#deps.db.run(`UPDATE wish SET ended_at_ms = NULL, outcome = NULL WHERE customer_id = ? AND product_id = ? AND ended_at_ms = max(at_ms, ?) AND outcome = 'bought'`, customerId, productId, atMs);
  }

  /** Open ones first, the newest first. @param limit default 200; -1: all */
  of(customerId: string, limit = 200): Wish[] {
    return this.#deps.db.all<WishRow>(`${SELECT} WHERE customer_id = ? ORDER BY ended_at_ms IS NOT NULL, coalesce(ended_at_ms, at_ms) DESC, wish.rowid DESC LIMIT ?`, customerId, limit)
      .map(toWish);
  }

  /** Newest first; what has arrived meanwhile says since when. */
  open(customerId: string): Wish[] {
    return this.#deps.db.all<WishRow>(`${SELECT} WHERE customer_id = ? AND ended_at_ms IS NULL ORDER BY at_ms DESC, wish.rowid DESC LIMIT 200`, customerId).map(toWish);
  }

  /** Somebody's wish has arrived: their pages see it. */
  tellArrived(productId: string): void {
    for (const { customer_id: customerId } of this.#deps.db.all<{ customer_id: string }>('SELECT DISTINCT customer_id FROM wish WHERE product_id = ? AND ended_at_ms IS NULL', productId)) {
      this.#tell(customerId);
    }
  }

  /** How many customers wait for each of these articles to come in; of one for which nobody does nothing is said. Wishes that a merge left behind do not count. */
  waitingFor(productIds: readonly string[]): Map<string, number> {
    const rows = this.#deps.db.all<{ id: string; n: number }>(
      `SELECT product.id, count(DISTINCT customer_id) AS n FROM json_each(?) JOIN product ON product.id = value JOIN wish ON product_id = product.id AND ended_at_ms IS NULL
         JOIN customer ON customer.id = customer_id AND merged_into_id IS NULL
       WHERE arrived_at_ms IS NULL OR arrived_at_ms <= at_ms OR in_stock = 0 GROUP BY product.id`, JSON.stringify(productIds));
    return new Map(rows.map(({ id, n }) => [id, n]));
  }

  has(customerId: string): boolean {
    return this.#deps.db.get('SELECT 1 FROM wish WHERE customer_id = ?', customerId) !== undefined;
  }

  /** Deletes all wishes of a customer. Safe to repeat. */
  erase(customerId: string): void {
    if (this.#deps.db.run('DELETE FROM wish WHERE customer_id = ?', customerId).changes > 0) this.#tell(customerId);
  }

  countEnded(): number {
    return this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM wish WHERE ended_at_ms IS NOT NULL')!.n;
  }

  deleteBefore(ms: number, held: string): number {
    return this.#deps.db.run(`DELETE FROM wish WHERE ended_at_ms < ? AND ${NOT_HELD}`, ms, held).changes;
  }

  #tell(customerId: string): void {
    this.#deps.db.afterCommit(() => this.#deps.events.emit('customerChanged', { customerId }));
  }

  #byId(id: string): Wish {
    return toWish(this.#deps.db.get<WishRow>(`${SELECT} WHERE wish.id = ?`, id)!);
  }
}

function toWish(row: WishRow): Wish {
  return {
    id: row.id, productId: row.product_id, text: row.text, at: toInstant(row.at_ms), by: row.by,
    // What is sold out again, or off the list, has not arrived for anybody.
    arrivedAt: row.arrived_at_ms !== null && row.arrived_at_ms > row.at_ms && ((row.in_stock === 1 && row.removed_at_ms === null) || row.ended_at_ms !== null) ? toInstant(row.arrived_at_ms) : null,
    ended: row.ended_at_ms === null ? null : { at: toInstant(row.ended_at_ms), outcome: row.outcome! },
  };
}
