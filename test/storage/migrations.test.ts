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
const open = (dataDirectory: string, migrationsDirectory: string, maxBytes: number | null = null): Storage =>
  openStorage({ dataDirectory, credentialsDirectory: null, maxBytes, clock: new TestClock(1_000), migrationsDirectory });

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

t.test('a full box takes an update; the limit holds again after it', async (t) => {
  const data = temporaryDirectory(t);
  open(data, folder(t, { '0001-first.sql': FIRST })).close();
  const { db, close } = open(data, folder(t, { '0001-first.sql': FIRST, '0002-second.sql': `${SECOND} INSERT INTO one (text) VALUES (hex(randomblob(3000000)));` }), 4_096);
  t.equal(db.all('SELECT id FROM one').length, 1);
  t.throws(() => db.run('INSERT INTO one (text) VALUES (hex(randomblob(3000000)))'), { code: 'storage_full' });
  close();
});

t.test('0008: the last contact is read off what is stored, of merged dossiers too, and moves on from there', async (t) => {
  const data = temporaryDirectory(t);
  const files = readdirSync(MIGRATIONS_DIRECTORY).filter((name) => name.endsWith('.sql'));
  const before = open(data, folder(t, Object.fromEntries(files.filter((name) => name < '0008').map((name) => [name, readFileSync(join(MIGRATIONS_DIRECTORY, name), 'utf8')]))));
  const customer = (id: string, into: string | null = null) => before.db.run('INSERT INTO customer (id, display_name, created_at_ms, merged_into_id) VALUES (?, ?, 100, ?)', id, id, into);
  before.db.exec(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('s', '店长', 'manager', 'x', 0);
    INSERT INTO device (id, name, token_hash, paired_at_ms) VALUES ('d', 'iPad', x'00', 0);
    INSERT INTO notice (id, version, hash, max_term_days, published_at_ms) VALUES ('t', 1, 'x', 366, 0);`);
  for (const id of ['made', 'came', 'noted', 'promised', 'done', 'signed', 'kept']) customer(id);
  customer('middle', 'kept');
  customer('former', 'middle');
  const followUp = (id: string, of: string, doneAtMs: number | null) =>
    before.db.run(`INSERT INTO follow_up (id, customer_id, text, author_id, at_ms, done_at_ms) VALUES (?, ?, 'x', 's', 400, ?)`, id, of, doneAtMs);
  before.db.exec(`INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, arrival) VALUES ('v', 'came', 150, 200, 'by_hand');
    INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES ('n', 'noted', 'x', 's', 300);
    INSERT INTO customer_merge (id, from_id, into_id, staff_id, at_ms) VALUES ('m1', 'former', 'middle', 's', 610), ('m2', 'middle', 'kept', 's', 620);`);
  followUp('f1', 'promised', null);
  followUp('f2', 'done', 500);
  const sign = (db: typeof before.db, id: string, of: string, atMs: number) => db.run(
    `INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, purposes_given, ended_at_ms, end_reason)
     VALUES (?, ?, 't', 'x', 'en', ?, '2027-01-01', 's', 'd', '{}', 'recognise', ?, 'replaced')`, id, of, atMs, atMs + 1);
  sign(before.db, 'c1', 'signed', 600);
  sign(before.db, 'c2', 'former', 700);
  before.close();

  const { db, close } = open(data, MIGRATIONS_DIRECTORY);
  const last = () => Object.fromEntries(db.all<{ id: string; last_contact_ms: number }>('SELECT id, last_contact_ms FROM customer').map((row) => [row.id, row.last_contact_ms]));
  t.strictSame(last(), { made: 100, came: 200, noted: 300, promised: 400, done: 500, signed: 600, kept: 700, middle: 700, former: 700 });

  db.exec(`INSERT INTO customer (id, display_name, created_at_ms) VALUES ('new', 'x', 1000);
    UPDATE visit SET last_seen_at_ms = 1100 WHERE id = 'v';
    INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, arrival) VALUES ('v2', 'made', 1150, 1200, 'by_hand');
    INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES ('n2', 'noted', 'x', 's', 1300), ('n3', 'done', 'x', 's', 1);
    INSERT INTO follow_up (id, customer_id, text, author_id, at_ms) VALUES ('f3', 'kept', 'x', 's', 1400);
    UPDATE follow_up SET done_at_ms = 1500 WHERE id = 'f1';`);
  sign(db, 'c3', 'signed', 1600);
  db.exec(`DELETE FROM visit WHERE id > ''; DELETE FROM note WHERE id > '';`);
  const now = { made: 1_200, came: 1_100, noted: 1_300, promised: 1_500, done: 500, signed: 1_600, kept: 1_400, middle: 700, former: 700, new: 1_000 };
  t.strictSame(last(), now, 'an old row moves nothing back, and what is deleted neither');
  db.run(`INSERT INTO customer_merge (id, from_id, into_id, staff_id, at_ms) VALUES ('m3', 'signed', 'new', 's', 1550)`);
  t.equal(last()['new'], 1_600, 'the later of the two');
  db.run(`INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES ('n4', 'new', 'x', 's', 1700)`);
  db.run(`UPDATE customer_merge SET undone_at_ms = 1800 WHERE id = 'm3'`);
  t.equal(last()['signed'], 1_700, 'who came while they were one may have been either');
  close();
});

t.test('0010: records of deletions from before tell of what went then, and of no facts or follow-ups', async (t) => {
  const data = temporaryDirectory(t);
  const files = readdirSync(MIGRATIONS_DIRECTORY).filter((name) => name.endsWith('.sql'));
  const before = open(data, folder(t, Object.fromEntries(files.filter((name) => name < '0008').map((name) => [name, readFileSync(join(MIGRATIONS_DIRECTORY, name), 'utf8')]))));
  const insert = (id: string, seq: number, scope: string, purposes: string) => before.db.run(
    `INSERT INTO vault.deletion (id, seq, customer_id, scope, reason, purposes, requested_at_ms, templates, keys, completed_at_ms)
     VALUES (?, ?, 'c', ?, 'withdrawn', ?, 1, 1, 1, 2)`, id, seq, scope, purposes);
  insert('all', 1, 'face', 'recognise greet preferences contact keep_photo refresh');
  insert('two', 2, 'purposes', 'contact greet');
  insert('rest', 3, 'purposes', 'preferences contact');
  insert('dossier', 4, 'dossier', '');
  before.db.run('UPDATE vault_pair SET last_deletion = 4');
  before.db.run(`INSERT INTO deletion_pending (id, customer_id, scope, reason, purposes, requested_at_ms, templates) VALUES ('p', 'c', 'purposes', 'narrowed', 'preferences refresh', 1, 0)`);
  before.close();
  const { db, close } = open(data, MIGRATIONS_DIRECTORY);
  const stripped = [{ id: 'all', purposes: 'recognise greet keep_photo refresh' }, { id: 'two', purposes: 'greet' }, { id: 'rest', purposes: '' }, { id: 'dossier', purposes: '' }];
  for (const table of ['vault.deletion', 'main.deletion_done']) t.strictSame(db.all(`SELECT id, purposes FROM ${table} ORDER BY seq`).map((row) => ({ ...row })), stripped, table);
  t.match(db.all('SELECT purposes FROM deletion_pending'), [{ purposes: 'refresh' }]);
  close();
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
