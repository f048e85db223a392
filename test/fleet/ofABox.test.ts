/** What a box delivers night after night, restored in between, is what head office finds as it should be. */
import { rmSync } from 'node:fs';
import t from 'tap';
import { forgetReleases } from '../../appliance/export/index.js';
import { readFleetKeys, verifyFleet } from '../../fleet/index.js';
import { DAY, exportingStore, fillDay, HOUR, keysOf, MONDAY, releaseFile, toFolder } from '../support/exporting.js';
import { temporaryDirectory } from '../support/scratch.js';

t.test('five nights, one of them too quiet; a restore; three more nights: no fault, two chains', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  let exports = exportsWith(toFolder(folder));
  const night = async (people: number) => {
    const startMs = MONDAY + Math.floor((clock.now() - MONDAY) / DAY) * DAY;
    fillDay(db, startMs, people, 's', { salt: `day ${startMs}` });
    clock.move(startMs + 19 * HOUR - clock.now()); // 05:00 of the next morning
    await exports.work();
    clock.move(5 * HOUR); // the store opens
  };
  for (const people of [150, 170, 8, 160, 180]) await night(people);
  await exports.stop();
  forgetReleases(db, clock.now(), true);
  exports = exportsWith(toFolder(folder));
  for (const people of [155, 140, 165]) await night(people);
  await exports.stop();

  const keys = readFleetKeys(JSON.stringify({ 'SH-01': [keysOf(db, clock)] }));
  const out = temporaryDirectory(t);
  const report = await verifyFleet({ folder, keys, out });
  t.strictSame(report.faults, []);
  t.match(report, { written: true, stores: [{ store: 'SH-01', chains: 2, skipped: 1, from: '2026-06-15' }] });
  t.strictSame([report.files, report.merged], [8, 8]);

  rmSync(releaseFile(folder, '2026-06-16'));
  t.match((await verifyFleet({ folder, keys, out: null })).faults, [{ code: 'chain_gap', details: { numbers: '2' } }]);
});
