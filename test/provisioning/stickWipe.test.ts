/** C10: a wipe that a stick asks for: all of it goes, and whoever holds the stick holds the proof. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { findStatement, readKeys, verifyStatement, WIPED } from '../../appliance/papers/index.js';
import { firstBoot } from '../../provisioning/box.js';
import { isWiping } from '../../provisioning/wipe.js';
import { placesBelow } from '../../updates/index.js';
import { startBox, temporaryDirectory } from '../support/box.js';
import { filesBelow, readKey } from '../support/disk.js';
import { childMachine } from '../support/releases.js';
import { atBoot } from '../support/wipeBoot.js';
import { newBox, NOW, OTHER, put, settingsText } from '../support/stick.js';

const CHILD = fileURLToPath(new URL('../support/wipeChild.js', import.meta.url));
const pattern = temporaryDirectory(t);
const first = await startBox(t, { dataDirectory: pattern });
await first.owner.createCustomer({ displayName: '林知夏', phone: '13900000001' });
await first.stop();

const request = (box: string) => `kind: wipe\nversion: 1\nbox: ${box}\nuntil: ${new Date(NOW + 3_600_000).toISOString().slice(0, 19)}Z\n`;

async function boxWithData(t: Test) {
  const box = await newBox(t);
  cpSync(pattern, join(box.root, 'var/lib/portico'), { recursive: true });
  mkdirSync(join(box.root, 'var/log/portico'), { recursive: true });
  put(box.stick, settingsText(1));
  const places = placesBelow(box.root);
  await box.apply();
  for (const name of readdirSync(box.stick)) rmSync(join(box.stick, name));
  return { ...box, places, updating: { machine: childMachine(places) } };
}

async function proof(t: Test, folder: string, state: 'begun' | 'done', boxId: string): Promise<void> {
  const read = (end: string) => readFileSync(join(folder, `portico-wipe-certificate.${end}`));
  const keys = readKeys(read('keys.json').toString('utf8'));
  t.match(await verifyStatement(findStatement(read('pdf')), keys), { type: 'wipe', claims: { boxId, state, destroyed: [...WIPED], left: [] } });
  t.match(await verifyStatement(read('jws').toString('utf8').trim(), keys), { claims: { boxId } });
}

t.test('C10: who did not sign it, or means another box, destroys nothing', async (t) => {
  const box = await boxWithData(t);
  for (const [text, key, code] of [[request(box.first.boxId), null, 'stick_unsigned'], [request(box.first.boxId), OTHER, 'stick_other_organisation'], [request('box-000000000000'), undefined, 'stick_request_refused']] as const) {
    put(box.stick, text, { name: 'portico-wipe.yaml', ...(key === undefined ? {} : { key }) });
    rmSync(join(box.stick, 'portico-result.json'), { force: true });
    if (key === null) rmSync(join(box.stick, 'portico-wipe.yaml.sig'), { force: true });
    t.match(await box.apply({ updating: box.updating }), { outcome: 'refused', code });
    t.ok(existsSync(join(box.places.data, 'portico.db')));
    t.notOk(isWiping(box.places));
  }
});

t.test('C10: all data go, and the certificate, its words and its keys are on the stick', async (t) => {
  const box = await boxWithData(t);
  const key = readKey(box.places.data);
  put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
  t.match(await box.apply({ updating: box.updating }), { outcome: 'applied', code: null, requests: [{ kind: 'wipe', done: true, code: null }] });
  await proof(t, box.stick, 'done', box.first.boxId);
  t.match(box.result(), { requests: [{ kind: 'wipe', done: true, code: null }] });
  t.match(readFileSync(join(box.stick, 'portico-result.txt'), 'utf8'), /已全部销毁[\s\S]*All data of this box are destroyed/);
  t.match(JSON.parse(box.read('/var/lib/portico-box/public/stick.json')!), { outcome: 'applied', errorCode: null, requests: [{ kind: 'wipe', done: true }] });
  t.strictSame(readdirSync(box.places.data), []);
  for (const { path, bytes } of [...filesBelow(box.root), ...filesBelow(box.stick)]) t.notOk(bytes.includes(key) || bytes.includes('林知夏') || bytes.includes('AGE-SECRET'), path);
  t.equal(box.read('/etc/portico/organisation.json'), null);

  // Started anew it is another box, of nobody: the same stick asks it for nothing.
  await firstBoot(box.paths, box.disk, box.credentials);
  t.match(await box.apply({ updating: box.updating }), { outcome: 'refused', code: 'stick_request_refused' });

  // Nor when it was set up again, by the same organisation and for the same store, and has customers.
  for (const name of readdirSync(box.stick)) rmSync(join(box.stick, name));
  put(box.stick, settingsText(2));
  t.match(await box.apply({ updating: box.updating }), { outcome: 'applied' });
  cpSync(pattern, box.places.data, { recursive: true });
  put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
  t.match(await box.apply({ updating: box.updating }), { outcome: 'refused', problems: [{ code: 'stick_request_refused', message: 'This request names another box or store.' }] });
  put(box.stick, request(box.first.boxId).replace(/box: .*/, 'store: SH-NJR-01'), { name: 'portico-wipe.yaml' });
  t.match(await box.apply({ updating: box.updating }), { outcome: 'refused', problems: [{ code: 'missing_key' }] });
  t.ok(existsSync(join(box.places.data, 'portico.db')));
});

t.test('what nobody foresaw is told on the stick as well: the data are there still', async (t) => {
  const box = await boxWithData(t);
  put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
  const machine = { ...box.updating.machine, stop: () => Promise.reject(new Error('systemctl does not answer')) };
  await t.rejects(box.apply({ updating: { machine } }), /does not answer/);
  t.match(box.result(), { outcome: 'refused', requests: [{ kind: 'wipe', done: false, code: 'wipe_refused' }] });
  t.ok(existsSync(join(box.places.data, 'portico.db')));
});

t.test('C10: power lost in the middle: the next boot goes on by itself, and the stick gets the certificate then', async (t) => {
  const box = await boxWithData(t);
  // As the stick began it: the child is killed where the first key has gone.
  const cut = spawnSync(process.execPath, [CHILD, box.root, 'database_key', box.first.boxId], { encoding: 'utf8' });
  t.equal(cut.signal, 'SIGKILL', cut.stderr);
  t.ok(isWiping(box.places));
  await t.rejects(firstBoot(box.paths, box.disk, box.credentials), { code: 'wipe_incomplete' }, 'no new keys before it is done');
  t.match(atBoot(box.root), { status: 0, stdout: /are destroyed; a wipe that was cut off before is done/ });
  t.notOk(isWiping(box.places));
  t.strictSame(readdirSync(box.places.data), []);
  t.match(atBoot(box.root), { status: 0, stdout: 'No wipe was cut off.\n' });
  await firstBoot(box.paths, box.disk, box.credentials);
  put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
  await box.apply({ updating: box.updating });
  await proof(t, box.stick, 'begun', box.first.boxId);
});
