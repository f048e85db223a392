/** A disk that is really full, and one that really takes nothing any more: said, nothing half-written, and on it goes when it can. */
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { BoxHealth, ErrorBody } from '../../appliance/contract/index.js';
import { loadCertificates } from '../../appliance/http/index.js';
import { MIGRATIONS_DIRECTORY, openStorage } from '../../appliance/storage/index.js';
import { startBox, TestClock, temporaryDirectory } from '../support/box.js';
import { query } from '../support/disk.js';
import { portrait, scene } from '../support/scene.js';
import { answerTo, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';
import { ext4, fillUp, tmpfs, whyNoVolumes } from '../support/volume.js';

const skip = whyNoVolumes() ?? false;
const frameOf = async (person: string) => scene({ picture: await portrait(person), x: 640, y: 360, height: 420 });
const START = fileURLToPath(new URL('../../appliance/start.js', import.meta.url));

/** Starts the box as the service does, until it says that it runs or ends. @returns its exit code and what it printed */
function startService(dataDirectory: string): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [START], {
    encoding: 'utf8', timeout: 20_000,
    env: { PATH: process.env['PATH'], PORTICO_DATA_DIR: dataDirectory, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1', PORTICO_LOG_LEVEL: 'error' },
  });
  return { code: status, text: stdout + stderr };
}

t.test('not one block is left while the box runs: refused by name, nothing half there, and with room again it writes, without a restart', { skip, timeout: 120_000 }, async (t) => {
  const { folder } = tmpfs(t, 96);
  const dataDirectory = join(folder, 'data');
  const clock = new TestClock();
  const box = await startBox(t, { dataDirectory, clock });
  const id = await enrolPerson(box, 'P18');
  const camera = await box.owner.camera('look_up').opened();
  const frame = await frameOf('P18');
  const giveBack = fillUp(folder);
  const full = { status: 507, body: { code: 'storage_full' } };
  let taken = 0;
  // What the log had room for already is still taken; then nothing.
  while ((await box.owner.send('POST', `/api/v1/customers/${id}/notes`, { text: '满'.repeat(1_900) })).status === 201) taken += 1;
  t.match(await box.owner.send<ErrorBody>('POST', `/api/v1/customers/${id}/notes`, { text: '满'.repeat(1_900) }), full);
  t.match(await box.owner.send<ErrorBody>('POST', '/api/v1/visits', { customerId: id }), full);
  t.match(await answerTo(camera, frame), { type: 'camera.refused', data: { credits: 2, error: { code: 'storage_full' } } }, 'the iPad says why there is no card');
  t.match(await lookAtOne(camera, await frameOf('P02')), { decision: 'unknown' }, 'recognition goes on in memory');
  t.match((await box.owner.send<BoxHealth>('GET', '/api/v1/health')).body, { status: 'failed', problems: ['storage_full'] });
  t.equal((await box.owner.send('GET', `/api/v1/customers/${id}`)).status, 200, 'reading goes on');
  const counts = () => query<{ notes: number; visits: number }>(dataDirectory, 'SELECT (SELECT count(*) FROM note) AS notes, (SELECT count(*) FROM visit) AS visits')[0];

  giveBack();
  t.strictSame(counts(), { notes: taken, visits: 0 }, 'what was answered is there, what was refused is not');
  t.equal((await box.owner.send('POST', `/api/v1/customers/${id}/notes`, { text: '又有地方了' })).status, 201);
  t.match(await lookAtOne(camera, frame), { decision: 'known', person: { customerId: id } });
  t.strictSame(counts(), { notes: taken + 1, visits: 1 });
  t.match(query(dataDirectory, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
});

t.test('a box on a disk without one free block starts, and says that it is full', { skip, timeout: 120_000 }, async (t) => {
  const { folder } = tmpfs(t, 96);
  const dataDirectory = join(folder, 'data');
  await (await startBox(t, { dataDirectory })).stop();
  t.ok(existsSync(join(dataDirectory, 'ballast')), 'room for one start was put aside');
  fillUp(folder);
  const box = await startBox(t, { dataDirectory, fresh: true });
  t.equal((await box.stranger().send('GET', '/healthz')).status, 200);
  t.notOk(existsSync(join(dataDirectory, 'ballast')), 'that room was given');
  for (let waitedMs = 0; !box.logged().includes('health changed') && waitedMs < 20_000; waitedMs += 100) await new Promise((resolve) => { setTimeout(resolve, 100); });
  t.match(box.logged(), /"problems":\["storage_full"\]/);
});

t.test('a certificate that has to be renewed and finds no room is served from memory, and kept when there is room', { skip }, async (t) => {
  const { folder } = tmpfs(t, 8);
  const directory = join(folder, 'tls');
  const load = (name: string) => loadCertificates(directory, [name], new TestClock(), 'ab'.repeat(32));
  await load('a.example');
  const files = () => readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'base64')]);
  const before = files();
  const giveBack = fillUp(folder);
  const served = await load('b.a.example');
  t.match(served.warnings.map(({ code }) => code), ['storage_full']);
  t.match(new X509Certificate(served.chainPem).subjectAltName, /b\.a\.example/);
  t.strictSame(files(), before, 'the one of before lies there whole, and nothing half beside it');
  giveBack();
  t.strictSame((await load('b.a.example')).warnings, []);
  t.notSame(files(), before);
});

t.test('a first start on a full disk is refused by name, with nothing left of it', { skip }, async (t) => {
  const { folder } = tmpfs(t, 8);
  const dataDirectory = join(folder, 'data');
  mkdirSync(dataDirectory);
  const giveBack = fillUp(folder);
  const { code, text } = startService(dataDirectory);
  t.equal(code, 1);
  t.match(text, /Portico did not start.*\(storage_full\)/);
  t.notMatch(text, /\bat .*\.js:/, 'no stack that nobody reads');
  await t.rejects(loadCertificates(join(dataDirectory, 'tls'), [], new TestClock(), 'ab'.repeat(32)), { code: 'storage_full' });
  giveBack();
  openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock() }).close();
});

t.test('an update that needs a copy of the database and finds no room for it changes nothing and leaves no half of one', { skip }, async (t) => {
  const { folder } = tmpfs(t, 8);
  const dataDirectory = join(folder, 'data');
  const older = temporaryDirectory(t);
  const names = readdirSync(MIGRATIONS_DIRECTORY).sort();
  for (const name of names) copyFileSync(join(MIGRATIONS_DIRECTORY, name), join(older, name));
  const options = { dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock() };
  openStorage(options).close();
  writeFileSync(join(older, `${String(names.length + 1).padStart(4, '0')}-next.sql`), 'CREATE TABLE next (x TEXT) STRICT;');
  const giveBack = fillUp(folder);
  const open = () => openStorage({ ...options, migrationsDirectory: older });
  t.throws(open, { code: 'storage_full' });
  const backups = join(dataDirectory, 'backups');
  t.strictSame(existsSync(backups) ? readdirSync(backups) : [], []);
  giveBack();
  const storage = open();
  t.equal(readdirSync(backups).length, 1);
  t.match(storage.db.get(`SELECT 1 AS there FROM sqlite_master WHERE name = 'next'`), { there: 1 });
  storage.close();
});

t.test('a disk that takes nothing any more while the box runs: said by name, frames go on, and mounted anew all that was answered is there', { skip, timeout: 120_000 }, async (t) => {
  const volume = ext4(t, 128);
  const dataDirectory = join(volume.folder, 'data');
  const clock = new TestClock();
  const box = await startBox(t, { dataDirectory, clock });
  const id = await enrolPerson(box, 'P18');
  const camera = await box.owner.camera('look_up').opened();
  const { id: said } = await box.owner.call<{ id: string }>('POST', `/customers/${id}/notes`, { text: '说好了' });
  volume.fail();
  const readOnly = { status: 503, body: { code: 'storage_read_only' } };
  t.match(await box.owner.send<ErrorBody>('POST', `/api/v1/customers/${id}/notes`, { text: '没写下' }), readOnly);
  t.match(await box.owner.send<ErrorBody>('POST', '/api/v1/visits', { customerId: id }), readOnly);
  t.match(await box.owner.send<ErrorBody>('POST', `/api/v1/customers/${id}/consents/withdraw`), readOnly, 'a withdrawal that cannot be written down is not said to be done');
  t.match(await answerTo(camera, await frameOf('P18')), { type: 'camera.refused', data: { error: { code: 'storage_read_only' } } });
  t.match(await lookAtOne(camera, await frameOf('P02')), { decision: 'unknown' });
  t.match((await box.owner.send<BoxHealth>('GET', '/api/v1/health')).body, { status: 'failed', problems: ['storage_read_only'] });
  t.equal((await box.owner.send('GET', `/api/v1/customers/${id}`)).status, 200, 'reading goes on');
  await box.stop();
  volume.unmount();

  volume.mount('ro');
  const { code, text } = startService(dataDirectory);
  t.equal(code, 1, 'at a start it is refused');
  t.match(text, /Portico did not start.*\(data_directory_unusable\)[\s\S]*EROFS/);
  t.notMatch(text, /\bat .*\.js:/);
  volume.remount('rw');
  const again = await startBox(t, { dataDirectory, clock });
  t.match(query(dataDirectory, 'SELECT id FROM note'), [{ id: said }]);
  t.match(query(dataDirectory, 'SELECT count(*) AS n FROM template'), [{ n: 1 }], 'and the consent that was not ended');
  t.match(query(dataDirectory, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  await again.stop();
});
