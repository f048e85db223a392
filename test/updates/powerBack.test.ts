/** The power goes while a version that does not stand is gone back from: what starts afterwards is all of the old one. And how often one is tried. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BACK_STEPS, runningVersion, settle } from '../../updates/index.js';
import { boxToCut, MIGRATION } from '../support/powerUpdate.js';
import { makeUpdate } from '../support/releases.js';

t.test('at each step of going back', { timeout: 290_000 }, async (t) => {
  const { root, places, machine, options, asBefore, cutAt, boot, isWhole } = await boxToCut(t);
  const file = await makeUpdate(root, '2.0.1', {
    migration: MIGRATION, change: (tree) => {
      const start = join(tree, 'app/dist/appliance/start.js');
      writeFileSync(start, `${readFileSync(start, 'utf8')}\nif (!process.env.PORTICO_DATA_DIR.endsWith('update-rehearsal')) setTimeout(() => process.exit(7), 50);`);
    },
  });
  for (const step of BACK_STEPS) {
    asBefore();
    await cutAt(file, step);
    await boot();
    isWhole('1.0.0', step);
    t.equal(await machine.isUp(), true);
    await machine.stop();
  }

  // A version on trial is started less than three times.
  const well = await makeUpdate(root, '2.0.0', { migration: MIGRATION });
  asBefore();
  await cutAt(well, 'started');
  t.equal(await settle(options), 'trying', 'the second time');
  t.equal(runningVersion(places), '2.0.0');
  await machine.start();
  await machine.cutPower();
  t.equal(await settle(options), 'old', 'there is no third');
  await machine.start();
  isWhole('1.0.0', 'after three cuts');
  t.match(JSON.parse(readFileSync(join(places.open, 'update.json'), 'utf8')), { outcome: 'rolled_back', errorCode: 'update_health_failed' });
});
