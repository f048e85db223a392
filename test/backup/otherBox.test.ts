/** Restores where another box has been in between, and what of the day of the backup must not come back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { identityIn } from '../../appliance/backup/index.js';
import { makeBackup } from '../../appliance/backup/run.js';
import { lockDataDirectory } from '../../appliance/storage/index.js';
import { verifyBackup } from '../../cli/backup.js';
import { boxCommandsOf } from '../support/commands.js';
import { AS_THE_CALLER, AS_THE_SERVICE } from '../../cli/boxCommands.js';
import { restore } from '../../cli/restore.js';
import { packageRoot } from '../../models/manifest.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory } from '../support/scratch.js';
import { ask, enrol, filledStore, namesIn, orderOf, quiet, toFolder, type FilledStore } from './store.js';

const files = (dataDirectory: string) => ({ dataDirectory, credentialsDirectory: null });
const ERASED = { scope: 'dossier', reason: 'erased', purposes: ['recognise', 'keep_photo', 'preferences', 'contact'] } as const;
const LIST = 'portico-sh-01-deletions.age';
const backupsIn = (folder: string) => namesIn(folder).filter((name) => /\d\.age$/.test(name));
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
  t.match(await restore(join(folder, own!), files(store.dataDirectory), options(store), clock, quiet), { sameBox: true, ended: 0, deletedAgain: 3, listIsComplete: true });
  t.strictSame(namesAfterStart(t, store, store.dataDirectory), [staying.name], 'deleted by the successor, and known from the list alone');
  t.match(await restore(join(folder, theirs), files(store.dataDirectory), options(store), clock, quiet), { sameBox: false });
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
