/** systemd is told the truth: the watchdog is fed for work done, and for nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { databaseAnswers, Systemd } from '../../appliance/health/systemd.js';
import { createLogger } from '../../appliance/kit/index.js';
import { Database } from '../../appliance/storage/index.js';
import { WorkerPool } from '../../appliance/vision/pool.js';
import { startBox } from '../support/box.js';
import { noReceiver, receive } from '../support/notify.js';
import { openRooms } from '../support/rooms.js';
import { ext4, whyNoVolumes } from '../support/volume.js';

const WATCHDOG_MS = 900;
const fed = (told: string[]) => told.filter((word) => word === 'WATCHDOG=1').length;
const quiet = createLogger('silent');
async function until(happened: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 100 && !happened(); tries++) await setTimeout(100);
  return happened();
}

t.test('a vision worker that hangs stops the feeding, though everything else goes on', { skip: noReceiver }, async (t) => {
  const { socket, told } = await receive(t);
  // Ready, and answers two self-tests; then it never does again.
  const pool = new WorkerPool({
    workers: 1, spawn: () => new Worker(`
      const { parentPort } = require('node:worker_threads');
      let answers = 2;
      parentPort.on('message', ({ type, job }) => {
        if (type === 'stop') process.exit(0);
        if (type === 'test' && answers-- > 0) parentPort.postMessage({ type: 'tested', job, numbers: {} });
        else for (;;);
      });
      parentPort.postMessage({ type: 'ready' });`, { eval: true }),
  });
  await pool.start();
  await pool.answers(0); // the word that it is ready does not count for later
  const systemd = new Systemd({ socket, watchdogMs: WATCHDOG_MS, log: quiet, work: { database: () => true, vision: (deadlineMs) => pool.answers(deadlineMs) } });
  systemd.start('test');
  t.ok(await until(() => fed(told()) >= 2));
  await setTimeout(4 * WATCHDOG_MS);
  t.equal(fed(told()), 2);
  await systemd.stop();
  void pool.stop(); // cut off after its five seconds
});

t.test('work that throws, or never ends, feeds nobody', { skip: noReceiver }, async (t) => {
  const { socket, told } = await receive(t);
  const never = new Systemd({ socket, watchdogMs: WATCHDOG_MS, log: quiet, work: { database: () => true, vision: () => new Promise(() => undefined) } });
  const throwing = new Systemd({ socket, watchdogMs: WATCHDOG_MS, log: quiet, work: { database: () => { throw new Error('broken'); }, vision: () => Promise.resolve(true) } });
  never.start('never');
  throwing.start('throwing');
  t.ok(await until(() => told().filter((word) => word === 'READY=1').length === 2), 'both said that they are ready');
  await setTimeout(3 * WATCHDOG_MS);
  t.equal(fed(told()), 0);
  await Promise.all([never.stop(), throwing.stop()]);
});

t.test('a transaction of our own that was left open is no answer, though writes within it succeed; one undone is none', async (t) => {
  const { db } = openRooms(t);
  const write = () => db.transaction(() => { db.run('UPDATE box_fact SET at_ms = 0 WHERE name = ?', 'none'); });
  db.exec('BEGIN IMMEDIATE');
  write();
  t.equal(databaseAnswers(db, write), false);
  db.exec('ROLLBACK');
  t.equal(databaseAnswers(db, write), true);
  t.equal(databaseAnswers(db, () => { throw new Error('of an unknown kind'); }), false);
});

t.test('a disk that takes nothing any more does not stop the feeding: a box that starts again would not come up', { skip: noReceiver || whyNoVolumes() || false, timeout: 60_000 }, async (t) => {
  const { socket, told } = await receive(t);
  const volume = ext4(t, 128);
  const box = await startBox(t, { dataDirectory: join(volume.folder, 'data'), settings: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(WATCHDOG_MS * 1_000) } });
  t.ok(await until(() => fed(told()) >= 2));
  volume.fail();
  await setTimeout(WATCHDOG_MS); // what was under way
  const before = fed(told());
  t.ok(await until(() => fed(told()) >= before + 3), 'fed on');
  t.match(await box.owner.send('POST', '/api/v1/customers', { displayName: '王小明' }), { status: 503, body: { code: 'storage_read_only' } }, 'the disk does take nothing');
  t.equal((await box.owner.send('GET', '/api/v1/customers?limit=1')).status, 200, 'and the box reads');
  t.notMatch(box.logged(), /"missing":"the database"/);
  await box.stop();
});

t.test('a box says READY, feeds though another process holds its database, and says that it stops', { skip: noReceiver }, async (t) => {
  const { socket, told } = await receive(t);
  const box = await startBox(t, { settings: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(WATCHDOG_MS * 1_000) } });
  t.ok(await until(() => fed(told()) >= 2));
  t.ok(told().indexOf('READY=1') < told().indexOf('WATCHDOG=1'), 'ready first');
  t.match(told().find((word) => word.startsWith('STATUS=')), /Portico .* is running/);

  const other = Database.open({ file: join(box.dataDirectory, 'portico.db'), key: readFileSync(join(box.dataDirectory, 'db-key'), 'utf8').trim() });
  other.exec('BEGIN IMMEDIATE');
  await setTimeout(WATCHDOG_MS); // what was under way
  const before = fed(told());
  await setTimeout(4 * WATCHDOG_MS);
  t.ok(fed(told()) > before, 'a start would not take it from the other one');
  t.notMatch(box.logged(), /"missing":"the database"/);
  other.exec('ROLLBACK');
  other.close();

  await box.stop();
  t.ok(told().includes('STOPPING=1'));
  const after = fed(told());
  await setTimeout(2 * WATCHDOG_MS);
  t.equal(fed(told()), after);
});

t.test('a box that systemd did not start tells nobody anything', async (t) => {
  const systemd = new Systemd({ socket: null, watchdogMs: null, log: quiet, work: { database: () => t.fail('asked'), vision: () => Promise.resolve(t.fail('asked')) } });
  systemd.start('nobody');
  await systemd.stop();
  t.pass('and asks for nothing');
});
