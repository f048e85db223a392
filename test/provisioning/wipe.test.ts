/** A wipe destroys keys first, leaves nothing, says what it did, and goes on after a power cut. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lchownSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { findStatement, readKeys, verifyStatement, WIPED, type WipeClaims } from '../../appliance/papers/index.js';
import { openForReading } from '../../appliance/storage/index.js';
import { packageRoot } from '../../models/manifest.js';
import { isWiping, wipeBox, type WipeOptions } from '../../provisioning/wipe.js';
import { boxPaths } from '../../provisioning/boxPaths.js';
import { takeLock } from '../../provisioning/lock.js';
import { lockUpdates, placesBelow, type Machine, type Places } from '../../updates/index.js';
import { startBox, temporaryDirectory } from '../support/box.js';
import { filesBelow, readKey } from '../support/disk.js';
import { childMachine } from '../support/releases.js';
import { fillUp, tmpfs, whyNoVolumes } from '../support/volume.js';
import { atBoot } from '../support/wipeBoot.js';

const CHILD = fileURLToPath(new URL('../support/wipeChild.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../cli/portico.js', import.meta.url));

/** Data of a real box that ran once. */
const pattern = temporaryDirectory(t);
const first = await startBox(t, { dataDirectory: pattern });
await first.owner.createCustomer({ displayName: '林知夏', phone: '13900000001' });
await first.stop();

function makeBox(t: Test, root = temporaryDirectory(t)): Places {
  const places = placesBelow(root);
  for (const folder of [places.settings, places.state, places.open, places.work, places.credentials, places.logs, dirname(places.hostSecret), join(places.state, 'generations/1')]) mkdirSync(folder, { recursive: true });
  cpSync(pattern, places.data, { recursive: true });
  writeFileSync(join(places.settings, 'box.env'), 'PORTICO_STORE_ID="SH-01"\nPORTICO_STORE_NAME="山茶表行"\n');
  writeFileSync(join(places.settings, 'organisation.json'), '{"publicKey":"x"}');
  writeFileSync(join(places.open, 'box.json'), '{"boxId":"box-123456789abc","recipient":"age1xyz"}');
  writeFileSync(join(places.state, 'box.key'), 'AGE-SECRET-KEY-1');
  writeFileSync(join(places.state, 'generations/1/portico.yaml'), 'store');
  writeFileSync(join(places.credentials, 'portico-sftp-key'), 'sealed');
  writeFileSync(places.hostSecret, 'HOST-SECRET');
  writeFileSync(join(places.logs, 'portico.log'), 'log');
  writeFileSync(join(places.work, 'waiting.update'), 'update');
  return places;
}
const optionsFor = (places: Places, more: Partial<WipeOptions> = {}): WipeOptions => ({
  places, machine: childMachine(places), clock: systemClock, confirm: 'SH-01', requestedBy: 'console', certificateFolder: null, keepOrganisation: false, ...more,
});
/** A service that runs when the wipe comes, and all that was done to it. */
function running(places: Places): Machine & { did: string[] } {
  let isUp = true;
  const did: string[] = [];
  const turn = (what: 'stop' | 'start') => () => {
    did.push(what);
    isUp = what === 'start';
    return Promise.resolve();
  };
  return { ...childMachine(places), did, isUp: () => Promise.resolve(isUp), stop: turn('stop'), start: turn('start') };
}
const everything = (places: Places) => filesBelow(join(places.data, '../../..')).map(({ path }) => path);
/** Locks have nothing in them; the database's index in shared memory is made anew by whoever opens it first. */
const written = (places: Places) => filesBelow(places.root).filter(({ path, bytes }) => bytes.length > 0 && !path.endsWith('-shm')).map(({ path, bytes }) => `${path} ${bytes.length}`);

t.test('what is not proven is refused, and nothing has changed', async (t) => {
  const places = makeBox(t);
  const before = everything(places);
  const refused = async (code: string, more: Partial<WipeOptions>) => {
    await t.rejects(wipeBox(optionsFor(places, more)), { code });
    t.strictSame(everything(places), before, code);
    t.notOk(isWiping(places));
  };
  await refused('wipe_not_confirmed', { confirm: 'SH-02' });
  await refused('wipe_not_confirmed', { confirm: '' });
  t.match(await wipeBox(optionsFor(places, { confirm: null })), { idle: true }, 'a boot goes on with a wipe, and begins none');
  t.strictSame(everything(places), before);
  await refused('wipe_refused', { certificateFolder: join(places.data, 'tls') });
  await refused('wipe_refused', { certificateFolder: join(places.data, '../nowhere') });
  await t.rejects(wipeBox(optionsFor({ ...places, data: places.settings })), { code: 'wipe_refused' }, 'a folder that is no box');
  const running = await startBox(t, { dataDirectory: places.data });
  await t.rejects(wipeBox(optionsFor(places)), { code: 'db_in_use' }, 'a box that somebody else started still runs');
  t.equal((await running.stranger().send('GET', '/healthz')).status, 200);
  await running.stop();
  const said = spawnSync(process.execPath, [CLI, 'wipe', '--confirm', 'nobody', '--root', join(places.data, '../../..'), '--json'], { encoding: 'utf8' });
  t.equal(said.status, 1);
  t.match(JSON.parse(said.stdout), { error: { code: 'wipe_not_confirmed' } });
});

t.test('a database that does not open signs nothing: said first, and wiped only when asked for without', async (t) => {
  const places = makeBox(t);
  writeFileSync(join(places.data, 'db-key'), '0'.repeat(64));
  await t.rejects(wipeBox(optionsFor(places)), { code: 'wipe_refused' });
  t.ok(existsSync(join(places.data, 'portico.db')));
  t.strictSame(await wipeBox(optionsFor(places, { withoutCertificate: true })), { certificate: null, left: [], resumed: false, idle: false });
  t.notOk(existsSync(join(places.data, 'portico.db')));
});

t.test('refused after the service was stopped: it runs again, and one that stood still does not', async (t) => {
  const elsewhere = temporaryDirectory(t);
  const spoilt: [string, (places: Places) => void][] = [
    ['a database that is a link to another disk', ({ data }) => {
      renameSync(join(data, 'portico.db'), join(elsewhere, 'portico.db'));
      symlinkSync(join(elsewhere, 'portico.db'), join(data, 'portico.db'));
    }],
    ['a key that is another one\'s', ({ data }) => writeFileSync(join(data, 'db-key'), '0'.repeat(64))],
  ];
  for (const [what, spoil] of spoilt) {
    const places = makeBox(t);
    spoil(places);
    const before = written(places);
    const machine = running(places);
    await t.rejects(wipeBox(optionsFor(places, { machine })), { code: 'wipe_refused' }, what);
    t.strictSame(machine.did, ['stop', 'start'], what);
    t.strictSame(written(places), before, what);
    t.notOk(isWiping(places));
    await machine.stop();
    machine.did.length = 0;
    await t.rejects(wipeBox(optionsFor(places, { machine })), { code: 'wipe_refused' }, what);
    t.notOk(machine.did.includes('start'), `${what}: stood still`);
    t.match(await wipeBox(optionsFor(places, { machine, withoutCertificate: true })), { left: [] });
    t.notOk(machine.did.includes('start'), `${what}: wiped`);
  }
});

/** Offline, with nothing but the files. */
async function check(t: Test, places: Places, state: 'begun' | 'done'): Promise<void> {
  const pdf = readFileSync(join(places.open, 'portico-wipe-SH-01.pdf'));
  const keys = readKeys(readFileSync(join(places.open, 'portico-wipe-SH-01.keys.json'), 'utf8'));
  const { type, claims } = await verifyStatement(findStatement(pdf), keys);
  t.equal(type, 'wipe');
  t.match(claims, { iss: '山茶表行', storeId: 'SH-01', boxId: 'box-123456789abc', state, requestedBy: 'console', destroyed: [...WIPED], left: [] });
  t.notOk(pdf.includes('林知夏') || JSON.stringify(claims).includes('13900000001'));
}

t.test('C10: all of it goes, and the certificate says so to whoever has only the certificate', async (t) => {
  const places = makeBox(t);
  const key = readKey(places.data);
  const { certificate, left, resumed } = await wipeBox(optionsFor(places));
  t.strictSame([left, resumed], [[], false]);
  t.strictSame(readdirSync(places.data), []);
  t.throws(() => openForReading({ dataDirectory: places.data, credentialsDirectory: null }), { code: 'data_directory_unusable' });
  const rest = filesBelow(join(places.data, '../../..'));
  t.strictSame(rest.map(({ path }) => path.split('/').at(-1)).sort(), ['portico-wipe-SH-01.jws', 'portico-wipe-SH-01.keys.json', 'portico-wipe-SH-01.pdf']);
  t.notOk(rest.some(({ bytes }) => bytes.includes(key) || bytes.includes('AGE-SECRET') || bytes.includes('HOST-SECRET')));
  await check(t, places, 'done');
  const said = spawnSync(process.execPath, [CLI, 'receipt', 'verify', certificate!, '--key', certificate!.replace('.pdf', '.keys.json')], { encoding: 'utf8' });
  t.equal(said.status, 0, said.stderr);
  t.match(said.stdout, /kind +wipe/);
});

const skip = whyNoVolumes() ?? false;

t.test('not one free block on the disk: room is made of what goes anyway, and it is wiped and signed for', { skip }, async (t) => {
  const spares: [string, (places: Places) => void][] = [
    ['what was put aside for a start', () => undefined],
    ['the logs', ({ data, logs }) => {
      rmSync(join(data, 'ballast'));
      writeFileSync(join(logs, 'portico.log'), Buffer.alloc(1_048_576, 'log\n'));
    }],
  ];
  for (const [spare, prepare] of spares) {
    const { folder } = tmpfs(t, 32);
    const places = makeBox(t, folder);
    prepare(places);
    fillUp(folder);
    t.match(await wipeBox(optionsFor(places)), { left: [], certificate: /pdf$/ }, spare);
    t.strictSame(readdirSync(places.data), [], spare);
    await check(t, places, 'done');
  }
});

t.test('a full disk and nothing that could go first: refused by name either way, nothing half written, and the service runs again', { skip }, async (t) => {
  const { folder } = tmpfs(t, 32);
  const places = makeBox(t, folder);
  rmSync(join(places.data, 'ballast'));
  for (const name of readdirSync(places.logs)) rmSync(join(places.logs, name));
  const giveBack = fillUp(folder);
  const before = written(places);
  for (const [withoutCertificate, code] of [[false, 'wipe_refused'], [true, 'storage_full']] as const) {
    const machine = running(places);
    await t.rejects(wipeBox(optionsFor(places, { machine, withoutCertificate })), { code });
    t.strictSame(machine.did, ['stop', 'start']);
    t.strictSame(written(places), before);
    t.notOk(isWiping(places));
  }
  giveBack();
  t.match(await wipeBox(optionsFor(places)), { left: [] });
});

t.test('a folder that has no room for the certificate is refused before the service is stopped', { skip }, async (t) => {
  const places = makeBox(t);
  const { folder } = tmpfs(t, 1);
  fillUp(folder);
  const machine = running(places);
  await t.rejects(wipeBox(optionsFor(places, { machine, certificateFolder: folder })), { code: 'wipe_refused', details: { reason: /certificate \(ENOSPC\)/ } });
  t.strictSame(machine.did, []);
  t.notOk(existsSync(join(folder, '.portico-wipe')));
});

t.test('what others have sealed to this machine still opens: its key stays, and the certificate does not say otherwise', async (t) => {
  const places = makeBox(t);
  writeFileSync(join(places.credentials, 'another-service'), 'not ours');
  const { certificate } = await wipeBox(optionsFor(places));
  t.equal(readFileSync(places.hostSecret, 'utf8'), 'HOST-SECRET');
  t.strictSame(readdirSync(places.credentials), ['another-service']);
  const { claims } = await verifyStatement(findStatement(readFileSync(certificate!)), readKeys(readFileSync(certificate!.replace('.pdf', '.keys.json'), 'utf8')));
  t.match(claims, { state: 'done', left: [] });
  t.strictSame((claims as unknown as WipeClaims).destroyed, WIPED.filter((kind) => kind !== 'host_key'));
});

t.test('no wipe into an update: refused until it is settled, and no update into a wipe', async (t) => {
  const places = makeBox(t);
  const unlock = lockUpdates(places);
  const before = everything(places);
  const machine = { ...childMachine(places), stop: () => Promise.reject(new Error('the box was stopped')) };
  await t.rejects(wipeBox(optionsFor(places, { machine })), { code: 'update_running', message: /portico update status/ });
  t.strictSame(everything(places), before);
  unlock();
  const met: string[] = [];
  await wipeBox(optionsFor(places, { reached: (step) => {
    t.throws(() => lockUpdates(places), { code: 'update_running' }, step);
    met.push(step);
  } }));
  t.strictSame(met, ['asked', ...WIPED, 'looked', 'certified'], 'from before asking to the end');
  t.notOk(existsSync(places.work), 'the lock goes too');
});

t.test('no wipe at the console into a stick', async (t) => {
  const places = makeBox(t);
  const release = takeLock(boxPaths(places.root));
  writeFileSync(boxPaths(places.root).lock, String(process.ppid)); // of a process that lives and is not the command's own
  const before = everything(places);
  const said = spawnSync(process.execPath, [CLI, 'wipe', '--confirm', 'SH-01', '--root', places.root, '--json'], { encoding: 'utf8' });
  t.match(JSON.parse(said.stdout), { error: { code: 'stick_busy' } });
  t.strictSame(everything(places), before);
  release();
});

t.test('a host name that no stick gave is IT\'s own, and stays', async (t) => {
  const places = makeBox(t);
  writeFileSync(join(places.root, 'etc/hostname'), 'edge-7\n');
  await wipeBox(optionsFor(places));
  t.equal(readFileSync(join(places.root, 'etc/hostname'), 'utf8'), 'edge-7\n');
});

t.test('the organisation stays where that is asked for, and the certificate goes onto the stick', async (t) => {
  const places = makeBox(t);
  const stick = temporaryDirectory(t);
  const { certificate } = await wipeBox(optionsFor(places, { confirm: 'box-123456789abc', keepOrganisation: true, certificateFolder: stick }));
  t.equal(certificate, join(stick, 'portico-wipe-SH-01.pdf'));
  t.strictSame(readdirSync(places.settings), ['organisation.json']);
});

t.test('C10: power lost at each step: what the box runs at its next start goes on; a person is asked again which box', async (t) => {
  for (const step of ['asked', ...WIPED, 'looked', 'certified'] as const) {
    const places = makeBox(t);
    const cut = spawnSync(process.execPath, [CHILD, join(places.data, '../../..'), step], { encoding: 'utf8' });
    t.equal(cut.signal, 'SIGKILL', `${step}: ${cut.stderr}`);
    t.ok(isWiping(places), `${step}: the request stands`);
    const keyGone = step !== 'asked';
    if (keyGone) t.throws(() => openForReading({ dataDirectory: places.data, credentialsDirectory: null }), `${step}: nothing opens any more`);
    for (const confirm of ['', 'resume', 'SH-02']) await t.rejects(wipeBox(optionsFor(places, { confirm })), { code: 'wipe_not_confirmed' }, `${step}: ${confirm}`);
    t.match(atBoot(join(places.data, '../../..')), { status: 0, stdout: /a wipe that was cut off before is done/ }, step);
    t.notOk(isWiping(places));
    t.strictSame(readdirSync(places.data), []);
    await check(t, places, keyGone ? 'begun' : 'done');
  }
});

t.test('a request that was left over destroys nothing of a box that got other keys since, whoever asks', async (t) => {
  const cutOff = (): Places => {
    const places = makeBox(t);
    const cut = spawnSync(process.execPath, [CHILD, join(places.data, '../../..'), 'settings'], { encoding: 'utf8' });
    t.equal(cut.signal, 'SIGKILL', cut.stderr);
    // The store is set up again, in spite of it.
    cpSync(pattern, places.data, { recursive: true });
    writeFileSync(join(places.state, 'box.key'), 'AGE-SECRET-KEY-2');
    writeFileSync(join(places.open, 'box.json'), '{"boxId":"box-new000000000","recipient":"age1abc"}');
    return places;
  };
  const places = cutOff();
  t.match(atBoot(join(places.data, '../../..')), { status: 1, stderr: /wipe_refused[\s\S]*other keys/ });
  t.ok(existsSync(join(places.data, 'portico.db')));
  t.notOk(isWiping(places), 'it is cleared: the box may start');
  t.match(atBoot(join(places.data, '../../..')), { status: 0, stdout: 'No wipe was cut off.\n' });
  const console = cutOff();
  await t.rejects(wipeBox(optionsFor(console)), { code: 'wipe_not_confirmed' }, 'the store of the old request');
  t.ok(existsSync(join(console.data, 'portico.db')));
  t.match(await wipeBox(optionsFor(console, { confirm: 'box-new000000000' })), { left: [], resumed: false });
});

t.test('under what the stick\'s unit may write to, all of it goes', { skip: process.getuid?.() === 0 ? false : 'only root can mount' }, async (t) => {
  const places = makeBox(t);
  const root = join(places.data, '../../..');
  const unit = readFileSync(join(packageRoot(), 'systemd/portico-stick@.service'), 'utf8');
  const writable = /^ReadWritePaths=(.+)$/m.exec(unit)![1]!.split(' ').map((path) => join(root, path.replace(/^-/, ''))).filter((path) => existsSync(path));
  t.ok(writable.includes(places.data) && !writable.some((path) => path.endsWith('/var/lib')));
  // As ProtectSystem=strict does it: everything read-only, and these on top of it.
  const script = ['mount --bind "$1" "$1"', 'root=$1; shift', 'for each; do mount --bind "$each" "$each"; done', 'mount -o remount,bind,ro "$root"', '! touch "$root/var/lib/x" 2>/dev/null', 'exec "$NODE" "$CHILD" "$root" none'].join(' && ');
  const said = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', root, ...writable], { encoding: 'utf8', env: { ...process.env, NODE: process.execPath, CHILD } });
  if (/unshare failed/.test(said.stderr)) return void t.comment('this machine does not let a process have mounts of its own');
  t.equal(said.status, 0, said.stderr);
  t.notOk(isWiping(places));
  t.strictSame(readdirSync(places.data), []);
  await check(t, places, 'done');
});

t.test('what cannot be destroyed is named, and the request stands', { skip: process.getuid?.() === 0 ? false : 'only root can make a file that does not go' }, async (t) => {
  const places = makeBox(t);
  const stubborn = join(places.logs, 'portico.log');
  const made = spawnSync('chattr', ['+i', stubborn]);
  if (made.status !== 0) return void t.comment('this file system has no immutable files');
  t.teardown(() => { spawnSync('chattr', ['-i', stubborn]); });
  await t.rejects(wipeBox(optionsFor(places)), { code: 'wipe_incomplete', details: { left: 'logs' } });
  t.ok(isWiping(places));
  t.notOk(existsSync(join(places.data, 'db-key')), 'the rest is gone');
  spawnSync('chattr', ['-i', stubborn]);
  chmodSync(stubborn, 0o600);
  t.match(await wipeBox(optionsFor(places)), { left: [], resumed: true });
});

t.test('what the service put into its folder to mislead root neither leads it elsewhere nor holds it', { skip: process.getuid?.() === 0 ? false : 'only root can be misled' }, async (t) => {
  const SERVICE = 12_345;
  const boxOfService = (): { places: Places; outside: string } => {
    const places = makeBox(t);
    const base = join(places.data, '../../..');
    chmodSync(base, 0o755);
    for (const entry of ['', ...readdirSync(places.data, { recursive: true }) as string[]]) lchownSync(join(places.data, entry), SERVICE, SERVICE);
    return { places, outside: join(base, 'etc/ld.so.preload') };
  };
  const { places, outside } = boxOfService();
  rmSync(join(places.data, 'portico.lock'));
  symlinkSync(outside, join(places.data, 'portico.lock'));
  spawnSync('mkfifo', [join(places.data, 'pipe')]);
  t.match(await wipeBox(optionsFor(places)), { left: [] });
  t.notOk(existsSync(outside), 'nothing was made there');
  await check(t, places, 'done');

  const second = boxOfService();
  writeFileSync(second.outside, '');
  symlinkSync(second.outside, join(second.places.data, 'portico.db-wal'));
  await t.rejects(wipeBox(optionsFor(second.places)), { code: 'wipe_refused' }, 'a database that is not all there signs nothing');
  t.match(await wipeBox(optionsFor(second.places, { withoutCertificate: true })), { left: [] });
  t.match(statSync(second.outside), { uid: 0, size: 0 });

  const third = makeBox(t);
  rmSync(join(third.data, 'db-key'));
  spawnSync('mkfifo', [join(third.data, 'db-key')]);
  await t.rejects(wipeBox(optionsFor(third)), { code: 'wipe_refused' });
});
