/** A database that another process holds, for seconds and then for good: who writes is told, frames and pages go on, and it comes back by itself. */
import { join } from 'node:path';
import t from 'tap';
import type { BoxHealth, ErrorBody } from '../../appliance/contract/index.js';
import { Database } from '../../appliance/storage/index.js';
import { startBox } from '../support/box.js';
import { DATABASE, query, readKey, VAULT } from '../support/disk.js';
import { portrait, scene } from '../support/scene.js';
import { answerTo, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** Longer than a sweep (5 s), a health check (10 s) and a heartbeat (15 s): for the box it is for ever. */
const FOR_EVER_MS = 20_000;

for (const [which, file] of [['portico.db', DATABASE], ['the vault', VAULT]] as const) {
  t.test(`${which} is held for ever by another process`, { timeout: 90_000 }, async (t) => {
    const box = await startBox(t);
    const id = await enrolPerson(box, 'P18');
    const camera = await box.owner.camera('look_up').opened();
    const live = await box.owner.live().opened();
    const known = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
    const stranger = await scene({ picture: await portrait('P02'), x: 640, y: 360, height: 420 });
    const other = Database.open({ file: join(box.dataDirectory, file), key: readKey(box.dataDirectory) });
    t.teardown(() => other.close());
    other.exec('BEGIN EXCLUSIVE');
    const busy = { status: 503, body: { code: 'storage_busy' } };
    const withdraw = () => box.owner.send<ErrorBody>('POST', `/api/v1/customers/${id}/consents/withdraw`);
    const isMain = file === DATABASE;
    const untilMs = performance.now() + FOR_EVER_MS;
    for (let frames = 0; performance.now() < untilMs; frames += 1) {
      if (isMain) t.match(await box.owner.send<ErrorBody>('POST', '/api/v1/visits', { customerId: id }), busy);
      t.match(await lookAtOne(camera, stranger), { decision: 'unknown' }, `frame ${frames}`);
      if (isMain) t.match(await answerTo(camera, known), { type: 'camera.refused', data: { error: { code: 'storage_busy' } } });
      t.equal((await box.owner.send('GET', '/healthz')).status, 200);
      t.equal((await box.owner.send<BoxHealth>('GET', '/api/v1/health')).status, 200);
      await new Promise((resolve) => { setTimeout(resolve, 1_000); });
    }
    if (isMain) t.match(await withdraw(), busy, 'a withdrawal that is not written down is not said to be done');
    t.equal(live.socket.readyState, live.socket.OPEN, 'the boards stay');
    other.exec('ROLLBACK');

    t.match(await lookAtOne(camera, known), { decision: 'known', person: { customerId: id } }, 'given back, on it goes');
    t.match((await withdraw()).status, 200);
    t.strictSame(query(box.dataDirectory, 'SELECT count(*) AS n FROM template'), [{ n: 0 }]);
    t.match(query(box.dataDirectory, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  });
}
