/** As many stores as a chain has: several threads, several pieces of work, one table. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import t from 'tap';
import { readFleetKeys, verifyFleet } from '../../fleet/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { CELLS_A_DAY, daysFrom, keep, StoreReleases } from '../support/storeReleases.js';

t.test('300 stores: pieces of work put together in order, row groups of several threads in one file', async (t) => {
  const folder = temporaryDirectory(t);
  const keys: Record<string, unknown[]> = {};
  const names = Array.from({ length: 300 }, (_, at) => `S-${String(at).padStart(3, '0')}`);
  let expected = 0;
  for (const [seed, name] of names.entries()) {
    const store = new StoreReleases(name, { seed });
    keys[name] = [store.keys];
    const releases = daysFrom('2026-11-01', 7).map((day) => store.next(day));
    keep(folder, releases);
    expected += releases.reduce((sum, { document }) => sum + document.cells.reduce((before, { count }) => before + (count ?? 0), 0), 0);
  }
  const out = temporaryDirectory(t);
  const report = await verifyFleet({ folder, keys: readFleetKeys(JSON.stringify(keys)), out, workers: 3 });
  t.match(report, { files: 2_100, merged: 2_100, faults: [], cells: 2_100 * CELLS_A_DAY });
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(join(out, 'cells.parquet')));
  t.strictSame([metadata.row_groups.length, Number(metadata.num_rows)], [2, 2_100 * CELLS_A_DAY], 'a row group a piece');
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(out, 'cells.parquet')) });
  t.equal(rows.reduce((sum, row) => sum + Number(row['count'] ?? 0), 0), expected);
  t.strictSame([...new Set(rows.map((row) => row['store']))], names, 'sorted by store');
  t.strictSame((parse(readFileSync(join(out, 'days.csv')), { columns: true }) as Record<string, string>[]).map((row) => `${row['store']} ${row['day']}`), names.flatMap((name) => daysFrom('2026-11-01', 7).map((day) => `${name} ${day}`)));
});
