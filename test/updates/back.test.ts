/** A version that is not well on the real box is gone back from, by itself. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { applyUpdate, runningVersion } from '../../updates/index.js';
import { query } from '../support/disk.js';
import { makeUpdate, type Differences } from '../support/releases.js';
import { boxToUpdate, MIGRATION } from '../support/updateBox.js';

/** Where the settings say: outside a rehearsal. */
const ONLY_FOR_REAL = `process.env.PORTICO_DATA_DIR.endsWith('update-rehearsal')`;
const { root, places, machine, base, told, isThere, leftOver, answers } = await boxToUpdate(t);
await machine.start();

t.test('a version that does not stand as the service is gone back from', async (t) => {
  const breaks = (change: (start: string) => string): Differences => ({
    migration: MIGRATION, change: (tree) => {
      const start = join(tree, 'app/dist/appliance/start.js');
      writeFileSync(start, change(readFileSync(start, 'utf8')));
    },
  });
  const before = query(places.data, 'SELECT id, display_name FROM customer ORDER BY id');
  const cases: [string, string, Differences][] = [
    ['1.2.0', 'ends at its start', breaks((start) => start.replace('process.umask', `if (!${ONLY_FOR_REAL}) process.exit(7);\nprocess.umask`))],
    ['1.2.1', 'ends a moment after READY', breaks((start) => `${start}\nif (!${ONLY_FOR_REAL}) setTimeout(() => process.exit(7), 200);`)],
  ];
  for (const [version, how, differences] of cases) {
    const file = await makeUpdate(root, version, differences);
    await t.rejects(applyUpdate({ ...base, file }), { code: 'update_health_failed', details: { version, runs: '1.0.0' } }, how);
    t.equal(runningVersion(places), '1.0.0');
    t.equal(await answers(), 200, 'the old version answers');
    t.notOk(isThere('trial'), 'its migration is gone with it');
    t.strictSame(query(places.data, 'SELECT id, display_name FROM customer ORDER BY id'), before);
    t.match(told(), { outcome: 'rolled_back', errorCode: 'update_health_failed', what: version });
    t.strictSame(leftOver(), []);
    t.strictSame(readdirSync(places.releases), ['1.0.0']);
  }
});
