/** C10: a wipe that a stick asks for: all of it goes, and whoever holds the stick holds the proof. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { findStatement, readKeys, verifyStatement, WIPED } from '../../appliance/papers/index.js';
import { applyStick, firstBoot, openBox } from '../../provisioning/box.js';
import { OUTSIDE } from '../../provisioning/render.js';
import { isWiping, wipeBox } from '../../provisioning/wipe.js';
import { placesBelow } from '../../updates/index.js';
import { startBox, temporaryDirectory } from '../support/box.js';
import { filesBelow, readKey } from '../support/disk.js';
import { childMachine } from '../support/releases.js';
import { atBoot } from '../support/wipeBoot.js';
import { certificates } from '../support/settingsFile.js';
import { machineThat, newBox, NOW, OTHER, put, secretFor, settingsText } from '../support/stick.js';
import { fillUp, tmpfs, whyNoVolumes } from '../support/volume.js';

const CHILD = fileURLToPath(new URL('../support/wipeChild.js', import.meta.url));
const pattern = temporaryDirectory(t);
const first = await startBox(t, { dataDirectory: pattern });
await first.owner.createCustomer({ displayName: '林知夏', phone: '13900000001' });
await first.stop();

const request = (box: string) => `kind: wipe\nversion: 1\nbox: ${box}\nuntil: ${new Date(NOW + 3_600_000).toISOString().slice(0, 19)}Z\n`;

async function boxWithData(t: Test, more: (recipient: string) => Promise<string> = async () => '') {
  const box = await newBox(t);
  cpSync(pattern, join(box.root, 'var/lib/portico'), { recursive: true });
  mkdirSync(join(box.root, 'var/log/portico'), { recursive: true });
  put(box.stick, settingsText(1, await more(box.first.recipient)));
  const places = placesBelow(box.root);
  t.match(await box.apply(), { outcome: 'applied' });
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

t.test('whoever was let in for support is out with the wipe, also when power was lost on the way', async (t) => {
  const closing = ['systemctl stop ssh.service', 'loginctl terminate-user portico-support'];
  const support = (until: string) => `kind: support\nversion: 1\nstore: SH-NJR-01\nuntil: ${until}\nsshKey: ssh-ed25519 ${'A'.repeat(68)}\n`;
  for (const step of [null, 'settings']) {
    const box = await boxWithData(t);
    put(box.stick, support(new Date(NOW + 3_600_000).toISOString().replace('.000', '')), { name: 'portico-support.yaml' });
    t.match(await box.apply({ system: machineThat(() => true) }), { requests: [{ kind: 'support', done: true }] });
    for (const name of readdirSync(box.stick)) rmSync(join(box.stick, name));
    const { machine } = box.updating;
    if (step === null) {
      put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
      t.match(await box.apply({ updating: box.updating }), { requests: [{ kind: 'wipe', done: true }] });
    } else {
      const cut = spawnSync(process.execPath, [CHILD, box.root, step, box.first.boxId], { encoding: 'utf8' });
      t.equal(cut.signal, 'SIGKILL', cut.stderr);
      t.notOk(existsSync(box.paths.supportGrant), 'nothing else knows it any more');
      await wipeBox({ places: box.places, machine, clock: box.clock, confirm: null, requestedBy: '', certificateFolder: null, keepOrganisation: false });
    }
    for (const told of closing) t.ok(machine.told.includes(told), `${step}: ${told}`);
  }
  const box = await boxWithData(t);
  put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
  await box.apply({ updating: box.updating });
  for (const told of closing) t.notOk(box.updating.machine.told.includes(told), `closed: ${told}`);
});

t.test('a full disk is wiped by its stick as well', { skip: whyNoVolumes() ?? false }, async (t) => {
  const { folder } = tmpfs(t, 64);
  const box = await boxWithData(t);
  cpSync(box.root, folder, { recursive: true });
  rmSync(join(folder, 'run'), { recursive: true, force: true });
  symlinkSync(temporaryDirectory(t), join(folder, 'run')); // in memory, as on every box
  const full = await openBox(folder, box.stick, { clock: box.clock });
  fillUp(folder);
  put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
  const machine = childMachine(placesBelow(folder));
  t.match(await applyStick({ ...full, stick: box.stick, dryRun: false, version: '0.1.0', updating: { machine } }), { outcome: 'applied', requests: [{ kind: 'wipe', done: true }] });
  await proof(t, box.stick, 'done', box.first.boxId);
  t.strictSame(readdirSync(join(folder, 'var/lib/portico')), []);
});

/** Settings that write each file which settings can write. */
const everySetting = async (recipient: string): Promise<string> => {
  const { leaf, leafKey } = certificates(temporaryDirectory(t))!;
  const secret = async (name: string, clear: string) => `  ${name}: |\n${await secretFor(recipient, clear)}`;
  return `backup: { recipient: ${recipient}, to: "sftp://portico@10.1.2.3/backups", hostKey: "SHA256:${'A'.repeat(43)}" }
headOffice: { url: "https://10.1.2.4/" }
export: { to: headOffice, clientCertificate: ${JSON.stringify(leaf)} }
secrets:\n${await secret('sftpKey', 'SFTP-SECRET-8d1f')}${await secret('exportHmac', 'SHARED-0123456789abcdef0123456789abcdef')}${await secret('exportClientKey', leafKey)}`;
};
const DROP_IN = '/etc/systemd/system/portico.service.d/50-portico.conf';

t.test('a box that backed up by SFTP starts again: nothing asks for the key that is gone, and nothing outside Portico\'s folders is the old store\'s', async (t) => {
  const box = await boxWithData(t, everySetting);
  for (const name of ['sftp-key', 'export-hmac', 'export-client-key', 'export-client-cert']) t.match(box.read(DROP_IN), new RegExp(`LoadCredential(Encrypted)?=${name}:`));
  for (const path of ['/etc/systemd/timesyncd.conf.d/50-portico.conf', '/etc/systemd/resolved.conf.d/50-portico.conf']) t.not(box.read(path), null, path);
  put(box.stick, request(box.first.boxId), { name: 'portico-wipe.yaml' });
  t.match(await box.apply({ updating: box.updating }), { outcome: 'applied', requests: [{ kind: 'wipe', done: true }] });
  for (const [path, fresh] of OUTSIDE) t.equal(box.read(path), fresh, path);
  t.equal(box.read('/etc/hostname'), 'portico\n');
  t.match(box.read('/etc/systemd/network/10-portico.network'), /\nDHCP=yes\n/, 'on the network until the next stick, whatever that is in');
  for (const told of ['systemctl daemon-reload', 'hostname --file /etc/hostname', 'systemctl restart systemd-networkd.service']) t.ok(box.updating.machine.told.includes(told), told);
  t.notOk(box.updating.machine.told.some((command) => command.endsWith('portico.service')), 'it stands still');
  for (const { path, bytes } of filesBelow(box.root)) t.notOk(bytes.includes('portico-njr') || bytes.includes('SFTP-SECRET') || bytes.includes('SHARED-') || bytes.includes('BEGIN CERTIFICATE') || bytes.includes('192.168.1.20'), path);
});

t.test('the same, where power was lost on the way: by what the next boot runs', async (t) => {
  for (const step of ['credentials', 'settings']) {
    const box = await boxWithData(t, everySetting);
    const cut = spawnSync(process.execPath, [CHILD, box.root, step, box.first.boxId], { encoding: 'utf8' });
    t.equal(cut.signal, 'SIGKILL', cut.stderr);
    t.match(atBoot(box.root), { status: 0 });
    for (const [path, fresh] of OUTSIDE) t.equal(box.read(path), fresh, `${step}: ${path}`);
  }
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
