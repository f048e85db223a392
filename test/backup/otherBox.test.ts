/** Restores where another box has been in between, and what of the day of the backup must not come back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { identityIn } from '../../appliance/backup/index.js';
import { writeList } from '../../appliance/backup/list.js';
import { makeBackup } from '../../appliance/backup/run.js';
import { seal } from '../../appliance/backup/sealing.js';
import { lockDataDirectory } from '../../appliance/storage/index.js';
import { verifyBackup } from '../../cli/backup.js';
import { boxCommandsOf } from '../support/commands.js';
import { AS_THE_CALLER, AS_THE_SERVICE } from '../../cli/boxCommands.js';
import { restore } from '../../cli/restore.js';
import { packageRoot } from '../../models/manifest.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory } from '../support/scratch.js';
import { ask, backupsOf, enrol, filledStore, LIST, namesIn, orderOf, quiet, START, toFolder, vaultOf, type FilledStore } from './store.js';

const files = (dataDirectory: string) => ({ dataDirectory, credentialsDirectory: null });
const ERASED = { scope: 'dossier', reason: 'erased', purposes: ['recognise', 'keep_photo', 'preferences', 'contact'] } as const;
/** Oldest first, whichever box made them. */
const backupsIn = (folder: string) => namesIn(folder).filter((name) => /\d\.age$/.test(name)).sort((a, b) => (a.slice(START.length) < b.slice(START.length) ? -1 : 1));
/** Seals a list to the store's public key, as anybody can who has seen the stick. */
async function forgeList(file: string, recipient: string, content: string): Promise<void> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await seal([recipient], (async function* () { yield Buffer.from(content); })())) pieces.push(piece);
  writeFileSync(file, Buffer.concat(pieces));
}
const photosAfterStart = (t: Test, store: FilledStore, customerId: string): number => {
  const rooms = openRooms(t, { dataDirectory: store.dataDirectory, clock: store.clock });
  try {
    return rooms.gallery.photosOf(customerId);
  } finally {
    rooms.close();
  }
};
const options = ({ keyFile }: FilledStore, replace = true) => ({ keyFile, replace, keyOut: null });

function namesAfterStart(t: Test, store: FilledStore, dataDirectory: string): string[] {
  const rooms = openRooms(t, { dataDirectory, clock: store.clock });
  try {
    return rooms.db.all<{ display_name: string }>('SELECT display_name FROM customer').map((row) => row.display_name);
  } finally {
    rooms.close();
  }
}

t.test('C11: a drill\'s spare with the same key is another box: who was deleted since stays deleted, and no consent comes back', async (t) => {
  const store = await filledStore(t);
  const { rooms, clock, leaving, staying } = store;
  const [first, second] = [temporaryDirectory(t), temporaryDirectory(t)];
  await makeBackup(orderOf(store, toFolder(first)), () => undefined);
  const spare = join(temporaryDirectory(t), 'data');
  t.match(await restore(join(first, backupsIn(first)[0]!), files(spare), options(store), clock, quiet), { sameBox: false });
  clock.move(86_400_000);
  const late = enrol(rooms, '后来收回的人');
  await makeBackup(orderOf(store, toFolder(second)), () => undefined);
  clock.move(86_400_000);
  for (const { id } of [late, leaving]) rooms.erasure.begin({ customerId: id, ...ERASED });
  await makeBackup(orderOf(store, toFolder(second)), () => undefined); // its list
  rooms.close();
  const restored = await restore(join(second, backupsIn(second)[0]!), files(spare), options(store), clock, quiet);
  t.match(restored, { sameBox: false, ended: 3, deletedAgain: 2, listIsComplete: true });
  t.strictSame(namesAfterStart(t, store, spare), [staying.name]);
});

t.test('the old box after its successor ran: its vault is not that of the successor\'s backup, and of its own the list tells what it missed', async (t) => {
  const store = await filledStore(t);
  const { rooms, clock, leaving, staying } = store;
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  rooms.close();
  const [own] = backupsIn(folder);
  const dataDirectory = join(temporaryDirectory(t), 'data');
  await restore(join(folder, own!), files(dataDirectory), options(store), clock, quiet);
  clock.move(86_400_000);
  const successor = { ...store, dataDirectory, rooms: openRooms(t, { dataDirectory, clock }) };
  successor.rooms.erasure.begin({ customerId: leaving.id, ...ERASED });
  clock.move(1_000);
  await makeBackup(orderOf(successor, toFolder(folder)), () => undefined);
  successor.rooms.close();
  const theirs = backupsIn(folder)[1]!;
  t.match(await restore(join(folder, own!), files(store.dataDirectory), options(store), clock, quiet), { sameBox: true, ended: 0, deletedAgain: 1, listIsComplete: true });
  t.strictSame(namesAfterStart(t, store, store.dataDirectory), [staying.name], 'deleted by the successor, and known from the list alone');
  t.equal(photosAfterStart(t, store, staying.id), 2, 'and nobody else\'s face went with it');
  t.match(await restore(join(folder, theirs), files(store.dataDirectory), options(store), clock, quiet), { sameBox: false });
});

t.test('a spare that writes to the store\'s own place takes nothing from it: neither its list nor a backup, nor the faces of the store\'s own box', async (t) => {
  const store = await filledStore(t);
  const { rooms, clock, leaving, staying } = store;
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder), { keep: 2 }), () => undefined);
  const [first] = backupsIn(folder);
  const dataDirectory = join(temporaryDirectory(t), 'data');
  await restore(join(folder, first!), files(dataDirectory), options(store), clock, quiet);
  const spare = { ...store, dataDirectory, rooms: openRooms(t, { dataDirectory, clock }) };
  const theirs = backupsOf(spare, toFolder(folder), { keep: 2 });
  t.notOk(theirs.isDue(), 'by itself it makes none');
  await theirs.nightly();
  t.strictSame(namesIn(folder), [first, LIST]);
  for (let i = 0; i < 3; i += 1) {
    clock.move(1_000);
    t.match(await theirs.begin('staff', { staffId: 's', deviceId: 'd' }).done, { outcome: 'done' }, 'asked for, it does');
  }
  spare.rooms.close();
  t.ok(namesIn(folder).includes(first!), 'KEEP counts its own');
  t.equal(namesIn(folder).filter((name) => name.endsWith('-deletions.age')).length, 2);

  clock.move(86_400_000);
  rooms.erasure.begin({ customerId: leaving.id, ...ERASED });
  await makeBackup(orderOf(store, toFolder(folder), { keep: 14 }), () => undefined); // its list
  rooms.close();
  const fresh = join(temporaryDirectory(t), 'data');
  t.match(await restore(join(folder, first!), files(fresh), options(store), clock, quiet), { sameBox: false, listIsComplete: true, listsRefused: [] });
  t.strictSame(namesAfterStart(t, store, fresh), [staying.name], 'new hardware: deleted in the store meanwhile');
  t.match(await restore(join(folder, first!), files(store.dataDirectory), options(store), clock, quiet), { sameBox: true, deletedAgain: 0, listIsComplete: true });
  t.strictSame(namesAfterStart(t, store, store.dataDirectory), [staying.name]);
  t.equal(photosAfterStart(t, store, staying.id), 2, 'the store\'s own box: the spare\'s list ended nobody\'s face');
  rmSync(join(folder, LIST));
  t.match(await restore(join(folder, first!), files(join(temporaryDirectory(t), 'data')), options(store), clock, quiet), { listMadeAt: null, listIsComplete: false }, 'the spare\'s list alone says nothing of the store\'s');
});

t.test('an empty box that was given the store\'s stick writes beside the store\'s list, and its own counts for nothing', async (t) => {
  const store = await filledStore(t);
  const { rooms, clock, leaving, staying } = store;
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  const [first] = backupsIn(folder);
  clock.move(86_400_000);
  rooms.erasure.begin({ customerId: leaving.id, ...ERASED });
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  rooms.close();
  const dataDirectory = temporaryDirectory(t);
  const empty = { ...store, dataDirectory, rooms: openRooms(t, { dataDirectory, clock }) };
  clock.move(1_000);
  t.match(await backupsOf(empty, toFolder(folder)).begin('console', { staffId: null, deviceId: null }).done, { outcome: 'done' });
  const strange = `portico-sh-01-${vaultOf(empty).slice(0, 8)}-deletions.age`;
  empty.rooms.close();
  const data = join(temporaryDirectory(t), 'data');
  t.match(await restore(join(folder, first!), files(data), options(store), clock, quiet), { listIsComplete: true, deletedAgain: 1, listsRefused: [strange] });
  t.strictSame(namesAfterStart(t, store, data), [staying.name]);
});

t.test('a list that anybody could have made counts as not there: it neither calls itself complete nor orders a deletion', async (t) => {
  const store = await filledStore(t);
  const { rooms, clock, leaving, staying } = store;
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  const file = join(folder, backupsIn(folder)[0]!);
  const vault = vaultOf(store);
  rooms.erasure.begin({ customerId: leaving.id, ...ERASED });
  const deletions = rooms.erasure.everyone();
  rooms.close();
  const header = { kind: 'portico-deletions' as const, storeId: 'sh-01', vault, madeAt: '2026-06-20T04:00:00.000Z', last: 999_999 };
  const lines = [header, ...deletions].map((each) => `${JSON.stringify(each)}\n`).join('');
  const told: string[] = [];
  const into = () => restore(file, files(join(temporaryDirectory(t), 'data')), options(store), clock, { ...quiet, line: (text) => told.push(text) });
  for (const [what, content] of [
    ['no seal', lines], ['a seal of zeros', `${lines}{"hmacSha256":"${'0'.repeat(64)}"}\n`], ['another database\'s seal', writeList({ header, deletions }, 'ab'.repeat(32)).toString()], ['nothing', ''],
    ['a line more', writeList({ header, deletions }, rooms.readerTicket.key).toString().replace('\n', `\n${JSON.stringify({ ...deletions[0], customerId: staying.id })}\n`)],
  ] as const) {
    await forgeList(join(folder, LIST), store.recipient, content);
    t.match(await into(), { listIsComplete: false, listMadeAt: null, deletedAgain: null, listsRefused: [LIST] }, what);
  }
  t.match(told.join('\n'), /ATTENTION: portico-sh-01-c0ffee01-deletions.age .*backup_list_not_ours/);
  await forgeList(join(folder, LIST), store.recipient, writeList({ header, deletions }, rooms.readerTicket.key).toString());
  t.match(await into(), { listIsComplete: true, deletedAgain: 1, listsRefused: [] }, 'the seal of the database\'s own key');
});

t.test('a box that pruned all its records of deletions is still the one that made its backup', async (t) => {
  const store = await filledStore(t);
  const { rooms, clock, leaving, staying } = store;
  rooms.erasure.begin({ customerId: leaving.id, ...ERASED });
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  clock.move(4 * 365 * 86_400_000);
  t.equal(rooms.erasure.prune(clock.now() - 86_400_000, []), 1);
  clock.move(-4 * 365 * 86_400_000);
  rooms.close();
  t.match(await restore(join(folder, backupsIn(folder)[0]!), files(store.dataDirectory), options(store), clock, quiet), { sameBox: true, ended: 0 });
  t.equal(photosAfterStart(t, store, staying.id), 2);
});

t.test('a list that is older than the backup, or of another store, is said to be: exit code 3 and its date', async (t) => {
  const store = await filledStore(t);
  const { rooms, clock, leaving } = store;
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  const old = join(temporaryDirectory(t), 'list');
  copyFileSync(join(folder, LIST), old);
  clock.move(86_400_000);
  rooms.erasure.begin({ customerId: leaving.id, ...ERASED });
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  rooms.close();
  const newest = join(folder, backupsIn(folder)[1]!);
  t.match(await restore(newest, files(join(temporaryDirectory(t), 'data')), options(store), clock, quiet), { listIsComplete: true });
  copyFileSync(old, join(folder, LIST));
  const line = [join(packageRoot(), 'dist/cli/portico.js'), '--json', 'restore', newest, '--key', store.keyFile, '--data', join(temporaryDirectory(t), 'data')];
  const running = spawn(process.execPath, line, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  running.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  t.strictSame((await once(running, 'close'))[0], 3);
  t.match(JSON.parse(out), { listIsComplete: false, listMadeAt: '2026-06-15T04:00:00.000Z' });
  const lines: string[] = [];
  await restore(newest, files(join(temporaryDirectory(t), 'data')), options(store), clock, { ...quiet, line: (text) => lines.push(text) });
  t.match(lines.join('\n'), /ATTENTION: that list is older than the backup. Whoever was deleted after 2026-06-15/);
  t.match(lines.join('\n'), /iPads and staff are those of 2026-06-16/);
});

t.test('sessions, what a machine knew of itself and a run that was under way do not come back; the clock that was seen does', async (t) => {
  const store = await filledStore(t);
  const { db } = store.rooms;
  for (const name of ['running', 'power_losses', 'clock_seen', 'disk_samples']) db.run('INSERT INTO box_fact (name, value, at_ms) VALUES (?, ?, ?)', name, '1', 5);
  db.run(`INSERT INTO backup_run (id, started_at_ms, target, asked_by, outcome) VALUES ('r', 1, 'folder', 'night', 'running')`);
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  store.rooms.close();
  const data = join(temporaryDirectory(t), 'data');
  await restore(join(folder, backupsIn(folder)[0]!), files(data), options(store), store.clock, quiet);
  t.strictSame(ask(data, 'SELECT name FROM box_fact'), [{ name: 'clock_seen' }]);
  t.strictSame(ask(data, 'SELECT id FROM backup_run'), []);
  t.strictSame(ask(data, 'SELECT staff_id FROM session'), []);
});

t.test('what a cut restore left is gone after the next start, and a verify that was stopped or killed leaves nothing', async (t) => {
  const store = await filledStore(t, { megabytes: 24 });
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  const left = join(store.dataDirectory, 'restoring');
  store.rooms.close();
  mkdirSync(join(left, 'tls'), { recursive: true });
  writeFileSync(join(left, 'portico.db'), 'half');
  const lock = lockDataDirectory(join(store.dataDirectory, 'portico.lock'));
  t.throws(() => openRooms(t, { dataDirectory: store.dataDirectory, clock: store.clock }), { code: 'db_in_use' });
  t.ok(existsSync(left), 'not while somebody else holds the folder');
  lock.release();
  openRooms(t, { dataDirectory: store.dataDirectory, clock: store.clock }).close();
  t.notOk(existsSync(left));
  const [name] = backupsIn(folder);
  for (const [signal, stays] of [['SIGINT', 0], ['SIGTERM', 0], ['SIGKILL', 1]] as const) {
    const work = temporaryDirectory(t);
    const running = spawn(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), 'backup', 'verify', join(folder, name!), '--key', store.keyFile, '--work', work], { env: { PATH: process.env['PATH'] }, stdio: 'ignore' });
    const ended = once(running, 'exit');
    const inside = () => readdirSync(work).flatMap((each) => readdirSync(join(work, each)));
    while (running.exitCode === null && inside().length === 0) await new Promise((resolve) => { setTimeout(resolve, 2); });
    t.strictSame(inside(), ['portico.db'], 'nothing but the encrypted database');
    running.kill(signal);
    await ended;
    t.equal(readdirSync(work).length, stays, signal);
    await verifyBackup(join(folder, name!), store.keyFile, work, quiet);
    t.strictSame(readdirSync(work), [], 'the next run clears up');
  }
});

t.test('a key typed on several lines is read; two keys are not', async (t) => {
  const { identity } = await filledStore(t);
  t.throws(() => identityIn(`${identity}\n${identity}\n`), { code: 'key_file_invalid' });
  t.throws(() => identityIn('# nothing\n'), { code: 'key_file_invalid' });
  t.equal(identityIn(`# typed\n${identity.slice(0, 45).toLowerCase()}\n ${identity.slice(45).replace(/(.{6})/g, '$1 ')}\n`), identity);
});

t.test('the command of the package knows whom each command of the program runs as', (t) => {
  const script = readFileSync(join(packageRoot(), 'packaging/deb/portico'), 'utf8');
  const line = /^ {2}('audit '\* \|.*\*)\) ;;$/m.exec(script)?.[1] ?? '';
  const served = line.split('|').map((pattern) => pattern.trim().replace(/^'|'\*?$|\*$/g, '').replace(/'$/, '').trim()).sort();
  t.strictSame(served, [...AS_THE_SERVICE].sort());
  const named = [...AS_THE_SERVICE, ...AS_THE_CALLER];
  for (const command of boxCommandsOf()) t.equal(named.filter((name) => command === name || command.startsWith(`${name} `)).length, 1, command);
  for (const name of named) t.ok(boxCommandsOf().some((command) => command === name || command.startsWith(`${name} `)), name);
  t.end();
});
