/** A backup put back: refused where it must be, onto new hardware and onto the same box, whole or not at all. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { openBackup } from '../../appliance/backup/index.js';
import { makeBackup } from '../../appliance/backup/run.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { finishReplacing, lockDataDirectory } from '../../appliance/storage/index.js';
import { restore } from '../../cli/restore.js';
import { pagesOf, piecesIn } from '../support/disk.js';
import { faceOnDisk } from '../support/faces.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory } from '../support/scratch.js';
import { ask, filledStore, namesIn, orderOf, quiet, toFolder, type FilledStore, type Person } from './store.js';

const OLD = 'portico-sh-01-c0ffee01-20260615-040000.age';
const NEW = 'portico-sh-01-c0ffee01-20260616-040000.age';
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'accepted', (error: unknown) => (isPorticoError(error) ? error.code : String(error)));

/** A store with a backup from before a customer was erased and another took back a purpose, and one from after. The box stands still. */
async function twoBackups(t: Test) {
  const store = await filledStore(t);
  const folder = temporaryDirectory(t);
  const { rooms, clock, leaving, staying } = store;
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  const secrets = faceOnDisk(store.dataDirectory, staying.id);
  rooms.erasure.begin({ customerId: leaving.id, scope: 'dossier', reason: 'erased', purposes: ['recognise', 'keep_photo', 'preferences', 'contact'] });
  const narrowed = rooms.customers.create({ displayName: '收回偏好的人' }).id;
  clock.move(86_400_000);
  await makeBackup(orderOf(store, toFolder(folder), { deletions: rooms.erasure.everyone(), atMs: clock.now() }), () => undefined);
  rooms.close();
  return { ...store, folder, secrets, narrowed };
}
type Two = Awaited<ReturnType<typeof twoBackups>>;
const options = (store: FilledStore, change: { replace?: boolean; keyOut?: string; keyFile?: string; signedBy?: string } = {}) => ({ keyFile: store.keyFile, replace: false, keyOut: null, ...change });
const files = (dataDirectory: string) => ({ dataDirectory, credentialsDirectory: null });

/** Starts the rooms and says who is there. */
function whoIsThere(t: Test, two: Two, dataDirectory: string) {
  const rooms = openRooms(t, { dataDirectory, clock: two.clock });
  try {
    const names = rooms.db.all<{ display_name: string }>('SELECT display_name FROM customer ORDER BY display_name').map(({ display_name: name }) => name);
    const state = (person: Person) => (names.includes(person.name) ? { facts: rooms.customers.hasFacts(person.id), covered: rooms.consent.covers(person.id, 'recognise'), photos: rooms.gallery.photosOf(person.id) } : null);
    return { names, leaving: state(two.leaving), staying: state(two.staying), consents: rooms.consent.records.history(two.staying.id).length, pending: rooms.erasure.pending().length, replayed: rooms.audit.page({ limit: 50, action: 'deletion_replayed' }).entries.length };
  } finally {
    rooms.close();
  }
}

t.test('a running box, a filled folder, a wrong key and a damaged file are refused, and what is there stays as it was', async (t) => {
  const two = await twoBackups(t);
  const before = readFileSync(join(two.dataDirectory, 'portico.db'));
  const into = (change: Parameters<typeof options>[1], file = OLD) => codeOf(restore(join(two.folder, file), files(two.dataDirectory), options(two, change), two.clock, quiet));
  t.equal(await into({}), 'restore_target_in_use');
  const lock = lockDataDirectory(join(two.dataDirectory, 'portico.lock'));
  t.equal(await into({ replace: true }), 'db_in_use');
  lock.release();
  const wrong = join(temporaryDirectory(t), 'wrong.key');
  writeFileSync(wrong, 'AGE-SECRET-KEY-1234');
  t.equal(await into({ replace: true, keyFile: wrong }), 'key_file_invalid');
  t.equal(await into({ replace: true, signedBy: 'A'.repeat(43) }), 'backup_signed_by_another');
  const damaged = readFileSync(join(two.folder, OLD));
  damaged[damaged.length >> 1]! ^= 1;
  writeFileSync(join(two.folder, 'damaged.age'), damaged);
  t.equal(await into({ replace: true }, 'damaged.age'), 'backup_not_ours');
  t.match(await into({ replace: true }, 'nothing.age'), /is not there/);
  t.ok(readFileSync(join(two.dataDirectory, 'portico.db')).equals(before));
  t.notOk(existsSync(join(two.dataDirectory, 'restoring')));
});

t.test('C11: new hardware: dossiers, records of consent and the trust of the iPads are back, faces are not, and whoever was deleted stays deleted', async (t) => {
  const two = await twoBackups(t);
  for (const [name, deletedAgain] of [[NEW, 0], [OLD, 1]] as const) {
    const dataDirectory = join(temporaryDirectory(t), 'data');
    const restored = await restore(join(two.folder, name), files(dataDirectory), options(two), two.clock, quiet);
    t.match(restored, { sameBox: false, deletedAgain, ended: name === NEW ? 1 : 2 }, name);
    t.match(namesIn(dataDirectory).filter((each) => !each.startsWith('portico.')), ['db-key', 'restored-settings.env', 'tls', 'vault']);
    t.match(ask(dataDirectory, `SELECT detail FROM audit_entry WHERE action = 'backup_restored'`), [{ detail: /"sameBox":false/ }]);
    const there = whoIsThere(t, two, dataDirectory);
    t.equal(there.leaving, null, 'the one who was deleted');
    t.match(there.staying, { facts: true, covered: false, photos: 0 }, 'the other: dossier, no face');
    t.ok(there.consents > 0, 'what was signed is still on record');
    t.equal(there.pending, 0);
    t.equal(readFileSync(join(dataDirectory, 'tls', 'root.crt'), 'utf8'), readFileSync(join(two.dataDirectory, 'tls', 'root.crt'), 'utf8'), 'the same root');
    for (const file of ['portico.db', 'db-key', 'restored-settings.env', 'tls/root.key']) t.equal(statSync(join(dataDirectory, file)).mode & 0o077, 0, file);
    t.equal(ask(dataDirectory, 'SELECT 1 FROM customer WHERE id = ?', two.leaving.id).length, 0);
  }
  const alone = temporaryDirectory(t);
  cpSync(join(two.folder, OLD), join(alone, OLD));
  const lines: string[] = [];
  const dataDirectory = join(temporaryDirectory(t), 'data');
  const restored = await restore(join(alone, OLD), files(dataDirectory), options(two), two.clock, { ...quiet, line: (text) => lines.push(text) });
  t.equal(restored.deletedAgain, null);
  t.match(lines.join('\n'), /ATTENTION: no list of deletions/, 'without the list it says so');
});

t.test('C11: the same box: faces stay enrolled, and the deletion is done again out of the vault', async (t) => {
  const two = await twoBackups(t);
  rmSync(join(two.folder, 'portico-sh-01-c0ffee01-deletions.age'));
  const restored = await restore(join(two.folder, OLD), files(two.dataDirectory), options(two, { replace: true }), two.clock, quiet);
  t.match(restored, { sameBox: true, ended: 0, deletedAgain: null });
  const there = whoIsThere(t, two, two.dataDirectory);
  t.equal(there.leaving, null);
  t.match(there.staying, { facts: true, covered: true, photos: 2 });
  t.equal(there.replayed, 1);
  t.notOk(there.names.includes('收回偏好的人'), 'what came after the backup is gone');
});

t.test('another box\'s vault is not taken for this one\'s; with --key-out the key is never in the data folder', async (t) => {
  const two = await twoBackups(t);
  const other = await filledStore(t);
  other.rooms.close();
  const keyOut = join(temporaryDirectory(t), 'db-key');
  writeFileSync(keyOut, 'something else');
  const into = () => restore(join(two.folder, NEW), files(other.dataDirectory), options(two, { replace: true, keyOut }), two.clock, quiet);
  t.equal(await codeOf(into()), 'key_file_exists');
  t.equal(ask(other.dataDirectory, 'SELECT 1 FROM customer WHERE id = ?', other.staying.id).length, 1, 'nothing was replaced');
  rmSync(keyOut);
  rmSync(join(other.dataDirectory, 'db-key'));
  t.match(await into(), { sameBox: false });
  t.equal(statSync(keyOut).mode & 0o777, 0o600);
  t.notOk(existsSync(join(other.dataDirectory, 'db-key')));
  cpSync(keyOut, join(other.dataDirectory, 'db-key'));
  t.match(whoIsThere(t, two, other.dataDirectory).staying, { facts: true, photos: 0 });
});

t.test('what was put where agreed files lie is not followed to the files of others: root finishes a restore in a folder that is the service\'s', async (t) => {
  const [dataDirectory, others] = [temporaryDirectory(t), temporaryDirectory(t)];
  mkdirSync(join(others, 'tls'));
  writeFileSync(join(others, 'tls', 'server.key'), 'of another service');
  symlinkSync(others, join(dataDirectory, 'restored'));
  t.throws(() => finishReplacing(dataDirectory), { code: 'data_directory_unusable' });
  t.throws(() => openRooms(t, { dataDirectory }), { code: 'data_directory_unusable' }, 'nor does the box start over it');
  t.ok(existsSync(join(others, 'tls', 'server.key')));
  t.notOk(existsSync(join(dataDirectory, 'tls')));
});

t.test('C19: no template, no picture and no key of the vault is in a backup', async (t) => {
  const two = await twoBackups(t);
  const { photos, pictures, means, clear } = two.secrets;
  t.ok(clear.length > 0 && means.length > 0 && photos.length > 0 && pictures.length > 0);
  const unpacked = temporaryDirectory(t);
  const { key } = await openBackup(join(two.folder, OLD), two.identity, unpacked, () => undefined);
  t.strictSame(readdirSync(unpacked), ['portico.db'], 'the key is in no file');
  writeFileSync(join(unpacked, 'db-key'), key);
  const pages = pagesOf(unpacked, 'portico.db');
  t.ok(piecesIn(pages, ...photos) > 0, 'sealed rows are there, so the search finds what is there');
  t.equal(piecesIn(pages, ...clear, ...means), 0);
  const vault = ask<{ name: string }>(unpacked, `SELECT name FROM sqlite_master WHERE name IN ('customer_key', 'template_vector')`);
  t.strictSame(vault, []);
});

t.test('cut off at any step, a restore leaves the old box or the new one', { timeout: 240_000 }, async (t) => {
  const two = await twoBackups(t);
  const child = fileURLToPath(new URL('restoreChild.js', import.meta.url));
  const outcomes: string[] = [];
  for (const [step, same] of [...['begin', 'unpack', 'vault', 'record', 'key', 'commit', 'moved 1', 'moved 3', 'done'].map((each) => [each, false] as const), ['commit', true], ['moved 1', true]] as const) {
    const dataDirectory = join(temporaryDirectory(t), 'data');
    if (same) cpSync(two.dataDirectory, dataDirectory, { recursive: true });
    else {
      const old = await filledStore(t, { dataDirectory });
      old.rooms.customers.create({ displayName: '旧盒的人' });
      old.rooms.close();
    }
    const running = spawn(process.execPath, [child, join(two.folder, OLD), dataDirectory, two.keyFile, String(two.clock.now()), step], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    running.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
    const [, signal] = await once(running, 'exit') as [number | null, string | null];
    t.equal(signal, 'SIGKILL', `${step}: ${errors}`);
    const there = whoIsThere(t, two, dataDirectory);
    const isOld = same ? there.names.includes('收回偏好的人') && there.staying?.photos === 2 : there.names.includes('旧盒的人');
    const isNew = !isOld && there.staying?.facts === true && there.leaving === null && there.pending === 0 && there.staying.photos === (same ? 2 : 0);
    t.ok(isOld !== isNew, `${step}: ${JSON.stringify(there)}`);
    outcomes.push(isOld ? 'old' : 'new');
    t.notOk(readdirSync(dataDirectory).includes('restored'), 'nothing half moved in');
    mkdirSync(dataDirectory, { recursive: true });
    t.match(await restore(join(two.folder, OLD), files(dataDirectory), options(two, { replace: true }), two.clock, quiet), { madeAt: String }, 'and run again it goes through');
  }
  t.strictSame(outcomes, ['old', 'old', 'old', 'old', 'old', 'old', 'new', 'new', 'new', 'old', 'new']);
});
