/** The merged tables on their way to the disk: under another name until all of them are whole. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { csvOfRows, parquetSchemaOf, PARQUET_MADE_BY } from '../appliance/export/archive.js';
import { CELL_COLUMNS, DAY_COLUMNS, MONTH_COLUMNS, type RowGroupPart, type TableParts } from './tables.js';

/** In the order in which they get their names. */
export const FLEET_TABLES = ['cells.parquet', 'cells.csv', 'months.csv', 'days.parquet', 'days.csv'] as const;
type TableName = (typeof FLEET_TABLES)[number];

export class FleetTables {
  readonly #folder: string;
  readonly #files = new Map<TableName, number>();
  readonly #cells: GrowingParquet;
  readonly #days: GrowingParquet;

  /** Makes the folder if it is not there. What is left of a run that was cut off is written over. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of FLEET_TABLES) this.#files.set(name, openSync(this.#part(name), 'w'));
    this.#cells = new GrowingParquet(this.#files.get('cells.parquet')!, CELL_COLUMNS);
    this.#days = new GrowingParquet(this.#files.get('days.parquet')!, DAY_COLUMNS);
    this.#write('cells.csv', csvOfRows(CELL_COLUMNS.map(({ name }) => name), []));
    this.#write('days.csv', csvOfRows(DAY_COLUMNS.map(({ name }) => name), []));
    this.#write('months.csv', csvOfRows(MONTH_COLUMNS, []));
  }

  append({ cells, days, csv }: TableParts): void {
    this.#cells.append(cells);
    this.#days.append(days);
    this.#write('cells.csv', csv.cells);
    this.#write('days.csv', csv.days);
    this.#write('months.csv', csv.months);
  }

  /** All on the disk, then their names. */
  finish(): void {
    this.#cells.finish();
    this.#days.finish();
    for (const file of this.#files.values()) fsyncSync(file);
    this.#close();
    for (const name of FLEET_TABLES) renameSync(this.#part(name), join(this.#folder, name));
  }

  /** After whatever went wrong, and harmless after finish(). */
  discard(): void {
    this.#close();
    for (const name of FLEET_TABLES) rmSync(this.#part(name), { force: true });
  }

  #close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #part(name: TableName): string {
    return join(this.#folder, `${name}.part`);
  }

  #write(name: TableName, bytes: Uint8Array): void {
    writeWhole(this.#files.get(name)!, bytes);
  }
}

/** A Parquet file to which row groups are added that other threads made: their bytes as they are, their places moved to where they stand now. */
class GrowingParquet {
  readonly #file: number;
  readonly #writer = new ByteWriter();
  readonly #parquet: ParquetWriter;
  /** Of the mark at its beginning, after which a part's own row group began too. */
  readonly #beginning: number;

  constructor(file: number, columns: readonly SchemaElement[]) {
    this.#file = file;
    this.#parquet = new ParquetWriter({ writer: this.#writer, schema: parquetSchemaOf(columns), createdBy: PARQUET_MADE_BY });
    this.#beginning = this.#writer.offset;
    this.#flush();
  }

  append({ bytes, rowGroups, rows }: RowGroupPart): void {
    if (rows === 0) return;
    const by = BigInt(this.#writer.offset - this.#beginning);
    for (const { columns } of rowGroups) {
      for (const column of columns) {
        column.file_offset += by;
        const of = column.meta_data!;
        of.data_page_offset += by;
        if (of.dictionary_page_offset !== undefined) of.dictionary_page_offset += by;
      }
    }
    writeWhole(this.#file, bytes);
    this.#writer.offset += bytes.length;
    this.#parquet.row_groups.push(...rowGroups);
    this.#parquet.num_rows += BigInt(rows);
  }

  finish(): void {
    void this.#parquet.finish();
    this.#flush();
  }

  #flush(): void {
    writeWhole(this.#file, this.#writer.getBytes());
    this.#writer.index = 0;
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
