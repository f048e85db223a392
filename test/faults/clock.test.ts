/** A clock that jumps by years, both ways, while the box runs and while it is off: nothing goes for good, nothing hangs, nothing lasts for ever. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import t from 'tap';
import type { EnrolmentProgress, ErrorBody, PrivacyOverview } from '../../appliance/contract/index.js';
import { loadCertificates } from '../../appliance/http/index.js';
import { createLogger, Timetable } from '../../appliance/kit/index.js';
import { addAssociate, OWNER_PIN, startBox, TestClock, temporaryDirectory, type TestBox } from '../support/box.js';
import { query } from '../support/disk.js';
import { addMember } from '../support/office.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const DAY_MS = 86_400_000;
const YEARS_MS = 5 * 365 * DAY_MS;
/** Half an hour past a full hour in Shanghai, in daylight: no pattern of the box is due by itself. */
const NOON = Date.parse('2026-03-10T12:35:00+08:00');

t.test('regular work is done once by a clock that jumped, and at its minutes from then on', async (t) => {
  const clock = new TestClock(NOON);
  const done: string[] = [];
  const table = new Timetable({ clock, log: createLogger('silent'), timeZone: 'Asia/Shanghai' });
  table.add('*/10 * * * *', 'failed', () => done.push('tens'));
  table.add('23 3 * * *', 'failed', () => done.push('night'));
  table.start();
  t.teardown(() => table.stop());
  const look = async (ms: number) => {
    clock.move(ms);
    table.look();
    await Promise.resolve();
    await Promise.resolve();
    return done.splice(0);
  };
  t.strictSame(await look(4 * 60_000), []);
  t.strictSame(await look(60_000), ['tens'], '12:40');
  t.strictSame(await look(50_000), [], 'each minute once');
  t.strictSame(await look(21 * 60_000), [], 'later than a busy process is: nothing is made up for');
  const beganMs = performance.now();
  t.strictSame(await look(14 * 365 * DAY_MS), [], 'fourteen years ahead');
  t.ok(performance.now() - beganMs < 1_000, 'the 700,000 times that lie between are not gone through');
  t.strictSame(await look(9 * 60_000), ['tens'], 'and on it goes there');
  t.strictSame(await look(-20 * 365 * DAY_MS - 5 * 60_000), [], 'twenty years back');
  t.strictSame(await look(10 * 60_000), ['tens'], 'and does not wait for the years to come again');
  const toNight = Date.parse('2020-06-01T03:22:30+08:00') - clock.now();
  t.strictSame(await look(toNight), []);
  t.strictSame(await look(60_000), ['night'], 'by the store\'s time, not the machine\'s');
});

const consentsOf = (dataDirectory: string, customerId: string) => query<{ ended: number | null; templates: number }>(
  dataDirectory, `SELECT consent.ended_at_ms IS NOT NULL AS ended, (SELECT count(*) FROM template) AS templates FROM consent WHERE customer_id = '${customerId}'`);

/** Signs the owner's iPad in again, at whatever time it is. */
const signIn = (box: TestBox) => box.owner.signIn(box.ownerId, OWNER_PIN);

t.test('years ahead while the box runs: no consent ends for good, no visit gets a length it had not, and put right all is as before', { timeout: 120_000 }, async (t) => {
  const clock = new TestClock();
  const box = await startBox(t, { clock });
  const id = await enrolPerson(box, 'P18');
  const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
  const other = await box.owner.createCustomer({ displayName: '别人' });
  await box.owner.giveConsent(other.id);
  const before = await box.owner.camera('look_up').opened();
  t.match(await lookAtOne(before, frame), { decision: 'known', person: { customerId: id } });
  const visits = () => query<{ stay: number; open: number }>(box.dataDirectory, 'SELECT coalesce(closed_at_ms, last_seen_at_ms) - opened_at_ms AS stay, closed_at_ms IS NULL AS open FROM visit ORDER BY opened_at_ms');

  clock.move(YEARS_MS);
  t.equal((await box.owner.send<ErrorBody>('GET', '/api/v1/customers')).body.code, 'session_expired', 'whoever was signed in signs in again');
  await signIn(box);
  const ahead = await box.owner.camera('look_up').opened();
  t.match(await lookAtOne(ahead, frame), { decision: 'unknown', person: null }, 'by its date the consent covers nothing');
  // What would end all consents over their date: somebody whose own is over signs anew.
  await box.owner.giveConsent(other.id, { validUntil: new Date(clock.now() + 90 * DAY_MS).toISOString().slice(0, 10) });
  t.strictSame(consentsOf(box.dataDirectory, id), [{ ended: 0, templates: 1 }], 'but it has not ended, and the face is there');

  clock.move(-YEARS_MS);
  await signIn(box);
  const after = await box.owner.camera('look_up').opened();
  t.match(await lookAtOne(after, frame), { decision: 'known', person: { customerId: id } }, 'put right: known as before');
  for (const { stay } of visits()) t.ok(stay >= 0 && stay < 60_000, `a visit of ${stay} ms`);
});

t.test('years ahead, years back and right again while the box is off: nothing goes, and the privacy office is told', { timeout: 120_000 }, async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const clock = new TestClock();
  const first = await startBox(t, { dataDirectory, clock });
  const id = await enrolPerson(first, 'P18');
  await first.owner.call('POST', `/customers/${id}/notes`, { text: '还在' });
  const { staff } = await addMember(first, '隐私官', 'privacy_officer');
  await first.owner.call('POST', '/visits', { customerId: id });
  await first.stop();
  const counts = () => query(dataDirectory, `SELECT (SELECT count(*) FROM customer) AS customers, (SELECT count(*) FROM note) AS notes, (SELECT count(*) FROM visit) AS visits,
    (SELECT count(*) FROM template) AS templates, (SELECT count(*) FROM consent WHERE ended_at_ms IS NULL) AS consents, (SELECT count(*) FROM vault.customer_key) > 0 AS keys`);
  const asBefore = [{ customers: 1, notes: 1, visits: 1, templates: 1, consents: 1, keys: 1 }];
  t.strictSame(counts(), asBefore);
  for (const [what, ms] of [['ahead', YEARS_MS], ['right', -YEARS_MS], ['back to before it was made', -YEARS_MS], ['right again', YEARS_MS]] as const) {
    clock.move(ms);
    const box = await startBox(t, { dataDirectory, clock });
    t.strictSame(counts(), asBefore, what);
    const device = first.owner.cookieHeader().split('; ').find((each) => each.includes('device'))!;
    const officer = box.stranger();
    const session = await officer.send('POST', '/api/v1/sessions', { staffId: staff.id, pin: '246802' }, { cookie: device });
    t.equal(session.status, 201, 'staff get in');
    const overview = await officer.send<PrivacyOverview>('GET', '/api/v1/privacy/overview', undefined, { cookie: `${device}; ${officer.cookieHeader()}` });
    t.equal(overview.status, 200);
    t.match(JSON.stringify(overview.body), /clock_implausible/, `${what}: said where the tasks are`);
    await box.stop();
  }
  clock.move(DAY_MS);
  await (await startBox(t, { dataDirectory, clock })).stop();
  t.strictSame(counts(), asBefore, 'a day later regular deleting goes on, and nothing of this is over its term');
});

t.test('what may last for minutes or hours does not last for years by a clock that was set back', { timeout: 120_000 }, async (t) => {
  const clock = new TestClock();
  const box = await startBox(t, { clock });
  const { device: desk } = await addAssociate(box, '前台');
  const { id } = await box.owner.createCustomer({ displayName: '等一等' });
  await box.owner.giveConsent(id);
  clock.move(YEARS_MS);
  await signIn(box);
  const code = await box.owner.makePairingCode();
  await desk.signIn((await box.owner.call<{ id: string; name: string }[]>('GET', '/staff')).find(({ name }) => name === '前台')!.id, '246802');
  await desk.call('POST', '/sessions/current/front-desk');
  const ahead = await box.owner.createCustomer({ displayName: '将来的' });
  await box.owner.giveConsent(ahead.id, { validUntil: new Date(clock.now() + 90 * DAY_MS).toISOString().slice(0, 10) });
  const { enrolmentId } = await box.owner.call<EnrolmentProgress>('POST', `/customers/${ahead.id}/enrolments`);
  await box.owner.call('POST', `/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P18'));

  clock.move(-YEARS_MS);
  const stranger = box.stranger();
  t.match(await stranger.send('POST', '/api/v1/pairings', { code: code.code, deviceName: '捡到码的人' }), { status: 403, body: { code: 'pairing_code_invalid' } }, 'a pairing code of ten minutes');
  t.match(await desk.send('GET', '/api/v1/sessions/current'), { status: 401 }, 'a front desk that nobody signed in to');
  await signIn(box);
  t.match(await box.owner.send('POST', `/api/v1/enrolments/${enrolmentId}/finish`, { acceptFewer: true }), { status: 404, body: { code: 'enrolment_not_found' } }, 'a face held in memory for ten minutes');
  // Seconds are put right each day, and nobody notices.
  const near = await box.owner.makePairingCode();
  const begun = await box.owner.call<EnrolmentProgress>('POST', `/customers/${id}/enrolments`);
  clock.move(-30_000);
  await stranger.pair(near.code, 'iPad 9');
  t.match(await box.owner.send('GET', '/api/v1/sessions/current'), { status: 200 });
  t.match(await box.owner.send('POST', `/api/v1/enrolments/${begun.enrolmentId}/photos?pose=any`, await portrait('P18')), { status: 200, body: { accepted: true } });
});

t.test('certificates: none is made by a clock that cannot be right, and one made by a clock that was ahead is made anew when it is put right', async (t) => {
  const directory = temporaryDirectory(t);
  const clock = new TestClock();
  const load = (names: string[] = ['a.example']) => loadCertificates(directory, names, clock, 'ab'.repeat(32));
  const leaf = ({ chainPem }: { chainPem: string }) => new X509Certificate(chainPem);
  const first = await load();
  for (const [what, ms] of [['before the root', -20 * 365 * DAY_MS], ['after its end', 20 * 365 * DAY_MS]] as const) {
    clock.move(ms);
    const then = await load();
    t.equal(then.chainPem, first.chainPem, `${what}: the one of before is served`);
    t.match(then.warnings.map(({ code }) => code), ['clock_wrong'], 'and said');
    clock.move(-ms);
  }
  clock.move(-20 * 365 * DAY_MS);
  const renamed = await load(['b.a.example']);
  clock.move(20 * 365 * DAY_MS);
  t.ok(Date.parse(leaf(renamed).validFrom) <= clock.now() && Date.parse(leaf(renamed).validTo) > clock.now(), 'a name that was added meanwhile: it holds on iPads, whose clocks are right');

  clock.move(YEARS_MS);
  const ahead = await load(['b.a.example']);
  t.ok(Date.parse(leaf(ahead).validFrom) > clock.now() - 2 * DAY_MS, 'a box that was off for years, once its clock is believed');
  clock.move(-YEARS_MS);
  const right = await load(['b.a.example']);
  t.ok(Date.parse(leaf(right).validFrom) <= clock.now(), 'put right: from now on');
  t.equal(right.rootPem, first.rootPem, 'and no iPad has to trust anew');
  clock.move(YEARS_MS);
  const unbelieved = await loadCertificates(directory, ['b.a.example'], clock, 'ab'.repeat(32), () => false);
  t.equal(unbelieved.chainPem, right.chainPem, 'years ahead, and not believed: the one of before is served');
  t.match(unbelieved.warnings.map(({ code }) => code), ['clock_wrong']);
});

t.test('a box that runs serves the new certificate within minutes of the clock being put right', { timeout: 60_000 }, async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const clock = new TestClock(NOON);
  await (await startBox(t, { dataDirectory, clock })).stop();
  clock.move(380 * DAY_MS); // near the end of the certificate: a new one is made
  const box = await startBox(t, { dataDirectory, clock, fresh: true });
  const served = async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(box.url).port), rejectUnauthorized: false, servername: 'localhost' });
    await once(socket, 'secureConnect');
    const { valid_from: from } = socket.getPeerCertificate();
    socket.destroy();
    return Date.parse(from);
  };
  t.ok(await served() > NOON + 300 * DAY_MS);
  clock.move(-380 * DAY_MS + 5 * 60_000); // 12:40
  for (let waitedMs = 0; await served() > clock.now() && waitedMs < 30_000; waitedMs += 200) await new Promise((resolve) => { setTimeout(resolve, 200); });
  t.ok(await served() <= clock.now());
  t.match(box.logged(), /the clock has jumped/);
});
