import { MINOR_MAX, type VISIT_END_REASONS, type Purchase, type PurchaseRequest, type ReturnRequest } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { doneAt, PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Products } from '../products/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';
import { NOT_HELD, once, type Need } from './once.js';
import type { Wishes } from './wishes.js';

interface PurchaseRow {
  id: string; customer_id: string; visit_id: string | null; returns_id: string | null; product_id: string | null; text: string; quantity: number; amount_minor: number;
  receipt_no: string | null; staff_id: string; by: string; at_ms: number; told_at_ms: number | null;
}
const SELECT = `SELECT purchase.*, staff.name AS "by" FROM purchase JOIN staff ON staff.id = staff_id`;
/** So long whoever wrote a purchase down may take it back as a slip of the finger. */
export const TAKE_BACK_MS = 600_000;
/** What was typed without a link reaches the box later. */
const toldAt = (row: PurchaseRow): number => row.told_at_ms ?? row.at_ms;

/** An article of the list that was bought; `endReason`: of the visit that it was bought in, null: still open, or in none. */
export interface Bought {
  productId: string; category: string | null; brand: string | null; atMs: number; endReason: (typeof VISIT_END_REASONS)[number] | null; quantity: number;
  /** How many of them came back. */
  returned: number;
}

/** What was bought, and what came back of it. */
export class Purchases {
  readonly rows: MovableRows;
  readonly #deps: { db: Database; clock: Clock; events: EventBus; products: Products; wishes: Wishes; need: () => Need };

  constructor(deps: { db: Database; clock: Clock; events: EventBus; products: Products; wishes: Wishes; need: () => Need }) {
    this.#deps = deps;
    this.rows = movableRows(deps.db, 'purchase');
  }

  /**
   * Takes along the visit in which it was written and ends their wish for it. `ageMs`: how long ago that was, not before there was a dossier.
   * @throws PorticoError purchase_incomplete, amount_too_large (the list price for all of them), product_not_found, id_taken, and as `Need` says
   */
  add(customerId: string, request: PurchaseRequest, staffId: string): Purchase {
    const { db, clock, products, wishes, need } = this.#deps;
    return db.transaction(() => {
      const knownSinceMs = need().requireCustomer(customerId);
      const { productId = null, quantity = 1, receiptNo = null } = request;
      const { id, isThere } = once(db, 'purchase', request.id, {
        customer_id: customerId, kind: 'purchase', product_id: productId, quantity, receipt_no: receiptNo?.trim() ?? null,
        ...(request.text === undefined ? {} : { text: request.text.trim() }), ...(request.amountMinor === undefined ? {} : { amount_minor: request.amountMinor }),
      });
      if (isThere) return this.#byId(id);
      need().mayAdd(customerId);
      // What they wait for can be handed over, also when it is off the list by now.
      const product = productId === null ? null : wishes.isOpen(customerId, productId) ? products.find(productId) : products.byId(productId);
      const text = request.text?.trim() ?? product?.name;
      const amountMinor = request.amountMinor ?? (product?.priceMinor == null ? undefined : product.priceMinor * quantity);
      if (text === undefined || amountMinor === undefined) throw new PorticoError('purchase_incomplete');
      if (amountMinor > MINOR_MAX) throw new PorticoError('amount_too_large');
      const now = clock.now();
      const atMs = doneAt(now, request.ageMs, knownSinceMs);
      const visitId = need().visitAt(customerId, atMs);
      db.run(
        `INSERT INTO purchase (id, customer_id, visit_id, kind, product_id, text, quantity, amount_minor, receipt_no, staff_id, at_ms, told_at_ms)
         VALUES (?, ?, ?, 'purchase', ?, ?, ?, ?, ?, ?, ?, ?)`, id, customerId, visitId, productId, text, quantity, amountMinor, receiptNo?.trim() ?? null, staffId, atMs, now);
      if (productId !== null) wishes.fulfil(customerId, productId, atMs);
      if (visitId !== null) need().onPurchase(visitId, atMs);
      this.#tell(customerId);
      return this.#byId(id);
    });
  }

  /** Some of it came back. @throws PorticoError purchase_not_found, return_invalid, id_taken, customer_restricted */
  return(purchaseId: string, request: ReturnRequest, staffId: string): Purchase {
    const { db, clock, need } = this.#deps;
    return db.transaction(() => {
      const row = this.#row(purchaseId);
      const { id, isThere } = once(db, 'purchase', request.id, { returns_id: purchaseId, quantity: request.quantity, amount_minor: request.amountMinor });
      if (isThere) return this.#byId(purchaseId);
      need().mayAdd(row.customer_id);
      const back = db.get<{ quantity: number; amount: number }>(
        'SELECT coalesce(sum(quantity), 0) AS quantity, coalesce(sum(amount_minor), 0) AS amount FROM purchase WHERE returns_id = ?', purchaseId)!;
      if (back.quantity + request.quantity > row.quantity || back.amount + request.amountMinor > row.amount_minor) throw new PorticoError('return_invalid');
      db.run(
        `INSERT INTO purchase (id, customer_id, kind, returns_id, product_id, text, quantity, amount_minor, staff_id, at_ms) VALUES (?, ?, 'return', ?, ?, ?, ?, ?, ?, ?)`,
        id, row.customer_id, purchaseId, row.product_id, row.text, request.quantity, request.amountMinor, staffId, clock.now());
      this.#tell(row.customer_id);
      return this.#byId(purchaseId);
    });
  }

  /**
   * It was written down by mistake: it goes, and the wish that it ended is open again.
   * What was bought in a visit that was somebody else's anybody may take back, to put it right; a manager everything.
   * @returns whose it was
   * @throws PorticoError purchase_not_found; purchase_settled: by somebody else, longer ago, or with a return
   */
  takeBack(id: string, staffId: string, isManager = false): string {
    const { db, clock, wishes, need } = this.#deps;
    return db.transaction(() => {
      const row = this.#row(id);
      const isFresh = Math.abs(clock.now() - toldAt(row)) <= TAKE_BACK_MS; // a clock set back makes nothing fresh for long
      const wasConfusion = db.get(`SELECT 1 FROM visit WHERE id = ? AND end_reason IN ('not_this_person', 'corrected')`, row.visit_id) !== undefined;
      const isTheirs = isFresh && row.staff_id === staffId;
      if (!(isTheirs || wasConfusion || isManager) || db.get('SELECT 1 FROM purchase WHERE returns_id = ?', id) !== undefined) throw new PorticoError('purchase_settled');
      db.run('DELETE FROM purchase WHERE id = ?', id);
      if (row.visit_id !== null && this.countIn(row.visit_id) === 0) need().onNothingBought(row.visit_id);
      if (row.product_id !== null) wishes.revive(row.customer_id, row.product_id, row.at_ms);
      this.#tell(row.customer_id);
      return row.customer_id;
    });
  }

  /** A purchase or a return. @param id undefined: there is none */
  has(id: string | undefined): boolean {
    return id !== undefined && this.#deps.db.get('SELECT 1 FROM purchase WHERE id = ?', id) !== undefined;
  }

  /** @throws PorticoError purchase_not_found */
  customerOf(id: string): string {
    return this.#row(id).customer_id;
  }

  /** Newest first. @param limit default 200; -1: all */
  of(customerId: string, limit = 200): Purchase[] {
    return this.#deps.db.all<PurchaseRow>(`${SELECT} WHERE customer_id = ? AND kind = 'purchase' ORDER BY at_ms DESC, purchase.rowid DESC LIMIT ?`, customerId, limit)
      .map((row) => this.#toPurchase(row));
  }

  /** Articles of the list that were bought since then, with what became of the visit that they were bought in: the newest. */
  bought(customerId: string, sinceMs: number, limit: number): Bought[] {
    return this.#deps.db.all<Bought>(
      `SELECT product.id AS productId, category, brand, at_ms AS atMs, end_reason AS endReason, quantity,
         (SELECT coalesce(sum(back.quantity), 0) FROM purchase AS back WHERE back.returns_id = purchase.id) AS returned
       FROM purchase JOIN product ON product.id = product_id LEFT JOIN visit ON visit.id = visit_id
       WHERE purchase.customer_id = ? AND at_ms > ? AND kind = 'purchase' ORDER BY at_ms DESC LIMIT ?`, customerId, sinceMs, limit);
  }

  /** How many were written down in a visit. */
  countIn(visitId: string): number {
    return this.#deps.db.get<{ n: number }>(`SELECT count(*) AS n FROM purchase WHERE visit_id = ? AND kind = 'purchase'`, visitId)!.n;
  }

  /** Deletes all purchases and returns of a customer. */
  erase(customerId: string): void {
    this.#deps.db.run(`DELETE FROM purchase WHERE customer_id = ? AND kind = 'return'`, customerId);
    this.#deps.db.run('DELETE FROM purchase WHERE customer_id = ?', customerId);
  }

  /** A purchase takes its returns along. */
  readonly retention = {
    kind: 'purchases',
    count: (): number => this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM purchase')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => {
      const due = `kind = 'purchase' AND at_ms < ? AND ${NOT_HELD}`;
      const which = [ms, JSON.stringify(held)] as const;
      return this.#deps.db.run(`DELETE FROM purchase WHERE returns_id IN (SELECT id FROM purchase WHERE ${due})`, ...which).changes
        + this.#deps.db.run(`DELETE FROM purchase WHERE ${due}`, ...which).changes;
    },
  } as const;

  #tell(customerId: string): void {
    this.#deps.db.afterCommit(() => this.#deps.events.emit('customerChanged', { customerId }));
  }

  /** @throws PorticoError purchase_not_found, also for a return */
  #row(id: string): PurchaseRow {
    const row = this.#deps.db.get<PurchaseRow>(`${SELECT} WHERE purchase.id = ? AND kind = 'purchase'`, id);
    if (row === undefined) throw new PorticoError('purchase_not_found');
    return row;
  }

  #byId(id: string): Purchase {
    return this.#toPurchase(this.#row(id));
  }

  #toPurchase(row: PurchaseRow): Purchase {
    const returns = this.#deps.db.all<PurchaseRow>(`${SELECT} WHERE returns_id = ? ORDER BY at_ms, purchase.rowid`, row.id);
    return {
      id: row.id, productId: row.product_id, text: row.text, quantity: row.quantity, amountMinor: row.amount_minor, receiptNo: row.receipt_no, at: toInstant(row.at_ms), by: row.by,
      takeBackUntil: toInstant(toldAt(row) + TAKE_BACK_MS),
      visitId: row.visit_id, returned: returns.reduce((sum, { quantity }) => sum + quantity, 0),
      returns: returns.map(({ id, quantity, amount_minor: amountMinor, at_ms: atMs, by }) => ({ id, quantity, amountMinor, at: toInstant(atMs), by })),
    };
  }
}
