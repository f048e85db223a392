/** Deletion that goes through: at whatever point it is cut off, and whatever is put back afterwards. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { PURPOSES, type Purpose } from '../../appliance/contract/index.js';
import { CustomerKeys, rotationOf } from '../../appliance/gallery/index.js';
import { Embedding, isPorticoError, PorticoError } from '../../appliance/kit/index.js';
import { openStorage, type Database } from '../../appliance/storage/index.js';
import { newVault } from '../../cli/vault.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { DATABASE, decryptedPages, piecesIn, query, reading, VAULT } from '../support/disk.js';
import { faceOnDisk, type FaceOnDisk } from '../support/faces.js';
import { openRooms, type TestRooms } from '../support/rooms.js';
import { copyAsKilled, watchSteps } from '../support/steps.js';
import { TemplateMaker } from '../support/templates.js';

const clock = new TestClock();
const maker = new TemplateMaker(31);
const open = (t: Test, dataDirectory: string) => openRooms(t, { dataDirectory, clock });

/** A fact and a follow-up that go with their purposes. */
const WRITTEN = ['爱喝明前龙井不加糖', '表到了先打电话给她'] as const;

function enrol(
  rooms: TestRooms, displayName: string, purposes: Purpose[] = ['recognise', 'keep_photo', 'preferences', 'contact'],
): { id: string; face: Embedding; look: () => Embedding } {
  const { id } = rooms.customers.create({ displayName });
  rooms.grant(id, purposes);
  if (purposes.includes('preferences')) rooms.customers.change(id, { facts: [`${displayName}${WRITTEN[0]}`] });
  if (purposes.includes('contact')) rooms.followUps.add(id, { text: `${displayName}${WRITTEN[1]}` }, 's');
  const face = maker.template();
  enrolAgain(rooms, id, face);
  return { id, face: new Embedding(face), look: () => new Embedding(maker.mate(face, 0.85)) };
}
function enrolAgain({ consent, gallery }: TestRooms, id: string, face: Float32Array): void {
  const photos = [0, 1].map((i) => ({
    embedding: new Embedding(maker.mate(face, 0.9)), pose: 'front' as const, norm: 4,
    picture: Buffer.from(Array.from({ length: 6_000 }, (_, at) => (at * 7 + i * 13 + (at >> 5) * 31) & 255)),
  }));
  consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, photos));
}
const secretsOf = ({ photos, pictures, means, clear }: FaceOnDisk) => [...photos, ...pictures, ...means, ...clear];

/** A closed box with one enrolled customer and one more, who stays. */
function usedBox(t: Test, purposes?: Purpose[]) {
  const dataDirectory = temporaryDirectory(t);
  const rooms = open(t, dataDirectory);
  const leaving = enrol(rooms, '要走的人', purposes);
  const staying = enrol(rooms, '留下的人');
  rooms.db.truncateLog();
  rooms.close();
  return { dataDirectory, leaving, staying, secrets: secretsOf(faceOnDisk(dataDirectory, leaving.id)) };
}
type Used = ReturnType<typeof usedBox>;

/** After each commit, and at the first and the last step. */
/** Of the steps within transactions each one is tried where TEST_FULL is set, else each fourth; those around commits always. */
const EACH = process.env['TEST_FULL'] === undefined ? 4 : 1;
const betweenCommits = (steps: readonly string[]) => [...steps.keys()].filter((at) => at === 0 || at === steps.length - 1 || steps[at] === 'after a commit');

/** Starts the rooms as they are now and says what became of who left. `all`: as before; `nothing`: no trace; else what is wrong. */
async function stateAfterStart(t: Test, dataDirectory: string, { leaving, staying, secrets }: Used): Promise<string> {
  const rooms = open(t, dataDirectory);
  const { audit, consent, customers, erasure, followUps, gallery, db } = rooms;
  try {
    const rotation = rotationOf(db, clock);
    // What the search thread would load and find; starting one each time would take most of the test.
    const nearest = ({ look }: { look(): Embedding }) => db.get<{ id: string; distance: number }>(
      `SELECT customer_id AS id, distance FROM (SELECT template_id, distance FROM template_vector WHERE embedding MATCH ? AND model_id = 'm' AND k = 1)
       JOIN template ON template.id = template_id WHERE distance < 0.4`, Buffer.from(rotation.turn(look()).values().buffer))?.id;
    const problems: string[] = [];
    if (erasure.pending().length > 0) problems.push('a deletion is pending');
    if (!(await audit.verify()).whole) problems.push('the audit chain is broken');
    if (nearest(staying) !== staying.id) problems.push('the other is not found');
    if (gallery.keptPictures(staying.id).length !== 2) problems.push('the other lost pictures');
    const covered = consent.covers(leaving.id, 'recognise');
    const found = nearest(leaving) === leaving.id;
    const keys = db.get<{ n: number }>('SELECT count(*) AS n FROM vault.customer_key WHERE customer_id = ?', leaving.id)!.n;
    const pages = decryptedPages(dataDirectory);
    const pieces = piecesIn(pages, ...secrets);
    const written = Number(customers.hasFacts(leaving.id)) + Number(followUps.hasOpen(leaving.id));
    const onPages = WRITTEN.filter((text) => pages.some((page) => page.includes(`要走的人${text}`))).length;
    if (!customers.hasFacts(staying.id) || !followUps.hasOpen(staying.id)) problems.push('the other lost what was written down');
    if (problems.length > 0) return problems.join();
    if (covered && found && keys === 2 && written === 2 && onPages === 2 && gallery.photosOf(leaving.id) === 2) return 'all';
    if (!covered && !found && keys === 0 && written === 0 && onPages === 0 && gallery.stateOf(leaving.id) === null && pieces === 0) {
      return erasure.ofCustomer(leaving.id)[0]?.completedAt == null ? 'not recorded' : 'nothing';
    }
    return JSON.stringify({ covered, found, keys, pieces, written, onPages });
  } finally {
    rooms.close();
  }
}

t.test('C10: cut off at any step, the next start finds all as before, or deletes everything', { timeout: 240_000 }, async (t) => {
  const used = usedBox(t);
  const { dataDirectory, leaving } = used;
  const scratch = temporaryDirectory(t);
  const untouched = join(scratch, 'untouched');
  cpSync(dataDirectory, untouched, { recursive: true });
  const steps: string[] = [];
  const rooms = open(t, dataDirectory);
  const stop = watchSteps((step) => {
    copyAsKilled(dataDirectory, join(scratch, String(steps.length)));
    steps.push(step);
  });
  const { deletion } = rooms.consent.withdraw(leaving.id);
  stop();
  rooms.close();
  t.type(deletion!.completedAt, 'string');
  t.ok(steps.length > 20, `${steps.length} steps`);
  const begun = steps.indexOf('after a commit');
  t.ok(begun > 0 && steps.filter((step) => step === 'after a commit').length === 4, 'the end of the consent, the vault, the rows, the record');
  for (const [number, step] of steps.entries()) {
    if (number % EACH !== 0 && !/^(after|before)/.test(step)) continue;
    t.equal(await stateAfterStart(t, join(scratch, String(number)), used), number < begun ? 'all' : 'nothing', `cut off at ${number}: ${step}`);
    rmSync(join(scratch, String(number)), { recursive: true });
  }
  t.equal(await stateAfterStart(t, dataDirectory, used), 'nothing', 'and when nothing cuts it off');

  // And with a process that is really killed: in each transaction before its commit, after each commit, around the emptying of the logs.
  const ends = steps.flatMap((step, number) => (step.startsWith('after') || step.startsWith('before') ? [number] : []));
  const chosen = [...new Set(ends.flatMap((number) => (steps[number] === 'after a commit' ? [number - 1, number] : [number])))];
  await Promise.all(chosen.map(async (number) => {
    const folder = join(scratch, `killed-${number}`);
    cpSync(untouched, folder, { recursive: true });
    const child = spawn(process.execPath, [fileURLToPath(new URL('../support/deletionChild.js', import.meta.url)), folder, leaving.id, String(clock.now()), String(number)],
      { stdio: ['ignore', 'ignore', 'inherit'] });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    t.equal(signal, 'SIGKILL', `killed at ${number}: ${steps[number]}`);
    t.equal(await stateAfterStart(t, folder, used), number < begun ? 'all' : 'nothing', `killed at ${number}: ${steps[number]}`);
    rmSync(folder, { recursive: true });
  }));
});

t.test('C10: a disk that is full at any step: nothing happens, or it is finished once there is room', async (t) => {
  for (let failing = 0, over = false; !over; failing += EACH) {
    const dataDirectory = temporaryDirectory(t);
    const rooms = open(t, dataDirectory);
    const leaving = enrol(rooms, '要走的人');
    rooms.db.truncateLog();
    const secrets = secretsOf(faceOnDisk(dataDirectory, leaving.id));
    let step = 0;
    const stop = watchSteps((what) => {
      if (!what.startsWith('after') && !what.startsWith('before') && step++ >= failing) throw new PorticoError('storage_full');
    });
    let deletion: { id: string; completedAt: string | null } | null = null;
    try {
      deletion = rooms.consent.withdraw(leaving.id).deletion;
    } catch (error) {
      t.ok(isPorticoError(error, 'storage_full'), 'refused in the right words');
      t.ok(rooms.consent.covers(leaving.id, 'recognise'), `step ${failing}: the consent holds`);
    }
    stop();
    over = deletion?.completedAt != null;
    if (deletion === null) deletion = rooms.consent.withdraw(leaving.id).deletion!;
    else if (!over) t.equal(rooms.erasure.resume(), 0, `step ${failing}: finished`);
    t.type(rooms.erasure.byId(deletion.id).completedAt, 'string');
    const pages = decryptedPages(dataDirectory);
    t.equal(piecesIn(pages, ...secrets), 0);
    rooms.close();
  }
});

t.test('C11: an older portico.db put back does not bring anybody back', async (t) => {
  const used = usedBox(t);
  const { dataDirectory, leaving, staying } = used;
  const backup = join(temporaryDirectory(t), DATABASE);
  copyFileSync(join(dataDirectory, DATABASE), backup);
  const rooms = open(t, dataDirectory);
  rooms.consent.withdraw(leaving.id);
  rooms.db.truncateLog();
  rooms.close();
  copyFileSync(backup, join(dataDirectory, DATABASE));
  reading(dataDirectory, (db) => {
    const keys = new CustomerKeys({ db, clock });
    const rows = db.all<{ template_id: number; position: number; embedding: Buffer }>(
      'SELECT template_id, position, embedding FROM template_photo JOIN template ON template.id = template_id WHERE customer_id = ?', leaving.id);
    t.equal(rows.length, 2, 'the copy still has them');
    for (const { template_id: templateId, position, embedding } of rows) {
      t.equal(keys.openPhoto({ customerId: leaving.id, templateId, position, source: 'enrolment' }, embedding), null, 'and nobody can open them');
    }
    const picture = db.get<{ jpeg: Buffer }>('SELECT jpeg FROM kept_photo WHERE customer_id = ? AND position = 0', leaving.id)!;
    t.equal(keys.openPicture(leaving.id, 0, picture.jpeg), null);
    t.ok(opensFor(db, staying.id), 'those of the other do open');
  });
  t.equal(await stateAfterStart(t, dataDirectory, used), 'nothing');
  t.match(query(dataDirectory, `SELECT end_reason FROM consent WHERE customer_id = '${leaving.id}'`), [{ end_reason: 'withdrawn' }], 'the consent has ended again');
  t.equal(query(dataDirectory, `SELECT 1 FROM audit_entry WHERE action = 'deletion_replayed' AND customer_id = '${leaving.id}'`).length, 1);
  t.equal(await stateAfterStart(t, dataDirectory, used), 'nothing', 'nor at the start after that');
  t.equal(query(dataDirectory, `SELECT 1 FROM audit_entry WHERE action = 'deletion_replayed'`).length, 1, 'which has nothing to do any more');
});

t.test('C11: an older vault put back brings nobody back either, wherever the start after it is cut off', { timeout: 120_000 }, async (t) => {
  const used = usedBox(t);
  const { dataDirectory, leaving, staying } = used;
  const scratch = temporaryDirectory(t);
  const [oldDatabase, oldVault] = [join(scratch, DATABASE), join(scratch, 'vault.db')];
  copyFileSync(join(dataDirectory, DATABASE), oldDatabase);
  copyFileSync(join(dataDirectory, VAULT), oldVault);
  const rooms = open(t, dataDirectory);
  const { deletion } = rooms.consent.withdraw(leaving.id);
  rooms.close();
  copyFileSync(oldVault, join(dataDirectory, VAULT));
  t.equal(query(dataDirectory, `SELECT 1 FROM vault.customer_key WHERE customer_id = '${leaving.id}'`).length, 2, 'the copy still has the keys');

  const steps: string[] = [];
  const stop = watchSteps((step) => {
    copyAsKilled(dataDirectory, join(scratch, String(steps.length)));
    steps.push(step);
  });
  const next = open(t, dataDirectory);
  stop();
  t.strictSame(next.erasure.byId(deletion!.id), deletion, 'the receipt answers again, and says the same');
  t.strictSame(next.erasure.replay(), { database: 0, vault: 0 });
  await next.gallery.start();
  t.match(await next.gallery.match(leaving.look()), { decision: 'unknown', nearest: { customerId: staying.id } });
  t.match(await next.gallery.checkSearch(), { differing: 0, rowsInFile: 1 }, 'no vector takes a place in the search');
  await next.gallery.stop();
  t.strictSame(next.db.all(`SELECT DISTINCT customer_id FROM vault.customer_key`), [{ customer_id: staying.id }]);
  t.match(next.db.all(`SELECT customer_id, detail FROM audit_entry WHERE action = 'deletion_replayed'`), [{ customer_id: leaving.id, detail: /"file":"vault"/ }]);
  next.close();
  t.equal(await stateAfterStart(t, dataDirectory, used), 'nothing');
  t.equal(query(dataDirectory, `SELECT 1 FROM audit_entry WHERE action = 'deletion_replayed'`).length, 1, 'once');
  t.ok(steps.filter((step) => step === 'after a commit').length >= 4, `${steps.length} steps`);
  for (const number of betweenCommits(steps)) {
    t.equal(await stateAfterStart(t, join(scratch, String(number)), used), 'nothing', `cut off at ${number}: ${steps[number]}`);
  }
  // And beside the older database from then: two older files of one day are that day again, nothing can tell.
  copyFileSync(oldDatabase, join(dataDirectory, DATABASE));
  t.equal(await stateAfterStart(t, dataDirectory, used), 'nothing', 'the vault that was told tells an older database');
});

t.test('C11: an older vault put back while a deletion was half done', async (t) => {
  const used = usedBox(t);
  const { dataDirectory, leaving } = used;
  const scratch = temporaryDirectory(t);
  const oldVault = join(scratch, 'vault.db');
  copyFileSync(join(dataDirectory, VAULT), oldVault);
  const rooms = open(t, dataDirectory);
  const steps: string[] = [];
  const stop = watchSteps((step) => {
    if (step === 'after a commit') copyAsKilled(dataDirectory, join(scratch, String(steps.length)));
    steps.push(step);
  });
  rooms.consent.withdraw(leaving.id);
  stop();
  rooms.close();
  const commits = [...steps.entries()].filter(([, step]) => step === 'after a commit').map(([number]) => join(scratch, String(number)));
  t.equal(commits.length, 4);
  for (const [number, folder] of commits.entries()) {
    rmSync(join(folder, `${VAULT}-wal`), { force: true });
    copyFileSync(oldVault, join(folder, VAULT));
    t.equal(await stateAfterStart(t, folder, used), 'nothing', `after ${number + 1} of 4 commits`);
  }
});

t.test('C11: as many deletions on both sides, but others: each file learns those of the other', async (t) => {
  const { dataDirectory, leaving, staying } = usedBox(t);
  const scratch = temporaryDirectory(t);
  const keep = (name: string) => cpSync(dataDirectory, join(scratch, name), { recursive: true });
  keep('before');
  const first = open(t, dataDirectory);
  const one = first.consent.withdraw(leaving.id).deletion!;
  first.close();
  keep('first');
  for (const file of [DATABASE, VAULT]) copyFileSync(join(scratch, 'before', file), join(dataDirectory, file)); // the whole disk of that day
  const second = open(t, dataDirectory);
  t.ok(second.consent.covers(leaving.id, 'recognise'), 'nothing can tell');
  const other = second.consent.withdraw(staying.id).deletion!;
  second.close();
  copyFileSync(join(scratch, 'first', VAULT), join(dataDirectory, VAULT));
  const { consent, db, erasure } = open(t, dataDirectory);
  for (const { id } of [leaving, staying]) t.notOk(consent.covers(id, 'recognise'));
  t.strictSame([erasure.byId(one.id), erasure.byId(other.id)], [one, other]);
  t.strictSame(db.all('SELECT 1 FROM vault.customer_key UNION ALL SELECT 1 FROM vault.template_vector UNION ALL SELECT 1 FROM template'), []);
});

t.test('C11: an older vault brings back no key of a purpose, and a record over its term ends no consent', async (t) => {
  const { dataDirectory, leaving, staying } = usedBox(t, ['recognise', 'greet', 'keep_photo']);
  const scratch = temporaryDirectory(t);
  const keep = (name: string) => copyFileSync(join(dataDirectory, VAULT), join(scratch, name));
  const putBack = (name: string) => copyFileSync(join(scratch, name), join(dataDirectory, VAULT));
  keep('all keys');
  const first = open(t, dataDirectory);
  first.consent.withdraw(leaving.id, undefined, ['keep_photo']);
  first.close();
  keep('one key');
  putBack('all keys');
  const second = open(t, dataDirectory);
  t.strictSame(second.db.all('SELECT purpose FROM vault.customer_key WHERE customer_id = ?', leaving.id), [{ purpose: 'recognise' }]);
  t.equal(second.gallery.photosOf(leaving.id), 2, 'the template stays');
  second.consent.withdraw(leaving.id);
  second.db.truncateLog();
  keep('with the record');
  second.grant(leaving.id, ['recognise']);
  enrolAgain(second, leaving.id, maker.template());
  clock.move(1_000);
  t.equal(second.erasure.prune(clock.now(), []), 2);
  second.consent.withdraw(staying.id);
  second.close();
  putBack('with the record');
  const third = open(t, dataDirectory);
  t.ok(third.consent.covers(leaving.id, 'recognise'), 'the new consent holds');
  t.equal(third.gallery.stateOf(leaving.id), null, 'though the key of the new template is lost with the vault');
  t.match(third.erasure.all(), [{ customerId: staying.id }], 'what is over its term is so there too');
  t.equal(third.erasure.all().length, 1);
  third.consent.withdraw(leaving.id);
  third.close();
  putBack('one key');
  const fourth = open(t, dataDirectory);
  t.notOk(fourth.consent.covers(leaving.id, 'recognise'));
  t.equal(fourth.erasure.ofCustomer(leaving.id).length, 1);
});

function opensFor(db: Database, customerId: string): boolean {
  const row = db.get<{ template_id: number; embedding: Buffer }>(
    'SELECT template_id, embedding FROM template_photo JOIN template ON template.id = template_id WHERE customer_id = ? AND position = 0', customerId)!;
  return new CustomerKeys({ db, clock }).openPhoto({ customerId, templateId: row.template_id, position: 0, source: 'enrolment' }, row.embedding) !== null;
}

/** Takes back what 0011 and those after it added, so that they can be applied again after what stands before them. */
function undoingLater(): string {
  const later = ['0011-desk.sql', '0012-appliance.sql', '0013-export.sql'].map((name) => readFileSync(join('appliance/storage/migrations', name), 'utf8')).join('\n');
  const named = (pattern: RegExp): string[] => [...later.matchAll(pattern)].map(([, name]) => name!);
  const kept = named(/^DROP TRIGGER (\w+)/gm);
  return [
    'PRAGMA foreign_keys = OFF', ...named(/^CREATE (?:UNIQUE )?INDEX (\w+)/gm).map((name) => `DROP INDEX IF EXISTS ${name}`),
    ...named(/^CREATE TRIGGER (\w+)/gm).filter((name) => !kept.includes(name)).map((name) => `DROP TRIGGER ${name}`),
    ...named(/^CREATE (?:VIRTUAL )?TABLE (\w+)/gm).filter((name) => !name.endsWith('_next')).reverse().map((name) => `DROP TABLE ${name}`),
    ...[...later.matchAll(/^ALTER TABLE (customer_merge|vault_pair|staff) ADD COLUMN (\w+)/gm)].map(([, table, name]) => `ALTER TABLE ${table} DROP COLUMN ${name}`), '',
  ].join(';\n');
}

t.test('C11: a box from before its portico.db knew of deletions learns them from its vault, and from then on notices an older one', async (t) => {
  const used = usedBox(t);
  const { dataDirectory, leaving } = used;
  const oldVault = join(temporaryDirectory(t), 'vault.db');
  const asBefore = () => reading(dataDirectory, (db) => db.exec(`${undoingLater()}
    DROP TABLE deletion_done; ALTER TABLE vault_pair DROP COLUMN deletions; ALTER TABLE vault_pair DROP COLUMN deletions_kept_from_ms;
    ALTER TABLE vault_pair DROP COLUMN renewing; DELETE FROM migration WHERE name IN ('deletions', 'desk', 'appliance', 'export'); DROP TRIGGER vault.deletion_gone; ALTER TABLE vault.vault_state DROP COLUMN last_gone; ALTER TABLE vault.vault_state DROP COLUMN deletions; ALTER TABLE vault.vault_state DROP COLUMN id; PRAGMA vault.user_version = 1`), false);
  copyFileSync(join(dataDirectory, VAULT), oldVault);
  const first = open(t, dataDirectory);
  first.consent.withdraw(leaving.id);
  first.close();
  asBefore();
  const second = open(t, dataDirectory);
  t.match(second.db.all('SELECT customer_id FROM main.deletion_done'), [{ customer_id: leaving.id }]);
  t.equal(second.db.get(`SELECT 1 FROM audit_entry WHERE action = 'deletion_replayed'`), undefined, 'nothing is done twice');
  second.close();
  copyFileSync(oldVault, join(dataDirectory, VAULT));
  t.equal(await stateAfterStart(t, dataDirectory, used), 'nothing');

  // Both at once: the records are lost, the keys and vectors are not back.
  asBefore();
  copyFileSync(oldVault, join(dataDirectory, VAULT));
  t.equal(await stateAfterStart(t, dataDirectory, used), 'not recorded');
});

t.test('C11: nor under another\'s name, who got the template\'s number since', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = open(t, dataDirectory);
  const staying = enrol(first, '留下的人');
  const heir = first.customers.create({ displayName: '后来的人' });
  const leaving = enrol(first, '要走的人');
  const idOf = (rooms: TestRooms, id: string) => rooms.db.get<{ id: number }>('SELECT id FROM template WHERE customer_id = ?', id)?.id;
  const number = idOf(first, leaving.id);
  first.db.truncateLog();
  const backup = join(temporaryDirectory(t), DATABASE);
  copyFileSync(join(dataDirectory, DATABASE), backup);
  first.consent.withdraw(leaving.id);
  first.grant(heir.id, ['recognise']);
  const heirsFace = maker.template();
  enrolAgain(first, heir.id, heirsFace);
  t.equal(idOf(first, heir.id), number, 'the same number');
  first.close();
  copyFileSync(backup, join(dataDirectory, DATABASE));

  const rooms = open(t, dataDirectory);
  await rooms.gallery.start();
  t.teardown(() => rooms.gallery.stop());
  t.equal((await rooms.gallery.match(staying.look())).customerId, staying.id);
  for (const look of [leaving.look(), new Embedding(maker.mate(heirsFace, 0.9))]) t.match(await rooms.gallery.match(look), { decision: 'unknown' });
  t.strictSame(rooms.db.all('SELECT DISTINCT customer_id FROM vault.customer_key'), [{ customer_id: staying.id }], 'no key is left over');
  t.equal(rooms.gallery.size(), 1);
});

t.test('C11: who agreed again after that stays, and a purpose that was taken back stays so', async (t) => {
  const { dataDirectory, leaving } = usedBox(t, ['recognise', 'greet', 'keep_photo']);
  const old = join(temporaryDirectory(t), DATABASE);
  copyFileSync(join(dataDirectory, DATABASE), old);
  const rooms = open(t, dataDirectory);
  const receipt = rooms.consent.withdraw(leaving.id, { staffId: 's', deviceId: 'd' }, ['keep_photo']);
  t.match(receipt, { purposesLeft: ['recognise', 'greet'], templatesDeleted: 0, deletion: { scope: 'purposes', reason: 'narrowed', keyDestroyed: true, completedAt: String } });
  t.equal(rooms.gallery.keptPictures(leaving.id).length, 0);
  t.equal(rooms.gallery.photosOf(leaving.id), 2);
  t.throws(() => rooms.consent.withdraw(leaving.id, undefined, ['keep_photo', 'contact']), { code: 'consent_not_active' }, 'there is nothing of it');
  rooms.db.truncateLog();
  const narrowed = `${old}.narrowed`;
  copyFileSync(join(dataDirectory, DATABASE), narrowed);
  rooms.close();

  copyFileSync(old, join(dataDirectory, DATABASE));
  const restored = open(t, dataDirectory);
  t.strictSame(PURPOSES.filter((purpose) => restored.consent.covers(leaving.id, purpose)), ['recognise', 'greet']);
  t.equal(restored.db.get<{ n: number }>('SELECT count(*) AS n FROM kept_photo WHERE customer_id = ?', leaving.id)!.n, 0);
  t.equal(restored.gallery.photosOf(leaving.id), 2, 'the template stays');

  restored.consent.withdraw(leaving.id);
  restored.grant(leaving.id, ['recognise']);
  const face = maker.template();
  enrolAgain(restored, leaving.id, face);
  restored.db.truncateLog();
  const again = `${old}.again`;
  copyFileSync(join(dataDirectory, DATABASE), again);
  restored.grant(leaving.id, ['recognise', 'greet']);
  restored.close();
  for (const [copy, enrolled] of [[again, true], [narrowed, false], [again, false]] as const) {
    copyFileSync(copy, join(dataDirectory, DATABASE));
    const rooms = open(t, dataDirectory);
    await rooms.gallery.start();
    // After the copy of before was there, the key of the new template is gone too: no key is kept for what is not there.
    t.equal((await rooms.gallery.match(new Embedding(maker.mate(face, 0.9)))).customerId === leaving.id, enrolled);
    t.equal(rooms.consent.covers(leaving.id, 'recognise'), copy === again);
    await rooms.gallery.stop();
    rooms.close();
  }
});

t.test('a power cut between the two files\' commits: the vectors are made anew, and who was being enrolled is forgotten', async (t) => {
  const used = usedBox(t);
  const { dataDirectory, leaving, staying } = used;
  const before = join(temporaryDirectory(t), 'before');
  cpSync(dataDirectory, before, { recursive: true });
  const rooms = open(t, dataDirectory);
  const added = enrol(rooms, '正在录入');
  const renewed = maker.template();
  enrolAgain(rooms, leaving.id, renewed);
  rooms.db.truncateLog();
  rooms.close();
  copyFileSync(join(before, VAULT), join(dataDirectory, VAULT)); // portico.db commits first

  const next = open(t, dataDirectory);
  await next.gallery.start();
  t.teardown(() => next.gallery.stop());
  t.equal((await next.gallery.match(new Embedding(maker.mate(renewed, 0.9)))).customerId, leaving.id, 'the new template of who had a key');
  t.equal((await next.gallery.match(staying.look())).customerId, staying.id);
  t.match(await next.gallery.match(added.look()), { decision: 'unknown' });
  t.equal(next.gallery.stateOf(added.id), null);
  t.match(next.db.all(`SELECT customer_id, detail FROM audit_entry WHERE action = 'face_deleted'`), [{ customer_id: added.id, detail: '{"reason":"no_key"}' }]);
  t.match(await next.gallery.checkSearch(), { differing: 0, rowsInFile: 2 });

  // The same while the box runs, as on a disk that is full between the two: the next enrolment sets it right first.
  next.db.run(`UPDATE vault.vault_state SET token = x'00' WHERE only_one = 1`);
  const last = enrol(next, '再来一位');
  for (let waitedMs = 0; !next.gallery.searching && waitedMs < 10_000; waitedMs += 20) await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal((await next.gallery.match(last.look())).customerId, last.id);
  t.match(await next.gallery.checkSearch(), { differing: 0, rowsInFile: 3 });
});

t.test('a new vault: cut off anywhere, the box does not start until it is made, and then no consent of before holds', { timeout: 120_000 }, async (t) => {
  const { dataDirectory, leaving, staying } = usedBox(t);
  const scratch = temporaryDirectory(t);
  const backup = join(scratch, DATABASE);
  copyFileSync(join(dataDirectory, DATABASE), backup);
  const rooms = open(t, dataDirectory);
  rooms.consent.withdraw(leaving.id);
  rooms.close();
  rmSync(join(dataDirectory, 'vault'), { recursive: true });
  copyFileSync(backup, join(dataDirectory, DATABASE)); // a new disk: the older database, and no vault
  const lost = join(scratch, 'lost');
  cpSync(dataDirectory, lost, { recursive: true });

  const output = { line: () => undefined, progress: () => undefined };
  const make = (folder: string) => newVault({ dataDirectory: folder, credentialsDirectory: null }, clock, output, null);
  /** What a start says; where it is refused, after the new vault was made. */
  const afterwards = (folder: string): string => {
    let refused = 'started';
    try {
      open(t, folder).close();
    } catch (error) {
      refused = (error as PorticoError).code;
      make(folder);
    }
    const { consent, db, erasure, gallery, close } = open(t, folder);
    for (const { id } of [leaving, staying]) {
      t.notOk(consent.covers(id, 'recognise'), `${refused}: the consent has ended`);
      t.match(erasure.ofCustomer(id), [{ scope: 'face', reason: 'expired', completedAt: String }]);
      t.equal(gallery.stateOf(id), null);
    }
    t.strictSame(db.all('SELECT 1 FROM vault.customer_key UNION ALL SELECT 1 FROM vault.template_vector'), []);
    t.throws(() => make(folder), 'once it is made, none is made over it');
    close();
    rmSync(folder, { recursive: true });
    return refused;
  };
  const steps: string[] = [];
  const stop = watchSteps((step) => {
    copyAsKilled(dataDirectory, join(scratch, String(steps.length)));
    steps.push(step);
  });
  make(dataDirectory);
  stop();
  const chosen = betweenCommits(steps);
  const said = chosen.map((number) => afterwards(join(scratch, String(number))));
  t.equal(afterwards(dataDirectory), 'started');
  t.strictSame(said.filter((each, at) => each !== said[at - 1]), ['vault_missing', 'vault_unfinished', 'started'], 'in this order');

  // And with a process that is really killed: while the vault is missing, and while it is being made.
  for (const wanted of ['vault_missing', 'vault_unfinished']) {
    const number = chosen[said.lastIndexOf(wanted)]!;
    const folder = join(scratch, `killed-${number}`);
    cpSync(lost, folder, { recursive: true });
    const child = spawn(process.execPath, [fileURLToPath(new URL('../support/vaultChild.js', import.meta.url)), folder, String(clock.now()), String(number)],
      { stdio: ['ignore', 'ignore', 'inherit'] });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    t.equal(signal, 'SIGKILL', `killed at ${number}: ${steps[number]}`);
    t.equal(afterwards(folder), wanted);
  }
});

t.test('a vault that is gone: no start, nothing touched; a new one forgets the templates and ends the consents', async (t) => {
  const { dataDirectory, leaving } = usedBox(t);
  rmSync(join(dataDirectory, 'vault'), { recursive: true });
  const start = () => openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock });
  t.throws(start, { code: 'vault_missing' });
  t.notOk(existsSync(join(dataDirectory, 'vault')));
  const said: string[] = [];
  const output = { line: (text: string) => { said.push(text); }, progress: () => undefined };
  newVault({ dataDirectory, credentialsDirectory: null }, clock, output, null);
  t.match(said, [/2 templates were forgotten and 2 consents ended/, /dossiers deleted since are back/]);
  t.throws(() => newVault({ dataDirectory, credentialsDirectory: null }, clock, output, null), /exists/, 'never over one that is there');
  const rooms = open(t, dataDirectory);
  t.notOk(rooms.consent.covers(leaving.id, 'recognise'), 'nobody knows whether it was withdrawn since');
  t.match(rooms.erasure.ofCustomer(leaving.id), [{ scope: 'face', reason: 'expired', purposes: ['recognise', 'greet', 'keep_photo', 'refresh'] }], 'and what was made of the face goes');
  t.ok(rooms.customers.hasFacts(leaving.id) && rooms.followUps.hasOpen(leaving.id), 'facts and plans stay: nobody took anything back');
  rooms.grant(leaving.id, ['recognise']);
  t.equal(rooms.gallery.stateOf(leaving.id), null);
  enrolAgain(rooms, leaving.id, maker.template());
  t.equal(rooms.gallery.photosOf(leaving.id), 2, 'and new photos make a new template');
  rooms.close();

  const other = temporaryDirectory(t);
  open(t, other).close();
  rmSync(join(other, 'vault'), { recursive: true });
  t.throws(() => openStorage({ dataDirectory: other, credentialsDirectory: null, maxBytes: null, clock }), { code: 'vault_missing' }, 'without templates too: it knew of deletions');
  mkdirSync(join(other, 'vault'));
  copyFileSync(join(dataDirectory, VAULT), join(other, VAULT));
  t.throws(() => openStorage({ dataDirectory: other, credentialsDirectory: null, maxBytes: null, clock }), { code: 'db_key_wrong' }, 'another box\'s vault');
});
