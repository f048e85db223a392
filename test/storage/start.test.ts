/** Starting on a data folder in every state: keys, locks, damage, power cuts. */
import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { isPorticoError } from '../../appliance/kit/index.js';
import { openStorage, type Storage } from '../../appliance/storage/index.js';
import { startBox, TestClock, temporaryDirectory } from '../support/box.js';
import { decryptedPages, filesBelow } from '../support/disk.js';

const open = (dataDirectory: string, credentialsDirectory: string | null = null): Storage =>
  openStorage({ dataDirectory, credentialsDirectory, maxBytes: null, clock: new TestClock() });

function codeOf(work: () => Storage): string {
  try {
    work().close();
  } catch (error) {
    return isPorticoError(error) ? error.code : `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'opened';
}

/** All files of a folder as one can compare; not the lock, nor SQLite's scratch index of the log (-shm). */
function contents(directory: string): Record<string, string> {
  return Object.fromEntries(filesBelow(directory).filter(({ path }) => !/portico\.lock|-shm$/.test(path)).map(({ path, bytes }) => [path, bytes.toString('base64')]));
}

/** A data folder with something in it, closed in good order. */
function usedFolder(t: Test): string {
  const directory = temporaryDirectory(t);
  const storage = open(directory);
  storage.db.run(`INSERT INTO customer (id, display_name, created_at_ms) VALUES ('c', '明文姓名', 1)`);
  storage.close();
  return directory;
}

/** The same folder as a power cut would leave it: the write-ahead log is still there. */
function cutOffFolder(t: Test): string {
  const [directory, copy] = [temporaryDirectory(t), temporaryDirectory(t)];
  const storage = open(directory);
  storage.db.run(`INSERT INTO customer (id, display_name, created_at_ms) VALUES ('c', '明文姓名', 1)`);
  cpSync(directory, copy, { recursive: true, filter: (path) => !path.endsWith('portico.lock') });
  storage.close();
  return copy;
}

t.test('a first start makes a key and a file that only the owner may read, in any umask', async (t) => {
  const directory = join(temporaryDirectory(t), 'data');
  const umask = process.umask(0o000);
  const storage = open(directory);
  process.umask(umask);
  storage.db.run(`INSERT INTO customer (id, display_name, created_at_ms) VALUES ('c', 'x', 1)`);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  const files = filesBelow(directory).filter(({ path }) => !path.includes('portico.lock'));
  t.equal(statSync(join(directory, 'vault')).mode & 0o777, 0o700);
  t.ok(['db-key', 'portico.db', 'portico.db-wal', 'vault.db', 'vault.db-wal'].every((name) => files.some(({ path }) => path.endsWith(name))), 'all are there');
  for (const { path, mode } of files) t.equal(mode.toString(8), '600', path);
  t.match(readFileSync(join(directory, 'db-key'), 'utf8'), /^[0-9a-f]{64}\n$/);
  storage.close();
});

t.test('nothing is in clear on the disk, log included', async (t) => {
  const directory = cutOffFolder(t);
  for (const { path, bytes } of filesBelow(directory)) {
    for (const text of ['明文姓名', 'SQLite format 3', 'CREATE TABLE', 'customer']) t.notOk(bytes.includes(text), `${path}: ${text}`);
  }
  t.ok(decryptedPages(directory).some((page) => page.includes('明文姓名')), 'it is there for who has the key');
});

for (const [state, folder] of [['closed in good order', usedFolder], ['after a power cut', cutOffFolder]] as const) {
  t.test(`a wrong key says so and touches nothing: ${state}`, async (t) => {
    const directory = folder(t);
    const right = readFileSync(join(directory, 'db-key'));
    writeFileSync(join(directory, 'db-key'), randomBytes(32).toString('hex'));
    const before = contents(directory);
    t.equal(codeOf(() => open(directory)), 'db_key_wrong');
    t.equal(codeOf(() => open(directory)), 'db_key_wrong', 'again');
    t.strictSame(Object.keys(contents(directory)), Object.keys(before), 'the same files');
    const after = contents(directory);
    for (const [path, bytes] of Object.entries(before)) t.ok(after[path] === bytes, `${path}: the same bytes`);
    writeFileSync(join(directory, 'db-key'), right);
    const storage = open(directory);
    t.match(storage.db.get('SELECT display_name FROM customer'), { display_name: '明文姓名' }, 'and the right key opens it');
    storage.close();
  });
}

t.test('a power cut loses nothing that was committed', async (t) => {
  const storage = open(cutOffFolder(t));
  t.match(storage.db.get('SELECT display_name FROM customer'), { display_name: '明文姓名' });
  t.match(storage.db.get('PRAGMA integrity_check'), { integrity_check: 'ok' });
  storage.close();
});

t.test('a database whose key is gone never gets another one', async (t) => {
  const directory = usedFolder(t);
  rmSync(join(directory, 'db-key'));
  const before = contents(directory);
  t.equal(codeOf(() => open(directory)), 'db_key_missing');
  t.strictSame(contents(directory), before);
});

t.test('a key of another form is refused', async (t) => {
  for (const text of ['', '\n', 'abc', 'g'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), `${'a'.repeat(32)} ${'a'.repeat(32)}`, `'; DROP TABLE staff; --`]) {
    const directory = usedFolder(t);
    writeFileSync(join(directory, 'db-key'), text);
    const before = contents(directory);
    t.equal(codeOf(() => open(directory)), 'db_key_malformed', JSON.stringify(text));
    t.strictSame(contents(directory), before);
  }
});

t.test('the key that systemd hands over comes first, and none is written beside it', async (t) => {
  const [directory, credentials] = [temporaryDirectory(t), temporaryDirectory(t)];
  writeFileSync(join(credentials, 'db-key'), `${'AB'.repeat(32)}\n`);
  const storage = open(directory, credentials);
  t.equal(storage.readerTicket.key, 'ab'.repeat(32));
  storage.close();
  t.notOk(readdirSync(directory).includes('db-key'));
  t.equal(codeOf(() => open(directory, credentials)), 'opened');
  t.equal(codeOf(() => open(directory)), 'db_key_missing', 'without systemd it does not open');
  writeFileSync(join(credentials, 'db-key'), 'cd'.repeat(32));
  t.equal(codeOf(() => open(directory, credentials)), 'db_key_wrong');
});

t.test('a credentials folder without this key means the key file', async (t) => {
  const directory = usedFolder(t);
  t.equal(codeOf(() => open(directory, temporaryDirectory(t))), 'opened');
});

t.test('one Portico for each data folder', async (t) => {
  const directory = temporaryDirectory(t);
  const first = open(directory);
  t.equal(codeOf(() => open(directory)), 'db_in_use');
  first.db.run(`INSERT INTO customer (id, display_name, created_at_ms) VALUES ('c', 'x', 1)`);
  first.close();
  t.equal(codeOf(() => open(directory)), 'opened', 'and the next when it has gone');
});

t.test('a failed start leaves the folder free', async (t) => {
  const directory = usedFolder(t);
  const key = readFileSync(join(directory, 'db-key'));
  writeFileSync(join(directory, 'db-key'), randomBytes(32).toString('hex'));
  t.equal(codeOf(() => open(directory)), 'db_key_wrong');
  writeFileSync(join(directory, 'db-key'), key);
  t.equal(codeOf(() => open(directory)), 'opened');
});

t.test('a damaged file says so', async (t) => {
  for (const [name, damage] of [
    ['all pages but the first', (bytes: Buffer) => { bytes.fill(0x5a, 4096); }],
    ['cut off in the middle', (bytes: Buffer) => bytes.subarray(0, 8192)],
  ] as const) {
    const directory = usedFolder(t);
    const file = join(directory, 'portico.db');
    const bytes = readFileSync(file);
    writeFileSync(file, damage(bytes) ?? bytes);
    t.equal(codeOf(() => open(directory)), 'db_corrupt', name);
  }
  const directory = usedFolder(t);
  writeFileSync(join(directory, 'portico.db'), Buffer.from('this is no database'.repeat(500)));
  t.match(codeOf(() => open(directory)), /^db_(key_wrong|corrupt)$/, 'another file altogether cannot be told from a wrong key');
});

t.test('a second box on the same folder does not start; stopped and started again, everything is still there', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startBox(t, { dataDirectory });
  const { id } = await first.owner.createCustomer({ displayName: '还在' });
  await t.rejects(startBox(t, { dataDirectory }), { code: 'db_in_use' });
  t.equal((await first.owner.send('GET', '/api/v1/customers')).status, 200, 'the first goes on');
  await first.stop();

  const second = await startBox(t, { dataDirectory });
  t.equal(second.appliance.ownerCode, null);
  t.equal(second.appliance.rootPem, first.appliance.rootPem, 'the same trust');
  t.match((await second.stranger().send('GET', '/api/v1/box')).body, { ownerNeeded: false, devicePaired: false });
  await second.stop();
  const reopened = open(dataDirectory);
  t.match(reopened.db.get('SELECT display_name FROM customer WHERE id = ?', id), { display_name: '还在' });
  reopened.close();
});
