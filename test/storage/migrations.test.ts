/** Migrating: an exact prefix, all or nothing, a copy first. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { isPorticoError } from '../../appliance/kit/index.js';
import { MIGRATIONS_DIRECTORY, openStorage, type Storage } from '../../appliance/storage/index.js';
import { readMigrations } from '../../appliance/storage/migrations.js';
import { TestClock, temporaryDirectory } from '../support/scratch.js';

const FIRST = 'CREATE TABLE one (id INTEGER PRIMARY KEY, text TEXT) STRICT;';
const SECOND = 'ALTER TABLE one ADD COLUMN more TEXT; CREATE TABLE two (id INTEGER PRIMARY KEY) STRICT;';

function folder(t: Test, files: Record<string, string>): string {
  const directory = temporaryDirectory(t);
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(directory, name), sql);
  return directory;
}
const open = (dataDirectory: string, migrationsDirectory: string): Storage =>
  openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock(1_000), migrationsDirectory });

function codeOf(work: () => Storage): string {
  try {
    work().close();
  } catch (error) {
    return isPorticoError(error) ? error.code : (error as Error).message;
  }
  return 'opened';
}
const tables = (storage: Storage) => storage.db.all<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`).map(({ name }) => name);

t.test('new files are applied after the old ones, recorded, and a copy of before is put aside', async (t) => {
  const data = temporaryDirectory(t);
  const one = open(data, folder(t, { '0001-first.sql': FIRST }));
  one.db.run('INSERT INTO one (text) VALUES (?)', '以前');
  t.strictSame(tables(one), ['migration', 'one']);
  one.close();
  t.notOk(readdirSync(data).includes('backups'), 'a new database needs no copy');

  const both = folder(t, { '0001-first.sql': FIRST, '0002-second.sql': SECOND });
  const two = open(data, both);
  t.strictSame(tables(two), ['migration', 'one', 'two']);
  t.match(two.db.all('SELECT number, name, applied_at_ms FROM migration ORDER BY number'),
    [{ number: 1, name: 'first', applied_at_ms: 1_000 }, { number: 2, name: 'second' }]);
  t.match(two.db.all('SELECT text, more FROM one'), [{ text: '以前', more: null }]);
  two.close();

  const copies = readdirSync(join(data, 'backups'));
  t.strictSame(copies, ['before-migration-0002.db']);
  const copy = readFileSync(join(data, 'backups', copies[0]!));
  t.notOk(copy.includes('以前') || copy.includes('SQLite format 3'), 'encrypted like the original');
  const restored = temporaryDirectory(t);
  writeFileSync(join(restored, 'portico.db'), copy);
  writeFileSync(join(restored, 'db-key'), readFileSync(join(data, 'db-key')));
  const before = open(restored, folder(t, { '0001-first.sql': FIRST }));
  t.match(before.db.all('SELECT text FROM one'), [{ text: '以前' }], 'and it opens with the same key');
  before.close();

  const again = open(data, both);
  t.equal(again.db.all('SELECT 1 FROM migration').length, 2, 'nothing is applied twice');
  again.close();
});

t.test('one that fails takes back all that were pending', async (t) => {
  const data = temporaryDirectory(t);
  const good = folder(t, { '0001-first.sql': FIRST });
  open(data, good).close();
  const bad = folder(t, { '0001-first.sql': FIRST, '0002-second.sql': SECOND, '0003-third.sql': 'CREATE TABLE three (id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1);' });
  t.match(codeOf(() => open(data, bad)), /no such table: nowhere/);
  const after = open(data, good);
  t.strictSame(tables(after), ['migration', 'one'], 'neither the second nor the third');
  t.equal(after.db.all('SELECT 1 FROM migration').length, 1);
  after.close();
});

t.test('another history than the files is refused and left alone', async (t) => {
  const data = temporaryDirectory(t);
  open(data, folder(t, { '0001-first.sql': FIRST, '0002-second.sql': SECOND })).close();
  const before = readFileSync(join(data, 'portico.db'));
  t.equal(codeOf(() => open(data, folder(t, { '0001-first.sql': FIRST }))), 'db_from_newer_version', 'a newer box was here');
  t.equal(codeOf(() => open(data, folder(t, { '0001-first.sql': `${FIRST} `, '0002-second.sql': SECOND }))), 'db_from_newer_version', 'a file was changed');
  t.equal(codeOf(() => open(data, folder(t, { '0001-first.sql': SECOND, '0002-second.sql': FIRST, '0003-x.sql': FIRST }))), 'db_from_newer_version', 'another order');
  t.ok(readFileSync(join(data, 'portico.db')).equals(before), 'not a byte was changed');
});

t.test('files with a gap, a double number or another name are refused', async (t) => {
  for (const files of [['0002-a.sql'], ['0001-a.sql', '0003-b.sql'], ['0001-a.sql', '0001-b.sql'], ['0001-a.sql', '2-b.sql'], ['0001-A.sql'], ['first.sql']]) {
    t.throws(() => readMigrations(folder(t, Object.fromEntries(files.map((name) => [name, FIRST])))), /out of order/, files.join());
  }
  t.equal(readMigrations(folder(t, { '0001-a.sql': FIRST, 'README.md': 'x' })).length, 1, 'other files do not matter');
});

t.test('the newest three copies are kept', async (t) => {
  const data = temporaryDirectory(t);
  const files: Record<string, string> = { '0001-first.sql': FIRST };
  open(data, folder(t, files)).close();
  for (let number = 2; number <= 6; number += 1) {
    files[`000${number}-more.sql`] = `CREATE TABLE more_${number} (id INTEGER PRIMARY KEY) STRICT;`;
    open(data, folder(t, files)).close();
  }
  t.strictSame(readdirSync(join(data, 'backups')).sort(), ['before-migration-0004.db', 'before-migration-0005.db', 'before-migration-0006.db']);
});

t.test('the product\'s own files are in order and keep every table strict', async (t) => {
  const own = readMigrations(MIGRATIONS_DIRECTORY);
  t.ok(own.length >= 1);
  const storage = open(temporaryDirectory(t), MIGRATIONS_DIRECTORY);
  const listed = storage.db.all<{ name: string; type: string; strict: number }>(`SELECT name, type, strict FROM pragma_table_list WHERE schema IN ('main', 'vault')`);
  for (const { name, type, strict } of listed) {
    if (type === 'table' && !name.startsWith('sqlite_') && !name.startsWith('template_vector')) t.equal(strict, 1, name);
  }
  t.strictSame(storage.db.all('PRAGMA foreign_key_check'), []);
  t.match(storage.db.get('PRAGMA foreign_keys'), { foreign_keys: 1 });
  for (const file of ['main', 'vault']) {
    t.match(storage.db.get(`PRAGMA ${file}.journal_mode`), { journal_mode: 'wal' }, file);
    t.match(storage.db.get(`PRAGMA ${file}.synchronous`), { synchronous: 2 }, file);
    t.match(storage.db.get(`PRAGMA ${file}.secure_delete`), { secure_delete: 1 }, file);
  }
  storage.close();
});

t.test('a transaction is all or nothing, refuses to wait, and tells only of what was written', async (t) => {
  const { db, close } = open(temporaryDirectory(t), folder(t, { '0001-first.sql': FIRST }));
  const told: string[] = [];
  const count = () => db.get<{ n: number }>('SELECT count(*) AS n FROM one')!.n;
  t.throws(() => db.transaction(() => {
    db.run('INSERT INTO one (text) VALUES (?)', 'a');
    db.afterCommit(() => told.push('rolled back'));
    throw new Error('no');
  }), /no/);
  t.equal(count(), 0);
  t.throws(() => db.transaction(() => {
    db.run('INSERT INTO one (text) VALUES (?)', 'a');
    return Promise.resolve();
  }), TypeError);
  t.equal(count(), 0, 'the promise is refused and nothing is kept');
  db.transaction(() => {
    db.run('INSERT INTO one (text) VALUES (?)', 'a');
    db.transaction(() => {
      db.run('INSERT INTO one (text) VALUES (?)', 'b');
      db.afterCommit(() => told.push('inner'));
    });
    db.afterCommit(() => told.push(`outer ${count()}`));
    t.strictSame(told, [], 'not before the commit');
  });
  t.strictSame(told, ['inner', 'outer 2']);
  db.afterCommit(() => told.push('at once'));
  t.equal(told.at(-1), 'at once', 'outside a transaction');
  close();
});
