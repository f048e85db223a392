/** Consent through the front door: what is recorded, what is refused, what ends. */
import { join } from 'node:path';
import t from 'tap';
import type { ConsentRequest, Dossier, ErrorBody, Notice } from '../../appliance/contract/index.js';
import { Database } from '../../appliance/storage/index.js';
import { OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { dumpTables, query, readKey } from '../support/disk.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const DAY_MS = 86_400_000;
/** Noon in the store, today. */
const clock = new TestClock(Date.parse(`${new Date().toISOString().slice(0, 10)}T04:00:00Z`));
const box = await startBox(t, { clock });
const notice = await box.owner.call<Notice>('GET', '/notices/current');
const day = (days: number) => new Date(clock.now() + days * DAY_MS).toISOString().slice(0, 10);
const stroke = [{ x: 10, y: 10, t: 0 }, { x: 60, y: 80, t: 50 }, { x: 120, y: 20, t: 90 }];
const good = (): ConsentRequest => ({
  noticeId: notice.id, language: 'zh-CN', purposes: ['recognise'], validUntil: day(180), ageConfirmed: true, signature: { width: 600, height: 200, strokes: [stroke] },
});
const give = (id: string, change: Partial<Record<keyof ConsentRequest, unknown>> = {}) =>
  box.owner.send<ErrorBody>('POST', `/api/v1/customers/${id}/consents`, { ...good(), ...change });
const begin = (id: string) => box.owner.send<ErrorBody>('POST', `/api/v1/customers/${id}/enrolments`);
const customer = async (name: string) => (await box.owner.createCustomer({ displayName: name })).id;
const required = { status: 403, body: { code: 'consent_required' } };

t.test('the notice tells in both languages all that the law asks for', async (t) => {
  t.match(notice, { version: 1, maxTermDays: 366 });
  for (const language of ['zh-CN', 'en']) {
    const fields = notice.sections.filter((section) => section.language === language);
    t.strictSame(fields.map(({ field }) => field), ['handler', 'contact', 'purpose', 'method', 'kinds', 'retention', 'necessity', 'impact', 'rights']);
    t.ok(fields.every(({ text }) => text.length > 10));
  }
  t.match(notice.hash, /^[0-9a-f]{64}$/);
});

t.test('every refusal of a consent by its own code, and nothing is recorded', async (t) => {
  const id = await customer('拒绝');
  const flat = (strokes: unknown) => ({ width: 600, height: 200, strokes });
  const cases: [name: string, change: Partial<Record<keyof ConsentRequest, unknown>>, status: number, code: string][] = [
    ['an old notice', { noticeId: '0b6a8a1e-0000-4000-8000-000000000000' }, 409, 'consent_notice_outdated'],
    ['recognition not ticked', { purposes: ['greet', 'contact'] }, 400, 'consent_purpose_missing'],
    ['nothing ticked', { purposes: [] }, 400, 'bad_request'],
    ['ticked twice', { purposes: ['recognise', 'recognise'] }, 400, 'bad_request'],
    ['an invented purpose', { purposes: ['recognise', 'pricing'] }, 400, 'bad_request'],
    ['under 14', { ageConfirmed: false }, 403, 'consent_guardian_required'],
    ['age not asked', { ageConfirmed: undefined }, 400, 'bad_request'],
    ['no stroke', { signature: flat([]) }, 400, 'consent_signature_empty'],
    ['empty strokes', { signature: flat([[], []]) }, 400, 'consent_signature_empty'],
    ['a tap', { signature: flat([[{ x: 5, y: 5, t: 0 }]]) }, 400, 'consent_signature_empty'],
    ['many taps', { signature: flat(Array.from({ length: 30 }, (_, i) => [{ x: i * 10, y: 5, t: i }])) }, 400, 'consent_signature_empty'],
    ['a trembling tap', { signature: flat([[{ x: 5, y: 5, t: 0 }, { x: 8, y: 9, t: 1 }]]) }, 400, 'consent_signature_empty'],
    ['yesterday', { validUntil: day(-1) }, 400, 'consent_term_invalid'],
    ['a day too long', { validUntil: day(367) }, 400, 'consent_term_invalid'],
    ['for ever', { validUntil: '9999-12-31' }, 400, 'consent_term_invalid'],
    ['30 February', { validUntil: '2027-02-30' }, 400, 'bad_request'],
    ['29 February of a common year', { validUntil: '2027-02-29' }, 400, 'bad_request'],
    ['no date', { validUntil: 'soon' }, 400, 'bad_request'],
    ['another language', { language: 'fr' }, 400, 'bad_request'],
  ];
  for (const [name, change, status, code] of cases) t.match(await give(id, change), { status, body: { code } }, name);
  t.equal((await give('0b6a8a1e-0000-4000-8000-000000000000')).body.code, 'customer_not_found');
  t.strictSame(dumpTables(box.dataDirectory)['consent'], []);
  t.match(await begin(id), required);
});

t.test('the longest and the shortest term', async (t) => {
  const id = await customer('期限');
  t.equal((await give(id, { validUntil: day(366) })).status, 201);
  t.equal((await give(id, { validUntil: day(0) })).status, 201, 'today');
  const { consents } = await box.owner.call<Dossier>('GET', `/customers/${id}`);
  t.match(consents, [{ endReason: null, validUntil: day(0) }, { endReason: 'replaced', validUntil: day(366) }]);
});

t.test('what was signed is kept as evidence: notice, language, purposes, signature, witness', async (t) => {
  const id = await customer('证据');
  const given = await give(id, { purposes: ['recognise', 'greet'], language: 'en' });
  t.match(given, { status: 201, body: { noticeVersion: 1, language: 'en', purposes: ['recognise', 'greet'], witness: '店长', endedAt: null } });
  t.notOk(JSON.stringify(given.body).includes('strokes'), 'the signature is not handed out again');
  const [row] = query<{ notice_hash: string; signature: string; staff_id: string }>(box.dataDirectory, `SELECT notice_hash, signature, staff_id FROM consent WHERE customer_id = '${id}'`);
  t.equal(row!.notice_hash, notice.hash);
  t.equal(row!.staff_id, box.ownerId);
  t.strictSame(JSON.parse(row!.signature), good().signature);
});

t.test('when the notice changes, the old one cannot be signed any more', async (t) => {
  const id = await customer('新告知');
  const db = Database.open({ file: join(box.dataDirectory, 'portico.db'), key: readKey(box.dataDirectory) });
  db.run(`INSERT INTO notice (id, version, hash, max_term_days, published_at_ms) VALUES ('7b6a8a1e-0000-4000-8000-000000000000', 2, 'x', 30, 0)`);
  t.match(await give(id), { status: 409, body: { code: 'consent_notice_outdated' } });
  t.match(await give(id, { noticeId: '7b6a8a1e-0000-4000-8000-000000000000' }), { status: 400, body: { code: 'consent_term_invalid' } }, 'the new one has a shorter term');
  t.equal((await give(id, { noticeId: '7b6a8a1e-0000-4000-8000-000000000000', validUntil: day(30) })).status, 201);
  db.run(`DELETE FROM consent_purpose WHERE consent_id IN (SELECT id FROM consent WHERE notice_id = '7b6a8a1e-0000-4000-8000-000000000000')`);
  db.run(`DELETE FROM consent WHERE notice_id = '7b6a8a1e-0000-4000-8000-000000000000'`);
  db.run('DELETE FROM notice WHERE version = 2');
  db.close();
});

t.test('no enrolment without consent, after a withdrawal, or with what was begun before it', async (t) => {
  const id = await customer('撤回');
  t.match(await begin(id), required);
  t.match(await begin('0b6a8a1e-0000-4000-8000-000000000000'), required, 'nor does it say who is a customer');
  await give(id);
  t.equal((await begin(id)).status, 201);
  t.equal((await box.owner.send('POST', `/api/v1/customers/${id}/consents/withdraw`)).status, 200);
  t.match(await begin(id), required);
});

t.test('consent that ends while photos are taken: nothing is stored', async (t) => {
  const id = await customer('到期中');
  await give(id, { validUntil: day(0) });
  // 04:00Z is noon in Shanghai: twelve hours to go. Begin five minutes before midnight.
  clock.move(12 * 3_600_000 - 5 * 60_000);
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const { enrolmentId } = (await begin(id)).body as unknown as { enrolmentId: string };
  t.equal((await box.owner.send<{ accepted: boolean }>('POST', `/api/v1/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P18'))).body.accepted, true);
  clock.move(6 * 60_000);
  t.match(await box.owner.send('POST', `/api/v1/enrolments/${enrolmentId}/finish`, { acceptFewer: true }), required);
  t.strictSame(dumpTables(box.dataDirectory)['template'], []);
});

t.test('an enrolment runs out after ten minutes and keeps no photo', async (t) => {
  const id = await customer('太慢');
  await give(id);
  const { enrolmentId } = (await begin(id)).body as unknown as { enrolmentId: string };
  clock.move(600_000);
  t.match(await box.owner.send('POST', `/api/v1/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P18')), { status: 404, body: { code: 'enrolment_not_found' } });
});

t.test('expired: from the next frame on nobody is matched, and no enrolment begins', async (t) => {
  // 16:00Z is midnight in Shanghai: the last five minutes of a day, within one session.
  clock.move((Math.ceil((clock.now() - 16 * 3_600_000) / DAY_MS) * DAY_MS + 16 * 3_600_000) - clock.now() - 5 * 60_000);
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const id = await enrolPerson(box, 'P18', { validUntil: day(0) });
  const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
  const before = await box.owner.camera('look_up').opened();
  t.match(await lookAtOne(before, frame), { decision: 'known', person: { customerId: id } });
  const visits = async () => query<{ id: string }>(box.dataDirectory, `SELECT id FROM visit WHERE customer_id = '${id}'`).length;
  t.equal(await visits(), 1);

  clock.move(6 * 60_000);
  // The same socket, the same track, no expiry job in between.
  for (const face of [await lookAtOne(before, frame), await lookAtOne(before, frame)]) {
    t.match(face, { decision: 'unknown', person: null, score: null, sightingId: null });
  }
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const desk = await box.owner.camera('front_desk').opened();
  for (const face of [await lookAtOne(desk, frame), await lookAtOne(desk, frame)]) t.match(face, { decision: 'unknown', greeting: null });
  t.equal(await visits(), 1, 'no visit is written');
  t.match(await begin(id), required);
  t.equal((await give(id)).status, 201, 'and can agree again');
  t.match(await lookAtOne(desk, frame), { decision: 'known' });
});

t.test('the expiry at the start deletes what ran out while the box was off', async (t) => {
  const id = await enrolPerson(box, 'P20', { validUntil: day(30) });
  const { dataDirectory } = box;
  t.equal(query(dataDirectory, `SELECT id FROM template WHERE customer_id = '${id}'`).length, 1);
  await box.stop();
  clock.move(50 * DAY_MS); // after more than sixty the clock is not believed until a night has passed (test/faults/clock.test.ts)
  const later = await startBox(t, { clock, dataDirectory });
  t.strictSame(query(dataDirectory, 'SELECT id FROM template'), []);
  t.strictSame(query(dataDirectory, 'SELECT template_id FROM template_photo'), []);
  t.strictSame(query(dataDirectory, 'SELECT template_id FROM template_vector'), []);
  t.strictSame(query(dataDirectory, `SELECT end_reason FROM consent WHERE customer_id = '${id}'`), [{ end_reason: 'expired' }]);
  t.equal(later.appliance.ownerCode, null);
});
