/**
 * The files of a release, made of its document alone: the same document gives the same bytes, in every time zone and on every machine. The box makes them; head
 * office's side makes them again, to see that all forms say the same (opening.ts).
 */
import { stringify } from 'csv-stringify/sync';
import { zipSync, type Zippable } from 'fflate';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { RELEASE_FILES, RELEASE_FORMAT, RELEASE_SCHEMA_VERSION, type ReleaseDocument, type ReleasedCell, type ReleaseTableSpec } from '../contract/index.js';
import { Release } from './release.js';

export type ReleaseFileName = (typeof RELEASE_FILES)[number];
export interface ReleaseFile { readonly name: ReleaseFileName; readonly bytes: Buffer }
/** The signed statement in the archive: a compact JWS, nothing before or after it. */
export const MANIFEST_FILE = 'manifest.jws';

/** A row of the table: a cell of a store's day. In the order of the columns. */
export interface ReleaseRow {
  /** One for each cell of all stores and days: a second delivery overwrites the first. */
  readonly external_id: string;
  readonly schema_version: number;
  readonly store: string;
  /** YYYY-MM-DD. */
  readonly day: string;
  readonly status: string;
  readonly table: string;
  readonly cell: string;
  readonly count: number | null;
  readonly suppressed: boolean;
  /** Of the people who were there, how many are counted in this table: 0..1. */
  readonly counted_share: number;
  readonly estimate: number | null;
  readonly standard_error: number | null;
}

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;
const kept = { repetition_type: 'REQUIRED' } as const;
/** Null where a cell is withheld. */
const withheld = { repetition_type: 'OPTIONAL' } as const;
/** Column by column, as Parquet has them; their names are the heading of the CSV. */
export const RELEASE_COLUMNS: readonly (SchemaElement & { readonly name: keyof ReleaseRow })[] = [
  { name: 'external_id', ...TEXT, ...kept },
  { name: 'schema_version', type: 'INT32', ...kept },
  { name: 'store', ...TEXT, ...kept },
  { name: 'day', type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' }, ...kept },
  { name: 'status', ...TEXT, ...kept },
  { name: 'table', ...TEXT, ...kept },
  { name: 'cell', ...TEXT, ...kept },
  { name: 'count', type: 'INT32', ...withheld },
  { name: 'suppressed', type: 'BOOLEAN', ...kept },
  { name: 'counted_share', type: 'DOUBLE', ...kept },
  { name: 'estimate', type: 'DOUBLE', ...withheld },
  { name: 'standard_error', type: 'DOUBLE', ...withheld },
];
/** Named in the file instead of a library, whose name and version would change the bytes. */
export const PARQUET_MADE_BY = 'portico-release';
const DAY_MS = 86_400_000;

export function archiveNameOf(store: string, day: string): string {
  return `portico-release-${store}-${day}.zip`;
}

/** What `archiveNameOf` was given. */
export function storeOf(archiveName: string): string {
  return /^portico-release-(.+)-\d{4}-\d{2}-\d{2}\.zip$/.exec(archiveName)![1]!;
}

/** The one way from figures to a document. @throws TypeError for figures that release() did not make */
export function documentOf(made: Release, store: string, storedPersons: number): ReleaseDocument {
  Release.require(made);
  return {
    format: RELEASE_FORMAT, schemaVersion: RELEASE_SCHEMA_VERSION, store, day: made.day,
    status: made.skipped === null ? 'released' : 'skipped', reason: made.skipped, cells: [...made.cells], storedPersons,
  };
}

/** @throws RangeError for a cell of a table that is not among `tables` */
export function rowsOf({ schemaVersion, store, day, status, cells }: ReleaseDocument, tables: readonly ReleaseTableSpec[]): ReleaseRow[] {
  const shares = new Map(tables.map(({ table, countedShare: { numerator, denominator } }) => [table, numerator / denominator]));
  return cells.map(({ table, cell, count, estimate, standardError }) => {
    const share = shares.get(table);
    if (share === undefined) throw new RangeError(`there is no table ${table}`);
    return {
      external_id: externalIdOf(store, day, { table, cell }), schema_version: schemaVersion, store, day, status, table, cell, count, suppressed: count === null,
      counted_share: share, estimate, standard_error: standardError,
    };
  });
}

export function externalIdOf(store: string, day: string, { table, cell }: Pick<ReleasedCell, 'table' | 'cell'>): string {
  return `${store}:${day}:${table}:${cell}`;
}

/** One line; nothing in it that the document does not have. */
export function jsonOf(document: ReleaseDocument): Buffer {
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

/** RFC 4180, UTF-8 without a mark, CRLF; true or false in words; an empty field is a cell that is withheld. No field can begin like a formula. */
export function csvOf(document: ReleaseDocument, tables: readonly ReleaseTableSpec[]): Buffer {
  return csvOfRows(RELEASE_COLUMNS.map(({ name }) => name), rowsOf(document, tables));
}

/** The same for any table: a heading, then a line for each row. @param heading whether the heading is wanted */
export function csvOfRows<Row extends object>(columns: readonly (keyof Row & string)[], rows: readonly Row[], heading = true): Buffer {
  const lines = rows.map((row) => columns.map((name) => (typeof row[name] === 'boolean' ? String(row[name]) : row[name])));
  return Buffer.from(stringify(heading ? [columns, ...lines] : lines, { record_delimiter: 'windows' }));
}

/** One row group; none of a day that was skipped, whose columns are there all the same. No statistics: thirty rows are read whole, and a year of a fleet is merged first. */
export function parquetOf(document: ReleaseDocument, tables: readonly ReleaseTableSpec[]): Buffer {
  const rows = rowsOf(document, tables);
  return Buffer.from(parquetWriteBuffer({
    schema: parquetSchemaOf(RELEASE_COLUMNS), columnData: RELEASE_COLUMNS.map((column) => ({ name: column.name, data: parquetColumn(column, rows) })),
    rowGroupSize: Math.max(1, rows.length), codec: 'SNAPPY', statistics: false, createdBy: PARQUET_MADE_BY,
  }));
}

/** @param columns flat: no groups, no lists */
export function parquetSchemaOf(columns: readonly SchemaElement[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns];
}

/** Of rows the values of one column, days as days since 1970. */
export function parquetColumn<Row extends object>(column: SchemaElement & { readonly name: keyof Row & string }, rows: readonly Row[]): unknown[] {
  const isDay = column.converted_type === 'DATE';
  return rows.map((row) => (isDay ? Date.parse(row[column.name] as string) / DAY_MS : row[column.name]));
}

/** The three forms of a document, in the order of RELEASE_FILES. */
export function filesOf(document: ReleaseDocument, tables: readonly ReleaseTableSpec[]): ReleaseFile[] {
  return [
    { name: 'release.json', bytes: jsonOf(document) },
    { name: 'release.csv', bytes: csvOf(document, tables) },
    { name: 'release.parquet', bytes: parquetOf(document, tables) },
  ];
}

/**
 * The archive: the manifest, then the files, stored as they are. Nothing in it that its contents do not settle: not packed, because packers differ; dated noon
 * of 1 January 1980, the first day that a zip archive can say, in whatever time zone: archives have no zone, and no clock was ever put on at that noon.
 */
export function archiveOf({ manifestJws, files }: { manifestJws: string; files: readonly { readonly name: string; readonly bytes: Buffer }[] }): Buffer {
  const entries: Zippable = { [MANIFEST_FILE]: Buffer.from(manifestJws) };
  for (const { name, bytes } of files) entries[name] = bytes;
  return Buffer.from(zipSync(entries, { level: 0, mtime: new Date(1980, 0, 1, 12) }));
}
