import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { IMPORT_PROBLEMS, type ProductFields } from '../contract/index.js';
import { Breath, PorticoError } from '../kit/index.js';
import { asBarcode } from './barcode.js';

type Problem = (typeof IMPORT_PROBLEMS)[number];
type Column = keyof typeof HEADINGS;
/** What a file says of one product; a column that it does not have says nothing. */
export type ProductLine = Pick<ProductFields, 'sku' | 'name'> & Partial<ProductFields>;
export interface RefusedLine { line: number; code: Problem; column: string | null }
export interface ReadLines {
  /** By the line of the file, counted from 1. */
  good: { line: number; product: ProductLine; headings: Partial<Record<Column, string>> }[];
  /** Every problem of every line, the first `PROBLEMS_MAX`. */
  refused: RefusedLine[];
  /** How many lines have one. */
  refusedLines: number;
}
/** Told at once; a file with more is mended in turns. */
export const PROBLEMS_MAX = 500;

/** As people head their columns; compared without case, spaces and underscores. */
const HEADINGS = {
  sku: ['sku', '货号', '商品编号', '商品编码', '商品货号', '编号', '编码', '款号', 'itemno', 'itemnumber', 'number', 'code'],
  name: ['name', '名称', '商品名称', '品名', '商品', 'productname', 'product'],
  category: ['category', '类别', '分类', '品类', '商品分类', '类目'],
  brand: ['brand', '品牌'],
  priceMinor: ['price', '价格', '售价', '单价', '零售价', '吊牌价', '标价'],
  barcode: ['barcode', '条码', '条形码', '商品条码', 'ean', 'gtin', 'upc'],
  inStock: ['instock', 'stock', '有货', '库存', '在库', '是否有货'],
} as const;
const YES = ['是', '有', '有货', 'yes', 'y', 'true'];
const NO = ['否', '无', '没有', '缺货', '没货', 'no', 'n', 'false'];
/** Characters, as in the contract. */
const LENGTH_MAX = { sku: 40, name: 80, category: 40, brand: 40 } as const;
const PRICE_MINOR_MAX = 1e13;
/** A longer price, stock or heading is none: nothing is looked at closely before its length is. */
const CELL_MAX = 80;
/** Spreadsheets of articles have a dozen or two. */
const COLUMNS_MAX = 64;
/** As many as an honest file within the limit of a request has, and some; of the shortest lines there could be 20 times as many. */
const LINES_MAX = 25_000;
/** A description may be long; a quotation mark that nobody closes is not read to the end of the file. */
const RECORD_BYTES_MAX = 65_536;
/** Parsed in about a millisecond. */
const PIECE_BYTES = 8_192;
/** Of csv-parse. A record over several lines that is beyond all measure is another: nobody closes its quotation mark. */
const OF_QUOTES = ['CSV_QUOTE_NOT_CLOSED', 'CSV_INVALID_CLOSING_QUOTE', 'INVALID_OPENING_QUOTE'];
const SEPARATORS = [',', ';', '\t'] as const;

/**
 * The text of a file as spreadsheets write it: UTF-8, UTF-16 with its mark, or GB18030, which Excel writes in China.
 * @throws PorticoError csv_invalid
 */
export function csvText(bytes: Uint8Array): string {
  const decode = (encoding: string) => new TextDecoder(encoding, { fatal: true }).decode(bytes); // drops the byte order mark
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return orInvalid(() => decode('utf-16le'));
  try {
    return decode('utf-8');
  } catch {
    return orInvalid(() => decode('gb18030'));
  }
}

/**
 * In pieces, so that other work comes in between.
 * @param digits decimals of the currency (ISO 4217): 2 for yuan, 0 for yen
 * @throws PorticoError csv_invalid: no table, no columns for number and name, or a line or a number of columns beyond all measure;
 *   csv_quote {line}: a quotation mark in the line that begins there has no other; body_too_large: more lines than can be taken over at once
 */
export async function readProducts(text: string, digits: number): Promise<ReadLines> {
  const result: ReadLines = { good: [], refused: [], refusedLines: 0 };
  const seen = new Set<string>();
  const breath = new Breath();
  let columns: (Column | null)[] | null = null;
  let headings: Partial<Record<Column, string>> = {};
  let lines = 0;
  for await (const { record, info: { lines: line } } of recordsOf(text)) {
    await breath.taken();
    if (columns === null) {
      columns = columnsOf(record);
      headings = Object.fromEntries(columns.flatMap((column, at) => (column === null ? [] : [[column, record[at]!.trim()]])));
      continue;
    }
    lines += 1;
    if (lines > LINES_MAX) throw new PorticoError('body_too_large');
    if (record.every((cell) => cell === '')) continue;
    const refuse = (problems: readonly { code: Problem; column: Column | null }[]) => {
      result.refusedLines += 1;
      const room = PROBLEMS_MAX - result.refused.length;
      for (const { code, column } of problems.slice(0, room)) result.refused.push({ line, code, column: column === null ? null : headings[column]! });
    };
    if (record.length > columns.length) { refuse([{ code: 'columns_wrong', column: null }]); continue; }
    const cells = Object.fromEntries(columns.flatMap((column, at) => (column === null ? [] : [[column, (record[at] ?? '').trim()]]))) as Partial<Record<Column, string>>;
    const { product, problems } = lineOf(cells, digits);
    if (seen.has(product.sku)) problems.push({ code: 'sku_twice', column: 'sku' });
    if (problems.length > 0) { refuse(problems); continue; }
    seen.add(product.sku);
    result.good.push({ line, product, headings });
  }
  if (columns === null) throw new PorticoError('csv_invalid');
  return result;
}

/** @throws PorticoError csv_invalid, csv_quote {line} */
async function* recordsOf(text: string): AsyncGenerator<{ record: string[]; info: { lines: number } }> {
  if (text.includes('\0')) throw new PorticoError('csv_invalid');
  const bytes = Buffer.from(text);
  const breath = new Breath();
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await breath.taken(); // also where no line ends
      yield bytes.subarray(at, at + PIECE_BYTES);
    }
  };
  let readTo = 0;
  const parser = parse({
    bom: true, delimiter: separatorOf(text), info: true, on_record: (record: string[], { lines }) => { readTo = lines; return record; }, max_record_size: RECORD_BYTES_MAX, relax_column_count: true, skip_empty_lines: true, trim: true,
  });
  try {
    yield* Readable.from(pieces()).pipe(parser) as AsyncIterable<{ record: string[]; info: { lines: number } }>;
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw new PorticoError('csv_invalid', {}, { cause });
    // It is seen where the next one stands, or at the end of the file; what is to be mended is where the record begins.
    const line = text.split(/\r\n|[\r\n]/).findIndex((each, at) => at >= readTo && each.trim() !== '') + 1;
    const isOfQuotes = OF_QUOTES.includes(cause.code) || (cause.code === 'CSV_MAX_RECORD_SIZE' && Number(cause['lines']) > line);
    throw isOfQuotes ? new PorticoError('csv_quote', { line }, { cause }) : new PorticoError('csv_invalid', {}, { cause });
  }
}

/** What each column is; null: something else. @throws PorticoError csv_invalid */
function columnsOf(head: readonly string[]): (Column | null)[] {
  if (head.length > COLUMNS_MAX) throw new PorticoError('csv_invalid');
  const columns = head.map(columnOf);
  const known = columns.filter((column) => column !== null);
  if (!known.includes('sku') || !known.includes('name') || new Set(known).size < known.length) throw new PorticoError('csv_invalid');
  return columns;
}

/** What a line says, and all that is amiss with it. */
function lineOf(cells: Partial<Record<Column, string>>, digits: number): { product: ProductLine; problems: { code: Problem; column: Column }[] } {
  const problems: { code: Problem; column: Column }[] = [];
  for (const column of ['sku', 'name'] as const) if (cells[column] === '') problems.push({ code: 'empty', column });
  for (const column of ['sku', 'name', 'category', 'brand'] as const) if ((cells[column]?.length ?? 0) > LENGTH_MAX[column]) problems.push({ code: 'too_long', column });
  const product: ProductLine = { sku: cells.sku!, name: cells.name! };
  for (const column of ['category', 'brand'] as const) if (cells[column] !== undefined) product[column] = cells[column] || null;
  if (cells.priceMinor !== undefined) {
    const price = cells.priceMinor === '' ? null : priceMinor(cells.priceMinor, digits);
    if (price === undefined) problems.push({ code: 'price_invalid', column: 'priceMinor' });
    else product.priceMinor = price;
  }
  if (cells.barcode !== undefined) {
    if (cells.barcode.length > CELL_MAX || !/^[\x21-\x7e]*$/.test(cells.barcode)) problems.push({ code: 'barcode_invalid', column: 'barcode' });
    else product.barcode = asBarcode(cells.barcode) || null;
  }
  if (cells.inStock) {
    const stock = stockOf(cells.inStock);
    if (stock === undefined) problems.push({ code: 'stock_invalid', column: 'inStock' });
    else product.inStock = stock;
  }
  return { product, problems };
}

/** "¥1,280.50", "1280.5元": in the smallest unit; undefined: no price, or finer than the currency knows. */
export function priceMinor(text: string, digits: number): number | undefined {
  if (text.length > CELL_MAX) return undefined;
  const plain = text.normalize('NFKC').replace(/^[\p{Sc}A-Z]*\s*|\s*[\p{Sc}元]$/gu, '').replace(/,(?=\d{3}(\D|$))/g, '');
  const [, whole, fraction = ''] = /^(\d{1,13})(?:\.(\d+))?$/.exec(plain) ?? [];
  if (whole === undefined || /[1-9]/.test(fraction.slice(digits))) return undefined;
  const minor = Number(whole) * 10 ** digits + Number(fraction.slice(0, digits).padEnd(digits, '0') || '0');
  return minor <= PRICE_MINOR_MAX ? minor : undefined;
}

/** Yes, no, or how many there are. */
function stockOf(text: string): boolean | undefined {
  if (text.length > CELL_MAX) return undefined;
  const plain = text.normalize('NFKC').toLowerCase();
  if (/^\d+$/.test(plain)) return Number(plain) > 0;
  return YES.includes(plain) ? true : NO.includes(plain) ? false : undefined;
}

function columnOf(heading: string): Column | null {
  if (heading.length > CELL_MAX) return null;
  const plain = heading.normalize('NFKC').toLowerCase().replace(/[\s_-]|\(.*\)$/g, '');
  return (Object.keys(HEADINGS) as Column[]).find((column) => (HEADINGS[column] as readonly string[]).includes(plain)) ?? null;
}

/** Which the heading line has most of. */
function separatorOf(text: string): string {
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const count = (separator: string) => head.split(separator).length;
  return SEPARATORS.reduce((best, each) => (count(each) > count(best) ? each : best));
}

function orInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new PorticoError('csv_invalid', {}, { cause });
  }
}
