/** The files of a release: the same bytes everywhere, and one table in three forms. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import t from 'tap';
import type { ReleaseDocument } from '../../appliance/contract/index.js';
import { archiveNameOf, archiveOf, csvOf, filesOf, parquetOf, RELEASE_COLUMNS } from '../../appliance/export/archive.js';
import { sha256, TABLES } from '../support/storeReleases.js';
import { temporaryDirectory } from '../support/scratch.js';

/** Of no random numbers at all: what it becomes must never change as long as the schema's number is the same. */
const DOCUMENT: ReleaseDocument = {
  format: 'portico-release', schemaVersion: 1, store: 'SH-NJR-01', day: '2026-11-22', status: 'released', reason: null, storedPersons: 1_234,
  cells: TABLES.flatMap(({ table, cells }) => cells.map((cell, at) => (at % 4 === 3
    ? { table, cell, count: null, estimate: null, standardError: null }
    : { table, cell, count: 12 + at, estimate: table === 'visitor' ? 12 + at : Math.round((12 + at) / 0.06) / 10, standardError: 3.5 }))),
};
const SKIPPED: ReleaseDocument = { ...DOCUMENT, status: 'skipped', reason: 'crowd', cells: [] };

/** Of the archives of both. A change of either is a new form: RELEASE_SCHEMA_VERSION, or a library that writes otherwise than the one of before. */
const SUMS = ['4815f3968855581fa657c6e3fa543fd9eaafa34af1b0ebb2275d759f51a6eac8', '89fa4473c07ab7d5b8eb3797fa162a8a842542b663e2e6daa4427e9b0a89b72f'];

const archives = [DOCUMENT, SKIPPED].map((document) => archiveOf({ manifestJws: 'a.b.c', files: filesOf(document, TABLES) }));

t.test('the same document gives the same bytes, in every time zone, and those of before', async (t) => {
  t.strictSame(archives.map(sha256), SUMS);
  const child = `
    import { createHash } from 'node:crypto';
    import { archiveOf, filesOf } from ${JSON.stringify(new URL('../../appliance/export/archive.js', import.meta.url).href)};
    const { documents, tables } = JSON.parse(process.argv[1]);
    console.log(JSON.stringify(documents.map((document) => createHash('sha256').update(archiveOf({ manifestJws: 'a.b.c', files: filesOf(document, tables) })).digest('hex'))));`;
  for (const zone of ['Asia/Shanghai', 'America/Los_Angeles', 'Pacific/Kiritimati', 'UTC']) {
    const args = ['--input-type=module', '--eval', child, JSON.stringify({ documents: [DOCUMENT, SKIPPED], tables: TABLES })];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', TZ: zone } });
    t.strictSame(JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout), SUMS, zone);
  }
});

const unzip = spawnSync('unzip', ['-v']).status === 0;
t.test('other programs unpack it', { skip: unzip ? false : 'no unzip on this machine: apt install unzip' }, async (t) => {
  const file = join(temporaryDirectory(t), archiveNameOf('SH-NJR-01', '2026-11-22'));
  writeFileSync(file, archives[0]!);
  t.match(spawnSync('unzip', ['-t', file], { encoding: 'utf8' }), { status: 0, stdout: /No errors detected/ });
  t.equal(spawnSync('unzip', ['-p', file, 'release.csv'], { encoding: 'utf8' }).stdout, csvOf(DOCUMENT, TABLES).toString('utf8'));
  t.equal(file.split('/').at(-1), 'portico-release-SH-NJR-01-2026-11-22.zip');
});

t.test('CSV: a heading, a line for each cell, nothing where a cell is withheld', async (t) => {
  const text = csvOf(DOCUMENT, TABLES).toString('utf8');
  t.ok(text.endsWith('\r\n') && !text.replaceAll('\r\n', '').includes('\n'));
  const [heading, ...lines] = parse(text) as string[][];
  t.strictSame(heading, ['external_id', 'schema_version', 'store', 'day', 'status', 'table', 'cell', 'count', 'suppressed', 'counted_share', 'estimate', 'standard_error']);
  t.equal(lines.length, DOCUMENT.cells.length);
  t.strictSame(lines[0], ['SH-NJR-01:2026-11-22:visitor:new', '1', 'SH-NJR-01', '2026-11-22', 'released', 'visitor', 'new', '12', 'false', '1', '12', '3.5']);
  t.strictSame(lines[3], ['SH-NJR-01:2026-11-22:visitor:known_by_hand', '1', 'SH-NJR-01', '2026-11-22', 'released', 'visitor', 'known_by_hand', '', 'true', '1', '', '']);
  t.equal(new Set(lines.map(([id]) => id)).size, lines.length, 'an id is of one cell');
  t.equal(csvOf(SKIPPED, TABLES).toString('utf8'), `${heading!.join()}\r\n`);
  t.throws(() => csvOf(DOCUMENT, TABLES.slice(1)), RangeError);
});

t.test('Parquet says the same, with types; of a day that was skipped it has the columns', async (t) => {
  const read = async (document: ReleaseDocument) => {
    const bytes = parquetOf(document, TABLES);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    return { metadata: parquetMetadata(file), rows: await parquetReadObjects({ file }) };
  };
  const { metadata, rows } = await read(DOCUMENT);
  t.equal(metadata.row_groups.length, 1);
  t.strictSame(metadata.schema.slice(1).map(({ name, type, converted_type: converted, repetition_type: repetition }) => [name, type, converted ?? null, repetition]), [
    ['external_id', 'BYTE_ARRAY', 'UTF8', 'REQUIRED'], ['schema_version', 'INT32', null, 'REQUIRED'], ['store', 'BYTE_ARRAY', 'UTF8', 'REQUIRED'], ['day', 'INT32', 'DATE', 'REQUIRED'],
    ['status', 'BYTE_ARRAY', 'UTF8', 'REQUIRED'], ['table', 'BYTE_ARRAY', 'UTF8', 'REQUIRED'], ['cell', 'BYTE_ARRAY', 'UTF8', 'REQUIRED'], ['count', 'INT32', null, 'OPTIONAL'],
    ['suppressed', 'BOOLEAN', null, 'REQUIRED'], ['counted_share', 'DOUBLE', null, 'REQUIRED'], ['estimate', 'DOUBLE', null, 'OPTIONAL'], ['standard_error', 'DOUBLE', null, 'OPTIONAL'],
  ]);
  t.equal(rows.length, DOCUMENT.cells.length);
  t.match(rows[3], { external_id: 'SH-NJR-01:2026-11-22:visitor:known_by_hand', count: null, suppressed: true, counted_share: 1, estimate: null });
  const lines = (parse(csvOf(DOCUMENT, TABLES), { from_line: 2 }) as string[][]);
  for (const [at, row] of rows.entries()) {
    const cells = RELEASE_COLUMNS.map(({ name }) => (row[name] instanceof Date ? row[name].toISOString().slice(0, 10) : String(row[name] ?? '')));
    t.strictSame(cells, lines[at]);
  }
  const skipped = await read(SKIPPED);
  t.strictSame([skipped.rows, Number(skipped.metadata.num_rows), skipped.metadata.schema.length], [[], 0, 13]);
});
