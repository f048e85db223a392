/** A backup of a working store: refused where it must be, made while others write, opened again, and put back. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pack, publicPemOf, unpack, type Manifest } from '../../appliance/backup/archive.js';
import { holdBackups, openBackup } from '../../appliance/backup/index.js';
import { makeBackup, STEPS } from '../../appliance/backup/run.js';
import { newKey, seal } from '../../appliance/backup/sealing.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { makeStoreKey, verifyBackup } from '../../cli/backup.js';
import { temporaryDirectory } from '../support/scratch.js';
import { query } from '../support/disk.js';
import { ask, backupsOf, filledStore, namesIn, orderOf, quiet, signerOf, toFolder, vaultOf } from './store.js';

const NAME = 'portico-sh-01-c0ffee01-20260615-040000.age';
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'accepted', (error: unknown) => (isPorticoError(error) ? error.code : String(error)));

t.test('without a target, with one under way, onto a disk that is not there, nothing is made', async (t) => {
  const store = await filledStore(t);
  t.throws(() => backupsOf(store, null).begin('staff', { staffId: 's', deviceId: 'd' }), { code: 'backup_not_possible' });
  await backupsOf(store, null).nightly();
  t.strictSame(query(store.dataDirectory, 'SELECT count(*) AS n FROM backup_run'), [{ n: 0 }], 'and every night nothing is said about it');

  const folder = temporaryDirectory(t);
  const backups = backupsOf(store, toFolder(folder));
  const first = backups.begin('staff', { staffId: 's', deviceId: 'd' });
  t.match(first.run, { outcome: 'running', progress: 0, target: 'folder', askedBy: 'staff' });
  t.throws(() => backups.begin('staff', { staffId: 's', deviceId: 'd' }), { code: 'backup_running' });
  t.throws(() => backupsOf(store, toFolder(folder)).begin('console', { staffId: null, deviceId: null }), { code: 'backup_running' }, 'nor from another process');
  t.match(await first.done, { outcome: 'done', fileName: NAME, errorCode: null, progress: null });
  t.strictSame(namesIn(folder), [NAME, 'portico-sh-01-c0ffee01-deletions.age']);

  for (const [what, to, code] of [
    ['no such folder', toFolder(join(folder, 'gone')), 'backup_target_missing'], ['a file', toFolder(join(folder, NAME)), 'backup_target_missing'],
    ['the data\'s own disk where another was asked for', toFolder(folder, true), 'backup_target_missing'],
  ] as const) t.match(await backupsOf(store, to).begin('night', { staffId: null, deviceId: null }).done, { outcome: 'failed', errorCode: code }, what);
  t.match(backups.last(), { setUp: true, running: false, doneAtMs: store.clock.now(), fileName: NAME, code: 'backup_target_missing' });
  t.notOk(existsSync(join(store.dataDirectory, 'backup-work')), 'no copy lies about');
  const told = store.rooms.audit.page({ limit: 10 }).entries.filter(({ action }) => action.startsWith('backup_'));
  t.strictSame(told.map(({ action, staff, detail }) => [action, staff?.name ?? null, detail['code'] ?? detail['file']]).reverse(), [
    ['backup_made', '店长', NAME], ['backup_failed', null, 'backup_target_missing'], ['backup_failed', null, 'backup_target_missing'], ['backup_failed', null, 'backup_target_missing'],
  ]);
  t.ok((await store.rooms.audit.verify()).whole);
});

t.test('a damaged file, a stranger\'s file, a wrong key and a newer version are told apart, and nothing of them is taken', async (t) => {
  const store = await filledStore(t);
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  const file = join(folder, NAME);
  const good = readFileSync(file);
  const open = (path: string, identity = store.identity) => codeOf(openBackup(path, identity, temporaryDirectory(t), () => undefined));
  t.equal(await open(file, (await newKey()).identity), 'backup_key_wrong');
  const altered = (at: number): string => {
    const bytes = Buffer.from(good);
    bytes[at]! ^= 1;
    const path = join(temporaryDirectory(t), 'altered.age');
    writeFileSync(path, bytes);
    return path;
  };
  for (const at of [0, 180, good.length >> 1, good.length - 1]) t.match(await open(altered(at)), /^backup_(not_ours|key_wrong)$/, `one bit at ${at}`);
  t.equal(await open(altered(good.length >> 1)), 'backup_not_ours');
  const cut = join(temporaryDirectory(t), 'cut.age');
  for (const length of [0, 100, 70_000, good.length - 1]) {
    writeFileSync(cut, good.subarray(0, length));
    t.equal(await open(cut), 'backup_not_ours', `the first ${length} bytes`);
  }
  const forged = async (content: Uint8Array): Promise<string> => {
    const path = join(temporaryDirectory(t), 'forged.age');
    const pieces: Uint8Array[] = [];
    for await (const piece of await seal([store.recipient], (async function* () { yield content; })())) pieces.push(piece);
    writeFileSync(path, Buffer.concat(pieces));
    return path;
  };
  t.equal(await open(await forged(Buffer.from('not a tar at all'.repeat(100)))), 'backup_not_ours', 'encrypted to this store by somebody else');
  t.equal(await open(join(folder, 'nothing.age')), 'backup_not_ours');
  // Whoever knows the recipient can make all of it up, but not sign as this box.
  const stranger = signerOf(await filledStore(t)).privatePem();
  const manifest: Manifest = {
    kind: 'portico-backup', format: 1, storeId: 'sh-01', version: '9.9.9', madeAt: '2026-06-15T04:00:00.000Z', migrations: [], parts: [], rows: {}, lastDeletion: 0, vault: vaultOf(store),
    signedBy: publicPemOf(signerOf(store).privatePem()),
  };
  const packed = (signedBy: string) => codeOf(unpack(pack({ ...manifest, signedBy }, stranger, [], 0), () => undefined, async () => undefined));
  t.equal(await packed(manifest.signedBy), 'backup_not_ours', 'another hand\'s signature under this box\'s name');
  t.equal(await packed('no key'), 'backup_not_ours');
  t.equal(await packed(publicPemOf(stranger)), 'accepted', 'under its own name: the thumbprint tells it, which verify and restore show');

  await makeBackup(orderOf(store, toFolder(folder), { atMs: store.clock.now() + 60_000 }), () => undefined);
  store.rooms.db.run(`INSERT INTO migration (number, name, sha256, applied_at_ms) SELECT max(number) + 1, 'later', ?, 0 FROM migration`, 'ab'.repeat(32));
  await makeBackup(orderOf(store, toFolder(folder), { atMs: store.clock.now() + 120_000 }), () => undefined);
  t.equal(await open(join(folder, 'portico-sh-01-c0ffee01-20260615-040200.age')), 'restore_newer_version');
  t.equal(await open(join(folder, 'portico-sh-01-c0ffee01-20260615-040100.age')), 'accepted');
});

t.test('made while others write, it holds one moment: every row as it was then, the key, the certificates, the settings, and no vault', async (t) => {
  const store = await filledStore(t, { megabytes: 24 });
  const folder = temporaryDirectory(t);
  const { rooms } = store;
  const steps = new Set<string>();
  const backups = backupsOf(store, toFolder(folder), { onStep: (step) => steps.add(step) });
  const { done } = backups.begin('console', { staffId: null, deviceId: null });
  let written = 0;
  let ended = false;
  void done.finally(() => { ended = true; });
  while (!ended) {
    rooms.db.transaction(() => { // both or neither
      const { id } = rooms.customers.create({ displayName: `同时${written}` });
      rooms.customers.addNote(id, '同一笔', 's');
    });
    written += 1;
    await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
  const run = await done;
  t.match(run, { outcome: 'done', errorCode: null });
  t.ok(written > 20, `${written} customers were written meanwhile`);
  t.strictSame([...steps], [...STEPS]);
  const file = join(folder, run.fileName!);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const unpacked = temporaryDirectory(t);
  const { manifest, key, parts } = await openBackup(file, store.identity, unpacked, () => undefined);
  t.strictSame(namesIn(unpacked), ['portico.db'], 'all else is in memory');
  t.strictSame([...parts.keys()].sort(), ['settings.env', 'tls/root.crt', 'tls/root.key', 'tls/server.crt', 'tls/server.key']);
  const copy = { folder: unpacked, key };
  t.strictSame(ask(copy, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  const [counts] = ask(copy, `SELECT (SELECT count(*) FROM customer WHERE display_name LIKE '同时%') AS customers, (SELECT count(*) FROM note) AS notes`) as [{ customers: number; notes: number }];
  t.equal(counts.customers, counts.notes, 'no half of a transaction');
  t.equal(manifest.rows['customer'], counts.customers + 2);
  t.strictSame(await verifyBackup(file, store.keyFile, temporaryDirectory(t), quiet), { madeAt: manifest.madeAt, version: '9.9.9', storeId: 'sh-01', signedBy: signerOf(store).kid(), bytes: statSync(file).size, customers: counts.customers + 2 });
});

t.test('only so many are kept, other files are not touched, and a clock that jumped back costs none', async (t) => {
  const store = await filledStore(t);
  const folder = temporaryDirectory(t);
  writeFileSync(join(folder, 'family.jpg'), 'x');
  writeFileSync(join(folder, 'portico-sh-02-c0ffee01-20200101-000000.age'), 'another store\'s');
  writeFileSync(join(folder, 'portico-sh-01-c0ffee01-20200101-000000.age.part'), 'cut off');
  const backups = backupsOf(store, toFolder(folder), { keep: 2 });
  const make = async () => (await backups.begin('night', { staffId: null, deviceId: null }).done).fileName;
  for (let i = 0; i < 3; i += 1) {
    store.clock.move(86_400_000);
    await make();
  }
  t.strictSame(namesIn(folder), ['family.jpg', 'portico-sh-01-c0ffee01-20260617-040000.age', 'portico-sh-01-c0ffee01-20260618-040000.age', 'portico-sh-01-c0ffee01-deletions.age', 'portico-sh-02-c0ffee01-20200101-000000.age']);
  t.notOk(backups.isDue());
  store.clock.move(-20 * 365 * 86_400_000);
  t.ok(backups.isDue(), 'those of the future do not count');
  const early = await make();
  t.ok(namesIn(folder).includes(early!), 'the one just made stays');
  store.clock.move(40 * 365 * 86_400_000);
  t.ok(backups.isDue());
  const late = await make();
  t.strictSame(namesIn(folder).filter((name) => /^portico-sh-01-c0ffee01-2/.test(name)).length, 2);
  t.ok(namesIn(folder).includes(late!));
  const ends = query(store.dataDirectory, 'SELECT count(*) AS n FROM backup_run WHERE finished_at_ms < started_at_ms');
  t.strictSame(ends, [{ n: 0 }]);
});

t.test('a run that the row still calls running was cut off; its copy goes at the next start', async (t) => {
  const store = await filledStore(t);
  store.rooms.db.run(`INSERT INTO backup_run (id, started_at_ms, target, asked_by, outcome) VALUES ('0b6a8a1e-0000-4000-8000-000000000000', 1, 'folder', 'night', 'running')`);
  mkdirSync(join(store.dataDirectory, 'backup-work'));
  writeFileSync(join(store.dataDirectory, 'backup-work', 'copy.db'), 'x');
  const backups = backupsOf(store, toFolder(temporaryDirectory(t)));
  backups.start();
  t.match(backups.state().runs, [{ outcome: 'failed', errorCode: 'backup_interrupted' }]);
  t.notOk(existsSync(join(store.dataDirectory, 'backup-work')));
  const { done } = backups.begin('night', { staffId: null, deviceId: null });
  await backups.stop();
  t.match(await done, { outcome: 'failed', errorCode: 'backup_interrupted' }, 'stopping the box cuts one off, and says so');
  t.notOk(existsSync(join(store.dataDirectory, 'backup-work')));
});

t.test('where nobody works, and on a box made from a backup until somebody asked, none is made by itself', async (t) => {
  const store = await filledStore(t);
  const folder = temporaryDirectory(t);
  const empty = backupsOf(store, toFolder(folder), { staffed: false });
  t.notOk(empty.isDue());
  await empty.nightly();
  t.strictSame(namesIn(folder), []);
  const backups = backupsOf(store, toFolder(folder));
  t.ok(backups.isDue());
  holdBackups(store.rooms.db, store.clock.now());
  t.notOk(backups.isDue());
  await backups.nightly();
  t.strictSame(namesIn(folder), []);
  t.match([backups.state().held, backups.heldSinceMs()], [true, store.clock.now()]);
  t.match(await backups.begin('staff', { staffId: 's', deviceId: 'd' }).done, { outcome: 'done' });
  t.equal(backups.state().held, false, 'from then on every night');
  store.clock.move(86_400_000);
  t.ok(backups.isDue());
  await backups.nightly();
  t.equal(namesIn(folder).length, 3);
});

t.test('the store\'s key is written once, for its owner alone, with a sheet that carries it', async (t) => {
  const folder = temporaryDirectory(t);
  const out = join(folder, 'store.key');
  const lines: string[] = [];
  const store = await filledStore(t);
  const make = () => makeStoreKey(out, 'zh-CN', { storeName: '南京西路店', timeZone: 'Asia/Shanghai' }, store.clock, { line: (text) => lines.push(text), progress: () => undefined });
  writeFileSync(`${out}.pdf`, 'another paper');
  t.equal(await codeOf(make()), 'key_file_exists');
  t.notOk(existsSync(out), 'no key without its sheet');
  const elsewhere = join(folder, 'link.key');
  symlinkSync(join(folder, 'nowhere'), elsewhere);
  t.equal(await codeOf(makeStoreKey(elsewhere, 'en', { storeName: 'S', timeZone: 'UTC' }, store.clock, quiet)), 'key_file_exists', 'nor through a link');
  rmSync(`${out}.pdf`);
  const { identity, recipient } = await make();
  t.equal(await codeOf(make()), 'key_file_exists');
  t.equal(statSync(out).mode & 0o777, 0o600);
  t.equal(statSync(`${out}.pdf`).mode & 0o777, 0o600);
  t.match(readFileSync(out, 'utf8'), new RegExp(`# public key: ${recipient}\n# check: [0-9A-F]{4} [0-9A-F]{4}\n${identity}\n$`));
  t.notOk(lines.join('\n').includes(identity), 'in the file and on the sheet, never on the screen');
});
