/** Whoever applies an update is killed while the machine goes on: the next one finishes what was begun. And what was fetched is cleared away. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { applyUpdate } from '../../updates/index.js';
import { makeBundleFile, makePlaces, stillMachine } from '../support/bundles.js';
import { makeUpdate } from '../support/releases.js';
import { ORGANISATION } from '../support/stick.js';
import { boxThatGoesOn, MIGRATION } from '../support/updateDead.js';

t.test('of one that is well: before it ran the old one, from then on the new one', { timeout: 280_000 }, async (t) => {
  const { root, next, killedAt, isWhole } = await boxThatGoesOn(t);
  const file = await makeUpdate(root, '2.0.0', { migration: MIGRATION });
  for (const step of ['copied', 'switched']) {
    await killedAt(file, step);
    t.match(await next(), { outcome: 'none', from: '1.0.0' }, step);
    await isWhole('1.0.0', step);
  }
  await killedAt(file, 'started');
  t.match(await next(), { outcome: 'none', from: '2.0.0' });
  await isWhole('2.0.0', 'started');
  const third = await makeUpdate(root, '2.1.0', { migration: MIGRATION });
  await killedAt(third, 'tidied');
  t.match(await next(), { outcome: 'none', from: '2.1.0' });
  await isWhole('2.1.0', 'tidied');
});

t.test('what was fetched goes when it was refused or runs already, and a folder that keeps it stops nothing', async (t) => {
  const box = makePlaces(t);
  const options = { places: box, machine: stillMachine, clock: systemClock, pinned: ORGANISATION.publicKey, file: null };
  mkdirSync(box.incoming, { recursive: true });
  const fetched = join(box.incoming, `portico-1.1.0-${process.arch}.update`);
  copyFileSync(await makeBundleFile(t, { by: null }), fetched);
  await t.rejects(applyUpdate(options), { code: 'update_unsigned' });
  t.notOk(existsSync(fetched), 'refused once, and not each hour');
  copyFileSync(await makeBundleFile(t, { manifest: { version: '1.0.0' } }), fetched);
  t.match(await applyUpdate(options), { outcome: 'none', from: '1.0.0', to: '1.0.0' });
  t.notOk(existsSync(fetched));
  copyFileSync(await makeBundleFile(t, { manifest: { version: '1.0.0' } }), fetched);
  if (spawnSync('chattr', ['+i', fetched]).status !== 0) return void t.comment('this file system has no immutable files');
  t.teardown(() => { spawnSync('chattr', ['-i', fetched]); });
  t.match(await applyUpdate(options), { outcome: 'none', from: '1.0.0', to: '1.0.0' });
  t.ok(existsSync(fetched));
});
