import { randomUUID } from 'node:crypto';
import type { ProductFields, ProductImport } from '../contract/index.js';
import { Breath } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { ReadLines, RefusedLine } from './csv.js';

/** An article as it stands on the list, or stood. */
export interface Stored { id: string; fields: ProductFields; isHidden: boolean }
export interface Plan {
  /** As they shall be, in the order of the file: a barcode is free before another article gets it. */
  writes: { id: string; fields: ProductFields }[];
  added: number; changed: number; unchanged: number;
  /** Whose barcode another article has. */
  refused: RefusedLine[];
  /** The first lines, to be looked at before anything is written. */
  sample: ProductImport['sample'];
}
const SAMPLE_MAX = 8;
/** Looked up in about a millisecond. */
const PIECE_LINES = 50;

/** What a file would change on the list, worked out in pieces, so that other work comes in between. Whether the list is still the same is for the caller to see to. */
export async function planImport(
  { good }: ReadLines, blank: Omit<ProductFields, 'sku' | 'name'>, read: { bySku(skus: string[]): Stored[]; holders(barcodes: string[]): { id: string; barcode: string }[] },
): Promise<Plan> {
  const plan: Plan = { writes: [], added: 0, changed: 0, unchanged: 0, refused: [], sample: [] };
  /** Who has a barcode once what is planned so far is written; null: nobody. */
  const holders = new Map<string, string | null>();
  const show = (line: number, becomes: Plan['sample'][number]['becomes'], fields: ProductFields): void => {
    plan[becomes] += 1;
    if (plan.sample.length < SAMPLE_MAX) plan.sample.push({ line, becomes, product: fields });
  };
  const breath = new Breath();
  for (let at = 0; at < good.length; at += PIECE_LINES) {
    const piece = good.slice(at, at + PIECE_LINES);
    const stored = new Map(read.bySku(piece.map(({ product }) => product.sku)).map((each) => [each.fields.sku, each]));
    for (const { id, barcode } of read.holders(piece.flatMap(({ product }) => product.barcode ?? []))) if (!holders.has(barcode)) holders.set(barcode, id);
    for (const { line, product, headings } of piece) {
      const row = stored.get(product.sku);
      const id = row?.id ?? randomUUID();
      const before = row?.fields.barcode ?? null;
      const fields: ProductFields = { ...(row?.fields ?? blank), ...product };
      if (row?.isHidden === false && JSON.stringify(row.fields) === JSON.stringify(fields)) {
        show(line, 'unchanged', fields);
        continue;
      }
      if (fields.barcode !== null && (holders.get(fields.barcode) ?? id) !== id) {
        plan.refused.push({ line, code: 'barcode_taken', column: headings.barcode ?? null });
        continue;
      }
      if (before !== null) holders.set(before, null);
      if (fields.barcode !== null) holders.set(fields.barcode, id);
      show(line, row?.isHidden === false ? 'changed' : 'added', fields);
      plan.writes.push({ id, fields });
    }
    await breath.taken();
  }
  return plan;
}

/** All of it in one statement, inside a transaction. */
export function writePlan(db: Database, writes: Plan['writes'], nowMs: number): void {
  db.run(
    `INSERT INTO product (id, sku, name, category, brand, price_minor, barcode, in_stock, changed_at_ms)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, ? FROM json_each(?) WHERE true
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, category = excluded.category, brand = excluded.brand, price_minor = excluded.price_minor,
       barcode = excluded.barcode, in_stock = excluded.in_stock, changed_at_ms = excluded.changed_at_ms, removed_at_ms = NULL`,
    nowMs, JSON.stringify(writes.map(({ id, fields: { sku, name, category, brand, priceMinor, barcode, inStock } }) => [id, sku, name, category, brand, priceMinor, barcode, inStock ? 1 : 0])));
}
