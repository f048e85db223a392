import { randomUUID } from 'node:crypto';
import type { Product, ProductChange, ProductCreate, ProductFields, ProductImport } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { Breath, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { isUniqueViolation, type Database } from '../storage/index.js';
import { asBarcode } from './barcode.js';
import { csvText, PROBLEMS_MAX, readProducts } from './csv.js';
import { planImport, writePlan } from './import.js';

interface ProductRow {
  id: string; sku: string; name: string; category: string | null; brand: string | null; price_minor: number | null; barcode: string | null; in_stock: number;
  arrived_at_ms: number | null; removed_at_ms: number | null;
}
/** Words of a query that are looked for; people type two or three. */
const WORDS_MAX = 6;
/** Between the parts of what is looked through: on no keyboard, so that nothing is found across two of them. */
const APART = '\x1f';
/** Read in a few milliseconds. */
const PIECE_ROWS = 200;
const NOTHING: Omit<ProductFields, 'sku' | 'name'> = { category: null, brand: null, priceMinor: null, barcode: null, inStock: true };

/** What the store sells. */
export class Products {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  /** Counts what was written: a file that is being compared is compared again. */
  #revision = 0;
  #importing: Promise<unknown> = Promise.resolve();
  /** Decimals of the currency. */
  readonly #digits: number;
  /**
   * What is looked through, by id; read in pieces, see `shelve`. 50,000 articles are 15 MB and are gone through in 2 ms, where LIKE over
   * five columns takes 40. No index finds parts of Chinese words.
   */
  readonly #shelved = new Map<string, string>();
  /** The id up to which it is read; null: all of it. What is written meanwhile is put there at once. */
  #shelvedTo: string | null = '';

  /** @param deps.currency ISO 4217; prices are in its smallest unit */
  constructor(deps: { db: Database; clock: Clock; events: EventBus; currency: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#digits = new Intl.NumberFormat('en', { style: 'currency', currency: deps.currency }).resolvedOptions().maximumFractionDigits ?? 2;
  }

  /**
   * By parts of name, number, barcode, brand and category, all of the words; the exact number or barcode first, then by name. Without a
   * query the newest changed.
   */
  search(query: string, limit: number): Product[] {
    const text = query.normalize('NFKC').trim();
    const typed = text.toLowerCase();
    const words = typed.split(/\s+/).filter((word) => word !== '').slice(0, WORDS_MAX);
    if (words.length === 0) {
      return this.#db.all<ProductRow>('SELECT * FROM product WHERE removed_at_ms IS NULL ORDER BY changed_at_ms DESC, name LIMIT ?', limit).map(toProduct);
    }
    // What is typed may be a barcode in either form, or a number of the store's that looks like one.
    const [exact, asTyped] = [asBarcode(text).toLowerCase(), typed].map((code) => `${APART}${code}${APART}`) as [string, string];
    while (this.#shelvedTo !== null) this.#shelveNext();
    const found: Found[] = [];
    for (const [id, shelved] of this.#shelved) {
      if (!words.every((word) => shelved.includes(word))) continue;
      // Exact number, barcode or brand; beginning of the name; anywhere.
      const one: Found = { id, shelved, rank: shelved.includes(exact) || shelved.includes(asTyped) ? 0 : shelved.startsWith(typed) ? 1 : 2 };
      if (found.length === limit && !isBefore(one, found[limit - 1]!)) continue;
      found.splice(found.findLastIndex((other) => !isBefore(one, other)) + 1, 0, one);
      found.length = Math.min(found.length, limit);
    }
    return found.map(({ id }) => this.find(id)!);
  }

  /** Reads what is searched, in pieces, so that the first search need not wait for it. @param isStopped asked before each piece */
  async shelve(isStopped: () => boolean): Promise<void> {
    const breath = new Breath();
    while (this.#shelvedTo !== null && !isStopped()) {
      this.#shelveNext();
      await breath.taken();
    }
  }

  /** What a scanner read: a barcode, else the store's own number; null: neither. */
  byCode(code: string): Product | null {
    const row = this.#db.get<ProductRow>('SELECT * FROM product WHERE barcode = ? AND removed_at_ms IS NULL', asBarcode(code))
      ?? this.#db.get<ProductRow>('SELECT * FROM product WHERE sku = ? COLLATE NOCASE AND removed_at_ms IS NULL', code);
    return row === undefined ? null : toProduct(row);
  }

  /** Also one that was taken off the list: for its name; null: there never was such a one. */
  find(id: string): Product | null {
    const row = this.#db.get<ProductRow>('SELECT * FROM product WHERE id = ?', id);
    return row === undefined ? null : toProduct(row);
  }

  /** What came in since then and is in stock, the newest first. */
  arrivals(sinceMs: number, limit: number): (Product & { arrivedAt: string })[] {
    return this.#db.all<ProductRow>(
      'SELECT * FROM product WHERE arrived_at_ms > ? AND in_stock = 1 AND removed_at_ms IS NULL ORDER BY arrived_at_ms DESC LIMIT ?', sinceMs, limit)
      .map((row) => ({ ...toProduct(row), arrivedAt: toInstant(row.arrived_at_ms!) }));
  }

  /** One that is on the list. @throws PorticoError product_not_found */
  byId(id: string): Product {
    return toProduct(this.#listed(id));
  }

  /** A number that was taken off the list comes back under its old id. @throws PorticoError product_sku_taken, product_barcode_taken */
  create(request: ProductCreate): Product {
    return this.#db.transaction(() => {
      const fields = { ...NOTHING, ...request };
      const hidden = this.#db.get<ProductRow>('SELECT * FROM product WHERE sku = ? AND removed_at_ms IS NOT NULL', fields.sku.trim());
      return this.byId(hidden === undefined ? this.#insert(fields) : this.#write(hidden.id, fields));
    });
  }

  /** Changes the fields that are given. @throws PorticoError product_not_found, product_sku_taken, product_barcode_taken */
  change(id: string, change: ProductChange): Product {
    return this.#db.transaction(() => {
      this.#write(id, { ...this.byId(id), ...change });
      return this.byId(id);
    });
  }

  /** Takes it off the list; its barcode is free again. Doing it twice is fine. @throws PorticoError product_not_found */
  remove(id: string): void {
    this.#db.transaction(() => {
      if (this.find(id) === null) throw new PorticoError('product_not_found');
      this.#db.run('UPDATE product SET removed_at_ms = ?, barcode = NULL WHERE id = ? AND removed_at_ms IS NULL', this.#clock.now(), id);
      this.#shelveAgain(id);
    });
  }

  /** The box is unpacked: it is there, and older wishes for it have arrived. @throws PorticoError product_not_found */
  arrived(id: string): Product {
    return this.#db.transaction(() => {
      this.#listed(id);
      this.#revision += 1;
      this.#db.run('UPDATE product SET arrived_at_ms = ?, in_stock = 1 WHERE id = ?', this.#clock.now(), id);
      this.#db.afterCommit(() => this.#events.emit('productArrived', { productId: id }));
      return this.byId(id);
    });
  }

  /**
   * Takes over all lines of a CSV file that can be read, matched by the store's own number; the others are told. Read and compared in
   * pieces; written in one transaction, all or nothing. One file after the other.
   * @param inTransaction runs the writing, with whatever else belongs to the same transaction; null: nothing is written, only told
   * @throws PorticoError csv_invalid, csv_quote {line}, body_too_large: the file as a whole cannot be read; then nothing is changed
   */
  import(bytes: Uint8Array, inTransaction: ((write: () => ProductImport) => ProductImport) | null = (write) => this.#db.transaction(write)): Promise<ProductImport> {
    const turn = this.#importing.catch(() => undefined).then(() => this.#import(bytes, inTransaction));
    this.#importing = turn;
    return turn;
  }

  async #import(bytes: Uint8Array, inTransaction: ((write: () => ProductImport) => ProductImport) | null): Promise<ProductImport> {
    const lines = await readProducts(csvText(bytes), this.#digits);
    for (;;) {
      const revision = this.#revision;
      const plan = await planImport(lines, NOTHING, {
        bySku: (skus) => this.#db.all<ProductRow>('SELECT * FROM product WHERE sku IN (SELECT value FROM json_each(?))', JSON.stringify(skus))
          .map((row) => ({ id: row.id, fields: fieldsOf(row), isHidden: row.removed_at_ms !== null })),
        holders: (barcodes) => this.#db.all<{ id: string; barcode: string }>('SELECT id, barcode FROM product WHERE barcode IN (SELECT value FROM json_each(?))', JSON.stringify(barcodes)),
      });
      if (revision !== this.#revision) continue; // somebody changed the list meanwhile
      const { writes, refused, ...told } = plan;
      const result: ProductImport = {
        ...told, refusedLines: lines.refusedLines + refused.length, refused: [...lines.refused, ...refused].sort((a, b) => a.line - b.line).slice(0, PROBLEMS_MAX),
      };
      if (inTransaction === null) return result;
      return inTransaction(() => {
        writePlan(this.#db, writes, this.#clock.now());
        this.#revision += 1;
        this.#db.afterCommit(() => { for (const { id, fields } of writes) this.#shelved.set(id, shelvedAs(fields)); });
        return result;
      });
    }
  }

  #shelveNext(): void {
    const rows = this.#db.all<ProductRow>('SELECT * FROM product WHERE id > ? ORDER BY id LIMIT ?', this.#shelvedTo, PIECE_ROWS);
    for (const row of rows) if (row.removed_at_ms === null) this.#shelved.set(row.id, shelvedAs(row));
    this.#shelvedTo = rows.at(-1)?.id ?? null;
  }

  /** Once it is sure that it stays. */
  #shelveAgain(id: string): void {
    this.#revision += 1;
    this.#db.afterCommit(() => {
      const row = this.#db.get<ProductRow>('SELECT * FROM product WHERE id = ? AND removed_at_ms IS NULL', id);
      if (row === undefined) this.#shelved.delete(id);
      else this.#shelved.set(id, shelvedAs(row));
    });
  }

  #insert(fields: ProductFields): string {
    const id = randomUUID();
    guardUnique(() => this.#db.run(
      'INSERT INTO product (id, sku, name, category, brand, price_minor, barcode, in_stock, changed_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', id, ...this.#columns(fields)));
    this.#shelveAgain(id);
    return id;
  }

  #write(id: string, fields: ProductFields): string {
    guardUnique(() => this.#db.run(
      `UPDATE product SET sku = ?, name = ?, category = ?, brand = ?, price_minor = ?, barcode = ?, in_stock = ?, changed_at_ms = ?, removed_at_ms = NULL WHERE id = ?`,
      ...this.#columns(fields), id));
    this.#shelveAgain(id);
    return id;
  }

  #columns({ sku, name, category, brand, priceMinor, barcode, inStock }: ProductFields) {
    return [sku.trim(), name.trim(), category?.trim() ?? null, brand?.trim() ?? null, priceMinor, barcode === null ? null : asBarcode(barcode), inStock ? 1 : 0, this.#clock.now()] as const;
  }

  #listed(id: string): ProductRow {
    const row = this.#db.get<ProductRow>('SELECT * FROM product WHERE id = ? AND removed_at_ms IS NULL', id);
    if (row === undefined) throw new PorticoError('product_not_found');
    return row;
  }
}

interface Found { id: string; shelved: string; rank: number }
/** By rank, then by name: that is what shelved text begins with. */
const isBefore = (a: Found, b: Found): boolean => (a.rank === b.rank ? a.shelved < b.shelved : a.rank < b.rank);

function fieldsOf(row: ProductRow): ProductFields {
  return {
    sku: row.sku, name: row.name, category: row.category, brand: row.brand, priceMinor: row.price_minor, barcode: row.barcode, inStock: row.in_stock === 1,
  };
}

function shelvedAs({ name, sku, barcode, brand, category }: Pick<ProductFields, 'name' | 'sku' | 'barcode' | 'brand' | 'category'>): string {
  return [name, sku, barcode ?? '', brand ?? '', category ?? ''].join(APART).normalize('NFKC').toLowerCase();
}

function toProduct(row: ProductRow): Product {
  return { id: row.id, ...fieldsOf(row), arrivedAt: row.arrived_at_ms === null ? null : toInstant(row.arrived_at_ms) };
}

function guardUnique(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (isUniqueViolation(error, 'product.sku')) throw new PorticoError('product_sku_taken');
    if (isUniqueViolation(error, 'product.barcode')) throw new PorticoError('product_barcode_taken');
    throw error;
  }
}
