/** Migration 0002 on a box that ran with 0001: every row is there afterwards, with its history filled in. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MIGRATIONS_DIRECTORY, openStorage } from '../../appliance/storage/index.js';
import { TestClock, temporaryDirectory } from '../support/scratch.js';
import { direction } from '../support/rooms.js';

const FIRST = '0001-first.sql';
const SECOND = '0002-recognition.sql';
const dataDirectory = temporaryDirectory(t);
const [before, after] = [temporaryDirectory(t), temporaryDirectory(t)];
for (const directory of [before, after]) copyFileSync(join(MIGRATIONS_DIRECTORY, FIRST), join(directory, FIRST));
copyFileSync(join(MIGRATIONS_DIRECTORY, SECOND), join(after, SECOND));
const open = (migrationsDirectory: string) =>
  openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock(9_000), migrationsDirectory });

const VISITS = [ // id, customer, opened, last seen, closed, end reason, arrival, score, adviser
  ['open', 'a', 50, 60, null, null, 'recognised', 0.71, null],
  ['left', 'a', 10, 20, 20, 'left', 'recognised', 0.61, 's'],
  ['by-hand', 'b', 11, 21, 22, 'by_hand', 'by_hand', null, 's'],
  ['named-wrongly', 'b', 12, 22, 23, 'not_this_person', 'recognised', 0.52, null],
  ['asked-wrongly', 'b', 13, 23, 24, 'not_this_person', 'confirmed', 0.41, null],
  ['withdrawn', 'b', 14, 24, 25, 'consent_withdrawn', 'recognised', null, null],
] as const;
const ANSWERS = [ // id, customer, answer, score, staff, at
  ['named-wrongly', 'b', 'no', 0.52, 's', 23],
  ['asked-wrongly', 'b', 'no', 0.41, 's', 24],
  ['question-1', 'a', 'yes', 0.42, 's', 30],
  ['question-2', 'a', 'no', null, 's', 31],
  ['question-3', 'b', 'unsure', 0.43, 's', 32],
] as const;
const vectors = [0, 1, 2].map((axis) => Buffer.from(direction(axis).values().buffer));

const old = open(before);
old.db.transaction(() => {
  const { db } = old;
  db.run(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('s', '店长', 'manager', 'x', 0)`);
  for (const id of ['a', 'b']) db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, 1)', id, `顾客${id}`);
  db.run(`INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES ('n', 'a', '一条', 's', 2)`);
  for (const [index, madeAtMs] of [700, 800].entries()) {
    const id = index + 1;
    db.run('INSERT INTO template (id, customer_id, model_id, made_at_ms) VALUES (?, ?, ?, ?)', id, index === 0 ? 'a' : 'b', 'm', madeAtMs);
    for (const [position, vector] of vectors.entries()) {
      db.run('INSERT INTO template_photo (template_id, position, pose, norm, embedding) VALUES (?, ?, ?, ?, ?)', id, position, 'front', 3.5 + position, vector);
    }
    db.run('INSERT INTO template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)', BigInt(id), 'm', vectors[index]!);
  }
  for (const visit of VISITS) db.run('INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', ...visit);
  for (const answer of ANSWERS) db.run('INSERT INTO sighting_answer VALUES (?, ?, ?, ?, ?, ?)', ...answer);
});
const tableOf = (visits: readonly object[]) => visits.map((row) => Object.values(row) as unknown[]);
const untouched = (db: typeof old.db) => ['staff', 'customer_line', 'note', 'consent', 'template'].map((table) => db.all(`SELECT * FROM ${table}`));
const rest = untouched(old.db);
old.close();

const storage = open(after);
t.teardown(() => storage.close());
const { db } = storage;

t.test('every visit is there as it was, in its order', async (t) => {
  t.strictSame(tableOf(db.all('SELECT * FROM visit ORDER BY rowid')), VISITS);
});

t.test('each photo is from its enrolment, taken when the template was made', async (t) => {
  const photos = db.all<{ template_id: number; position: number; norm: number; source: string; taken_at_ms: number; confirmed_by: null; embedding: Buffer }>(
    'SELECT template_id, position, norm, source, taken_at_ms, confirmed_by, embedding FROM template_photo ORDER BY template_id, position');
  t.strictSame(photos.map(({ embedding, ...photo }) => ({ ...photo, same: embedding.equals(vectors[photo.position]!) })),
    [[1, 700], [2, 800]].flatMap(([template_id, taken_at_ms]) => [0, 1, 2].map((position) => (
      { template_id, position, norm: 3.5 + position, source: 'enrolment', taken_at_ms, confirmed_by: null, same: true }))));
});

t.test('an answer was about a card that named somebody only where the box had named somebody', async (t) => {
  t.strictSame(tableOf(db.all('SELECT id, customer_id, answer, score, staff_id, at_ms FROM sighting_answer ORDER BY at_ms')), ANSWERS);
  t.strictSame(tableOf(db.all('SELECT id, kind FROM sighting_answer ORDER BY at_ms')), [
    ['named-wrongly', 'named'], ['asked-wrongly', 'asked'], ['question-1', 'asked'], ['question-2', 'asked'], ['question-3', 'asked'],
  ]);
});

t.test('the other tables are as they were, nobody is merged, and the search finds whom it found', async (t) => {
  t.match(untouched(db), rest); // new columns aside
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM customer WHERE merged_into_id IS NULL')!.n, 2);
  t.match(db.all('SELECT template_id FROM template_vector WHERE embedding MATCH ? AND k = 1 AND model_id = ?', vectors[1]!, 'm'), [{ template_id: 2 }]);
});

t.test('the file is sound, and its rules hold for the new table', async (t) => {
  t.strictSame(db.all('PRAGMA foreign_key_check'), []);
  t.strictSame(tableOf(db.all('PRAGMA integrity_check')), [['ok']]);
  const visit = (id: string, customer: string, reason: string | null) =>
    db.run('INSERT INTO visit VALUES (?, ?, 1, 1, ?, ?, ?, NULL, NULL)', id, customer, reason === null ? null : 2, reason, 'recognised');
  visit('corrected', 'a', 'corrected');
  t.throws(() => visit('x', 'a', 'vanished'), /CHECK/);
  t.throws(() => visit('x', 'nobody', 'left'), /FOREIGN KEY/);
  t.throws(() => visit('x', 'a', null), /UNIQUE/, 'one open visit a customer');
});
