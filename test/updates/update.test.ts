/** A real box goes from version A to B, with a migration; what breaks in the rehearsal changes nothing. (Going back: back, withdrawn.) */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { applyUpdate, runningVersion } from '../../updates/index.js';
import { query } from '../support/disk.js';
import { makeUpdate } from '../support/releases.js';
import { boxToUpdate, MIGRATION } from '../support/updateBox.js';

const { root, places, machine, base, told, isThere, leftOver, answers } = await boxToUpdate(t);

t.test('a version whose migration breaks is found out in the rehearsal: the box was not touched', async (t) => {
  await machine.start();
  const file = await makeUpdate(root, '1.1.0', { migration: 'CREATE TABLE trial (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO nowhere VALUES (1);' });
  const pid = machine.box()!.pid;
  await t.rejects(applyUpdate({ ...base, file }), { code: 'update_rehearsal_failed' });
  t.equal(machine.box()!.pid, pid, 'the same process answers');
  t.equal(await answers(), 200);
  t.equal(runningVersion(places), '1.0.0');
  t.match(told(), { outcome: 'refused', errorCode: 'update_rehearsal_failed', from: '1.0.0', to: '1.1.0' });
  t.strictSame(leftOver(), [], 'no copy is left');
  t.strictSame(readdirSync(places.releases), ['1.0.0']);
});

t.test('a version that is well is kept; copies and older versions go; nothing leads back', async (t) => {
  const file = await makeUpdate(root, '2.0.0', { migration: MIGRATION });
  machine.downtimes.length = 0;
  const before = query(places.data, 'SELECT id, display_name FROM customer ORDER BY id');
  t.strictSame(await applyUpdate({ ...base, file }), { outcome: 'applied', from: '1.0.0', to: '2.0.0' });
  t.equal(runningVersion(places), '2.0.0');
  t.equal(await answers(), 200);
  t.ok(isThere('trial'), 'migrated');
  t.strictSame(query(places.data, 'SELECT id, display_name FROM customer ORDER BY id'), before);
  t.match(told(), { outcome: 'applied', errorCode: null, from: '1.0.0', to: '2.0.0', what: '2.0.0' });
  t.strictSame(leftOver(), []);
  t.strictSame(readdirSync(places.releases).sort(), ['1.0.0', '2.0.0'], 'the one before is kept');
  t.comment(`downtime ${Math.round(machine.downtimes[0]!)} ms`);
  t.ok(machine.downtimes[0]! < 30_000);

  await t.rejects(applyUpdate({ ...base, file }), { code: 'update_older' }, 'the same again');
  await t.rejects(applyUpdate({ ...base, file: await makeUpdate(root, '1.2.0') }), { code: 'update_older' }, 'one of before');
  t.equal(runningVersion(places), '2.0.0');
  t.notOk(existsSync(join(places.work, 'candidate.update')));
});
