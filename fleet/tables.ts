/** The merged tables: their columns, and their rows made of releases that were checked. */
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ReleasedCell } from '../appliance/contract/index.js';
import { csvOfRows, parquetColumn, parquetSchemaOf, PARQUET_MADE_BY, RELEASE_COLUMNS, rowsOf, type ReleaseRow } from '../appliance/export/archive.js';
import type { OpenedFile } from './work.js';

export interface DayRow {
  readonly store: string;
  readonly day: string;
  readonly status: string;
  readonly reason: string | null;
  readonly schema_version: number;
  readonly epsilon: number;
  readonly suppressed_share: number | null;
  readonly stored_persons: number;
  readonly chain_id: string;
  readonly chain_number: number;
  readonly sha256: string;
}
/** Sums of released estimates: nothing in it that is not in the cells. */
export interface MonthRow {
  readonly store: string;
  /** YYYY-MM. */
  readonly month: string;
  readonly table: string;
  readonly cell: string;
  /** Of `days` days; those on which the cell was withheld are not in it, and not nought. Null: it was withheld on all of them. */
  readonly estimate: number | null;
  readonly standard_error: number | null;
  readonly days: number;
  readonly days_withheld: number;
  readonly days_skipped: number;
}

const text = (name: keyof DayRow, repetition: 'REQUIRED' | 'OPTIONAL' = 'REQUIRED') => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type: repetition } as const);
export const DAY_COLUMNS: readonly (SchemaElement & { readonly name: keyof DayRow })[] = [
  text('store'),
  { name: 'day', type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' }, repetition_type: 'REQUIRED' },
  text('status'),
  text('reason', 'OPTIONAL'),
  { name: 'schema_version', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'epsilon', type: 'DOUBLE', repetition_type: 'REQUIRED' },
  { name: 'suppressed_share', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  { name: 'stored_persons', type: 'INT32', repetition_type: 'REQUIRED' },
  text('chain_id'),
  { name: 'chain_number', type: 'INT32', repetition_type: 'REQUIRED' },
  text('sha256'),
];
export const CELL_COLUMNS = RELEASE_COLUMNS;
export const MONTH_COLUMNS: readonly (keyof MonthRow)[] = ['store', 'month', 'table', 'cell', 'estimate', 'standard_error', 'days', 'days_withheld', 'days_skipped'];

/** Rows as one row group of a file that is put together elsewhere: bytes, and what the file's end has to say of them. */
export interface RowGroupPart { readonly bytes: Uint8Array<ArrayBuffer>; readonly rowGroups: ParquetWriter['row_groups']; readonly rows: number }
/** What is appended to each merged table. */
export interface TableParts {
  readonly cells: RowGroupPart;
  readonly days: RowGroupPart;
  readonly csv: { readonly cells: Uint8Array<ArrayBuffer>; readonly days: Uint8Array<ArrayBuffer>; readonly months: Uint8Array<ArrayBuffer> };
}

/** @param stores each with its releases by their days */
export function tablesOf(stores: readonly (readonly OpenedFile[])[]): TableParts {
  const releases = stores.flat();
  const days = releases.map(dayOf);
  const cells = releases.flatMap(({ document, manifest }) => rowsOf(document, manifest.tables));
  return {
    cells: rowGroupOf<ReleaseRow>(CELL_COLUMNS, cells), days: rowGroupOf<DayRow>(DAY_COLUMNS, days),
    csv: {
      cells: joined(releases.map(({ csv }) => csv.subarray(csv.indexOf('\n') + 1))), // each without its heading: it is already as it has to be
      days: joined([csvOfRows(DAY_COLUMNS.map(({ name }) => name), days, false)]),
      months: joined([csvOfRows(MONTH_COLUMNS, stores.flatMap(monthsOf), false)]),
    },
  };
}

function dayOf({ manifest, sha256 }: OpenedFile): DayRow {
  const { store, day, status, reason, schemaVersion, epsilon, suppressedShare, storedPersons, chain } = manifest;
  return {
    store, day, status, reason, schema_version: schemaVersion, epsilon: epsilon.spent, suppressed_share: suppressedShare, stored_persons: storedPersons,
    chain_id: chain.id, chain_number: chain.number, sha256,
  };
}

interface Sum { table: ReleasedCell['table']; cell: string; tenths: number; variance: number; days: number; withheld: number }

/** Of one store. Noise of different days is independent, so variances add up. A cell that was on no list that month has no row. */
function monthsOf(releases: readonly OpenedFile[]): MonthRow[] {
  const months = new Map<string, { skipped: number; sums: Map<string, Sum> }>();
  for (const { document } of releases) {
    const month = document.day.slice(0, 7);
    const of = months.get(month) ?? { skipped: 0, sums: new Map<string, Sum>() };
    months.set(month, of);
    if (document.status === 'skipped') of.skipped += 1;
    for (const { table, cell, estimate, standardError } of document.cells) {
      const sum = of.sums.get(`${table}:${cell}`) ?? { table, cell, tenths: 0, variance: 0, days: 0, withheld: 0 };
      of.sums.set(`${table}:${cell}`, sum);
      if (estimate === null) { sum.withheld += 1; continue; }
      sum.tenths += Math.round(estimate * 10); // whole numbers add up exactly
      sum.variance += standardError! ** 2;
      sum.days += 1;
    }
  }
  return [...months].flatMap(([month, { skipped, sums }]) => [...sums.values()].map(({ table, cell, tenths, variance, days, withheld }) => ({
    store: releases[0]!.document.store, month, table, cell, estimate: days === 0 ? null : tenths / 10, standard_error: days === 0 ? null : Math.round(Math.sqrt(variance) * 10) / 10, days, days_withheld: withheld, days_skipped: skipped,
  })));
}

/** With statistics, by which a reader passes by stores and days that it does not want. */
function rowGroupOf<Row extends object>(columns: readonly (SchemaElement & { readonly name: keyof Row & string })[], rows: readonly Row[]): RowGroupPart {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: parquetSchemaOf(columns), createdBy: PARQUET_MADE_BY });
  const before = writer.offset;
  void parquet.write({ columnData: columns.map((column) => ({ name: column.name, data: parquetColumn(column, rows), offsetIndex: false })), rowGroupSize: Math.max(1, rows.length) });
  return { bytes: joined([writer.getBytes().subarray(before)]), rowGroups: parquet.row_groups, rows: rows.length };
}

/** In memory of its own, which can be handed to another thread. */
function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
