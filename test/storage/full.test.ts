/** A full disk and a database that somebody else holds: said in the right words, nothing half-written, and on it goes. */
import { join } from 'node:path';
import t from 'tap';
import type { BoxHealth, Dossier, ErrorBody, Notice, RightsRequest, VisitCard } from '../../appliance/contract/index.js';
import { AtStart, Database, openStorage } from '../../appliance/storage/index.js';
import { OWNER_PIN, startBox, TestClock, temporaryDirectory, type TestBox } from '../support/box.js';
import { dumpTables, query, readKey, reading } from '../support/disk.js';
import { addMember } from '../support/office.js';
import { portrait, scene } from '../support/scene.js';
import { answerTo, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** Writes notes until the box says that it is full. @returns how many were taken */
async function fill(box: TestBox, customerId: string, characters = 2_000): Promise<number> {
  for (let taken = 0; taken < 1_000; taken += 1) {
    const answer = await box.owner.send<ErrorBody>('POST', `/api/v1/customers/${customerId}/notes`, { text: '满'.repeat(characters) });
    if (answer.status === 201) continue;
    if (answer.status === 507 && answer.body.code === 'storage_full') return taken;
    throw new Error(`${answer.status} ${answer.body.code}`);
  }
  throw new Error('the box never became full');
}

t.test('full disk', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const clock = new TestClock();
  const small = { dataDirectory, clock, settings: { PORTICO_DB_MAX_MB: '2' } };
  const box = await startBox(t, small);
  const { device: office } = await addMember(box, '隐私官', 'privacy_officer');
  const { id } = await box.owner.createCustomer({ displayName: '满了' });
  const leaving = await Promise.all(Array.from({ length: 8 }, async (_, i) => (await box.owner.createCustomer({ displayName: `要走的${i}` })).id));
  const { id: away } = await box.owner.createCustomer({ displayName: '很久没来的' });
  await box.owner.giveConsent(id);
  const taken = await fill(box, id) + await fill(box, id, 400);
  t.ok(taken > 10, `${taken} notes`);

  const before = dumpTables(dataDirectory);
  t.equal(before['note']!.length, taken, 'what was answered with 201 is there, the refused one is not');
  const big = { displayName: '大', facts: Array<string>(3).fill('字'.repeat(80)), doNot: Array<string>(5).fill('字'.repeat(80)) };
  let half = await box.owner.send<ErrorBody>('POST', '/api/v1/customers', big);
  while (half.status === 201) half = await box.owner.send<ErrorBody>('POST', '/api/v1/customers', big);
  t.match(half, { status: 507, body: { code: 'storage_full' } });
  t.strictSame(half.body.details ?? {}, {}, 'no internals');
  const after = dumpTables(dataDirectory);
  const customers = (after['customer'] as { id: string; display_name: string }[]).filter((row) => row.display_name === '大');
  for (const customer of customers) {
    t.equal((after['customer_line'] as { customer_id: string }[]).filter((line) => line.customer_id === customer.id).length, 8, 'whole or not at all');
  }
  t.equal(after['customer_line']!.length, customers.length * 8);

  const enrolment = await box.owner.call<{ enrolmentId: string }>('POST', `/customers/${id}/enrolments`);
  for (let photos = 0; photos < 3; photos += 1) { // the first alone fits into what is left
    const photo = await box.owner.send<{ accepted: boolean }>('POST', `/api/v1/enrolments/${enrolment.enrolmentId}/photos?pose=any`, await portrait('P18'));
    t.equal(photo.body.accepted, true);
  }
  const finish = await box.owner.send<ErrorBody>('POST', `/api/v1/enrolments/${enrolment.enrolmentId}/finish`, { acceptFewer: true });
  t.match(finish, { status: 507, body: { code: 'storage_full' } }, 'a template does not fit');
  t.equal(dumpTables(dataDirectory)['template']!.length, 0, 'not half a template');

  const dossier = await box.owner.call<Dossier>('GET', `/customers/${id}`);
  t.equal(dossier.notes.length, taken, 'reading goes on');
  t.equal(dumpTables(dataDirectory)['template_vector_rowids']!.length, 0, 'nor in the vault');
  t.match(await box.owner.send('POST', `/api/v1/customers/${id}/consents/withdraw`), { status: 200, body: { deletion: { completedAt: String } } },
    'withdrawing works on a full disk');
  const isFull = async () => (await box.owner.send('POST', '/api/v1/customers', big)).status === 507;
  while (!await isFull());
  // Several of each, so that some need a page of their own.
  for (const customerId of leaving) {
    const asked = await office.send<RightsRequest>('POST', '/api/v1/privacy/requests', { customerId, kind: 'delete', receivedOn: '2024-01-01', note: '删'.repeat(900) });
    t.equal(asked.status, 201, 'so does asking');
    t.equal((await office.send('PUT', `/api/v1/customers/${customerId}/restriction`, { restricted: true, reason: '先停用' })).status, 200, 'restricting');
    t.equal((await office.send('POST', `/api/v1/privacy/requests/${asked.body.id}/close`, { outcome: 'partly', reason: '部'.repeat(300) })).status, 200, 'answering');
  }
  for (const customerId of leaving) {
    t.match(await office.send('DELETE', `/api/v1/customers/${customerId}`), { status: 200, body: { scope: 'dossier', completedAt: String } }, 'erasing');
  }
  while (!await isFull());
  t.match(query(dataDirectory, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  await box.stop();
  reading(dataDirectory, (db) => db.run('UPDATE customer SET last_contact_ms = 1 WHERE id = ?', away), false);
  clock.move(86_400_000);
  await (await startBox(t, small)).stop();
  t.strictSame(query(dataDirectory, `SELECT 1 FROM customer WHERE id = '${away}'`), [], 'and the nightly deletion');

  // Beyond the reserve too: not even a word of the new notice that another name makes fits in.
  reading(dataDirectory, (db) => { db.exec('CREATE TABLE filler (x BLOB); INSERT INTO filler VALUES (zeroblob(3000000))'); }, false);
  const renamed = { ...small, settings: { ...small.settings, PORTICO_STORE_NAME: '茶花表行' } };
  const full = await startBox(t, renamed);
  const onPaired = full.stranger();
  const device = box.owner.cookieHeader().split('; ').find((each) => each.includes('device'))!;
  const asOwner = <T>(method: string, path: string, body?: unknown) => onPaired.send<T>(method, `/api/v1${path}`, body, { cookie: `${device}; ${onPaired.cookieHeader()}` });
  t.equal((await asOwner('POST', '/sessions', { staffId: box.ownerId, pin: OWNER_PIN })).status, 201, 'it starts, and who can make room gets in');
  t.match((await asOwner<BoxHealth>('GET', '/health')).body, { status: 'failed', problems: ['storage_full'] }, 'it says what is the matter');
  t.match((await asOwner<Notice>('GET', '/notices/current')).body, { version: 1 }, 'with the notice of before');
  const versions = () => query(dataDirectory, 'SELECT version FROM notice ORDER BY version');
  await full.stop();

  // IT makes room.
  const roomy = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: 64_000_000, clock: new TestClock() });
  roomy.db.run('INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES (?, ?, ?, ?, ?)', 'n', id, '又有地方了', box.ownerId, 1);
  t.match(roomy.db.get('SELECT count(*) AS n FROM note'), { n: taken + 1 });
  roomy.close();
  reading(dataDirectory, (db) => db.exec('DROP TABLE filler'), false);
  await (await startBox(t, { ...renamed, settings: { ...renamed.settings, PORTICO_DB_MAX_MB: '64' } })).stop();
  t.strictSame(versions(), [{ version: 1 }, { version: 2 }], 'then the new notice is written');
});

t.test('what a start has to write waits while there is no room, and is done when there is', async (t) => {
  const { db, close } = openStorage({ dataDirectory: temporaryDirectory(t), credentialsDirectory: null, maxBytes: 2_000_000, clock: new TestClock() });
  t.teardown(close);
  db.exec('CREATE TABLE filler (x BLOB)');
  let breaks = false;
  const broken = () => {
    if (breaks) throw new Error('something broke');
    write();
  };
  const write = () => { db.run('INSERT INTO filler VALUES (zeroblob(100000))'); };
  const count = () => db.get<{ n: number }>('SELECT count(*) AS n FROM filler')!.n;
  t.throws(() => { for (;;) db.withReserve(write); }, { code: 'storage_full' });
  const before = count();
  const atStart = new AtStart(db);
  atStart.do(broken);
  atStart.do(write);
  atStart.again();
  t.strictSame([atStart.waits, count()], [true, before]);
  db.run('DELETE FROM filler WHERE rowid <= 2');
  breaks = true;
  t.throws(() => atStart.again(), /something broke/);
  t.strictSame([atStart.waits, count()], [true, before - 1], 'what is behind it is done all the same, once');
  breaks = false;
  atStart.again();
  atStart.again();
  t.strictSame([atStart.waits, count()], [false, before]);
  t.throws(() => atStart.do(() => { throw new Error('something else'); }), /something else/);
});

t.test('a database that another process holds', async (t) => {
  const clock = new TestClock();
  const box = await startBox(t, { clock });
  const id = await enrolPerson(box, 'P18');
  const camera = await box.owner.camera('look_up').opened();
  const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
  const live = await box.owner.live().opened();
  await live.nextOf('live.snapshot');

  const other = Database.open({ file: join(box.dataDirectory, 'portico.db'), key: readKey(box.dataDirectory) });
  t.teardown(() => other.close());
  other.exec('BEGIN EXCLUSIVE');
  const busy = { status: 503, body: { code: 'storage_busy' } };
  const send = (method: string, path: string, body?: unknown) => box.owner.send<ErrorBody>(method, `/api/v1${path}`, body);
  t.match(await send('POST', '/customers', { displayName: '等' }), busy);
  t.match(await send('POST', '/visits', { customerId: id }), busy);
  t.match(await send('POST', `/customers/${id}/consents/withdraw`), busy);
  t.match(await send('POST', '/sessions', { staffId: box.ownerId, pin: OWNER_PIN }), busy);
  t.match(await answerTo(camera, frame), { type: 'camera.refused', data: { credits: 2, error: { code: 'storage_busy' } } });
  t.equal((await send('GET', `/customers/${id}`)).status, 200, 'reading goes on');
  clock.move(61_000);
  t.equal((await send('GET', `/customers/${id}`)).status, 200, 'and after a minute, when the device\'s last-seen time is due');
  t.equal((await send('GET', '/health')).status, 200);
  other.exec('ROLLBACK');

  t.equal((await send('POST', '/customers', { displayName: '等' })).status, 201, 'later all is well');
  t.equal(query<{ n: number }>(box.dataDirectory, `SELECT count(*) AS n FROM customer WHERE display_name = '等'`)[0]!.n, 1, 'the refused one left nothing');
  t.equal(query<{ n: number }>(box.dataDirectory, 'SELECT count(*) AS n FROM visit')[0]!.n, 0);
  const face = await lookAtOne(camera, frame);
  t.match(face, { decision: 'known', person: { customerId: id } });
  t.match((await live.nextOf('visit.opened')).data.visit, { customerId: id } as Partial<VisitCard>);
});
