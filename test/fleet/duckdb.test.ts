/** The merged tables, and releases as they come, in an engine that head office may have: DuckDB. What docs/head-office.md says to ask is what is asked here. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import t from 'tap';
import { filesOf } from '../../appliance/export/archive.js';
import { readFleetKeys, verifyFleet } from '../../fleet/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { daysFrom, keep, StoreReleases, TABLES, type MadeRelease } from '../support/storeReleases.js';
import { exampleOf } from './guide.js';

const folder = temporaryDirectory(t);
const out = join(folder, 'merged');
const stores = ['SH-01', 'SH-02', 'BJ-03'].map((name, seed) => new StoreReleases(name, { seed }));
const made: MadeRelease[] = stores.flatMap((store, which) => daysFrom('2026-10-20', 40).map((day, at) => store.next(day, { skipped: at % 7 === which ? 'crowd' : null, people: 60 + 40 * which })));
keep(join(folder, 'releases'), made);
const { faults } = await verifyFleet({ folder: join(folder, 'releases'), keys: readFleetKeys(JSON.stringify(Object.fromEntries(stores.map(({ store, keys }) => [store, [keys]])))), out });
const released = made.map(({ document }) => document);
const cells = released.flatMap((document) => document.cells.map((cell) => ({ ...cell, store: document.store, day: document.day })));

const database = await (await DuckDBInstance.create(':memory:')).connect();
t.teardown(() => database.closeSync());
const ask = async (sql: string) => (await database.runAndReadAll(sql.replaceAll('/srv/merged', out).replaceAll('/srv/releases', join(folder, 'releases')))).getRowObjectsJson();
const tenths = (value: number) => Math.round(value * 10) / 10;

t.test('days, cells, types: as they were released', async (t) => {
  t.strictSame(faults, []);
  t.match(await ask(`SELECT count(*) AS days, count(*) FILTER (status = 'skipped') AS skipped, min(day)::VARCHAR AS first, max(day)::VARCHAR AS last, sum(stored_persons)::INT AS persons FROM '/srv/merged/days.parquet'`),
    [{ days: '120', skipped: String(released.filter(({ status }) => status === 'skipped').length), first: '2026-10-20', last: '2026-11-28', persons: released.reduce((sum, { storedPersons }) => sum + storedPersons, 0) }]);
  t.match(await ask(`SELECT count(*) AS cells, count(DISTINCT external_id) AS ids, count(*) FILTER (suppressed) AS withheld, count(*) FILTER (count IS NULL) AS nulls, sum(count)::INT AS count FROM '/srv/merged/cells.parquet'`), [{
    cells: String(cells.length), ids: String(cells.length), withheld: String(cells.filter(({ count }) => count === null).length), nulls: String(cells.filter(({ count }) => count === null).length),
    count: cells.reduce((sum, { count }) => sum + (count ?? 0), 0),
  }]);
  const types = Object.fromEntries((await ask(`DESCRIBE SELECT * FROM '/srv/merged/cells.parquet'`)).map((row) => [row['column_name'], row['column_type']]));
  t.strictSame(types, {
    external_id: 'VARCHAR', schema_version: 'INTEGER', store: 'VARCHAR', day: 'DATE', status: 'VARCHAR', table: 'VARCHAR', cell: 'VARCHAR', count: 'INTEGER', suppressed: 'BOOLEAN', counted_share: 'DOUBLE', estimate: 'DOUBLE', standard_error: 'DOUBLE',
  });
  t.strictSame(Object.fromEntries((await ask(`DESCRIBE SELECT * FROM '/srv/merged/days.parquet'`)).map((row) => [row['column_name'], row['column_type']])), {
    store: 'VARCHAR', day: 'DATE', status: 'VARCHAR', reason: 'VARCHAR', schema_version: 'INTEGER', epsilon: 'DOUBLE', suppressed_share: 'DOUBLE', stored_persons: 'INTEGER', chain_id: 'VARCHAR', chain_number: 'INTEGER', sha256: 'VARCHAR',
  });
});

t.test('Parquet and CSV are the same tables', async (t) => {
  for (const [table, same] of [['cells', 'external_id'], ['days', 'sha256']]) {
    const difference = `(SELECT * FROM '/srv/merged/${table!}.parquet' EXCEPT SELECT * FROM read_csv('/srv/merged/${table!}.csv', nullstr = ''))`;
    t.match(await ask(`SELECT count(${same!}) AS differing FROM ${difference}`), [{ differing: '0' }], table!);
  }
});

t.test('the month of a store: the guide\'s question, months.csv and the releases themselves agree', async (t) => {
  const asked = await ask(exampleOf('month'));
  const inFile = await ask(`SELECT store, month, "table", cell, estimate, standard_error, days::INT AS days, days_withheld::INT AS days_withheld FROM read_csv('/srv/merged/months.csv', types = {'month': 'VARCHAR'}) ORDER BY ALL`);
  t.strictSame(asked.map((row) => JSON.stringify(row)).sort(), inFile.map((row) => JSON.stringify(row)).sort());
  for (const row of asked) {
    const shown = cells.filter(({ store, day, table, cell, count }) => count !== null && store === row['store'] && day.startsWith(String(row['month'])) && table === row['table'] && cell === row['cell']);
    t.strictSame([row['estimate'], row['days']], [tenths(shown.reduce((sum, { estimate }) => sum + estimate!, 0)), shown.length]);
  }
  t.equal(asked.length, 3 * 2 * TABLES.reduce((sum, table) => sum + table.cells.length, 0));
});

t.test('the guide\'s further questions run, and say what they are for', async (t) => {
  const weeks = await ask(exampleOf('week'));
  t.ok(weeks.length === 3 * 6 && weeks.every((row) => /^2026-\d{2}-\d{2}$/.test(String(row['week']))), `${weeks.length} rows`);
  const gaps = await ask(exampleOf('covered'));
  t.strictSame(gaps.map((row) => [row['store'], row['skipped']]), ['BJ-03', 'SH-01', 'SH-02'].map((store) => [store, String(released.filter((document) => document.store === store && document.status === 'skipped').length)]));
  t.equal((await ask(exampleOf('newest'))).length, 3);
});

t.test('releases as they come, unpacked, of many days at once; a day that was skipped is a table without rows', async (t) => {
  const unpacked = temporaryDirectory(t);
  const some = made.slice(0, 8);
  for (const { document } of some) {
    const parquet = filesOf(document, TABLES).find(({ name }) => name === 'release.parquet')!;
    writeFileSync(join(unpacked, `${document.day}.parquet`), parquet.bytes);
  }
  const expected = some.reduce((sum, { document }) => sum + document.cells.length, 0);
  t.match((await database.runAndReadAll(`SELECT count(*) AS cells FROM read_parquet('${unpacked}/*.parquet')`)).getRowObjectsJson(), [{ cells: String(expected) }]);
  const skipped = some.find(({ document }) => document.status === 'skipped')!;
  t.match((await database.runAndReadAll(`SELECT count(*) AS cells FROM '${unpacked}/${skipped.document.day}.parquet'`)).getRowObjectsJson(), [{ cells: '0' }]);
});
