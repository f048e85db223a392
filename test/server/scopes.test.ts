/** Who gets in and stays in: devices, sessions, origins, cookies. Roles and routes: roles.test.ts. */
import t from 'tap';
import type { Device, ErrorBody, Notice, Session, StaffMember } from '../../appliance/contract/index.js';
import { addAssociate, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { dumpTables, filesBelow, query } from '../support/disk.js';
import { closedSoon } from '../support/sockets.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
const HOUR_MS = 3_600_000;

t.test('two who work here at once have two names', async (t) => {
  await addAssociate(box, '小陈');
  t.equal(await refusal(box.owner.call('POST', '/staff', { name: '小陈', role: 'associate', pin: '314159' })), '409 staff_name_taken');
});

t.test('a manager sets a new PIN, and who leaves is out at once', async (t) => {
  const { device, staff } = await addAssociate(box, '小何');
  t.equal(await refusal(box.owner.call('PUT', `/staff/${staff.id}/pin`, { pin: '123456' })), '400 pin_too_simple');
  t.equal(await refusal(box.owner.call('PUT', `/staff/${staff.id}/pin`, { pin: '777777' })), '400 pin_too_simple');
  for (let i = 0; i < 5; i += 1) await refusal(device.signIn(staff.id, '000000'));
  t.equal(await refusal(device.signIn(staff.id, '246802')), '429 pin_locked');
  const open = await device.live().opened();
  await box.owner.call('PUT', `/staff/${staff.id}/pin`, { pin: '271828' });
  t.equal(await closedSoon(open), 4401, 'whoever has the old session is out');
  t.equal(await refusal(device.call('GET', '/customers')), '401 session_expired');
  t.equal(await refusal(box.owner.call('GET', '/customers')), 'accepted', 'nobody else is');
  t.equal(await refusal(device.signIn(staff.id, '271828')), 'accepted', 'the new PIN also ends the lock');
  const live = await device.live().opened();
  t.equal(await refusal(box.owner.call('DELETE', `/staff/${box.ownerId}`)), '409 staff_self');
  t.equal((await box.owner.send('DELETE', `/api/v1/staff/${staff.id}`)).status, 204);
  t.equal(await closedSoon(live), 4401);
  t.equal(await refusal(device.call('GET', '/customers')), '401 session_expired');
  t.equal(await refusal(device.signIn(staff.id, '271828')), '404 staff_not_found');
  t.notOk((await box.owner.call<StaffMember[]>('GET', '/staff')).some((member) => member.id === staff.id));
});

t.test('the front desk ends what was open, and is left with the PIN only', async (t) => {
  const { device, staff } = await addAssociate(box, '小周');
  const live = await device.live().opened();
  const lookUp = await device.camera('look_up').opened();
  t.equal((await device.call<Session>('POST', '/sessions/current/front-desk')).scope, 'front_desk');
  t.equal(await closedSoon(live), 4401, 'sockets of the wider session close');
  t.equal(await closedSoon(lookUp), 4401);
  t.equal(await refusal(device.call('GET', '/customers')), '403 not_allowed');
  const desk = device.camera('front_desk');
  t.match(await desk.next(), { type: 'camera.ready', data: { mode: 'front_desk', credits: 2 } });
  desk.close();
  t.equal(await refusal(device.signIn(staff.id, '000000')), '403 pin_wrong', 'leaving needs the PIN');
  t.equal((await device.call<Session>('GET', '/sessions/current')).scope, 'front_desk');
  t.equal((await device.signIn(staff.id, '246802')).scope, 'staff');
  t.equal(await refusal(device.call('GET', '/customers')), 'accepted');
});

t.test('in a customer\'s hands the iPad knows that one customer, and is taken back with the PIN only', async (t) => {
  const { device, staff } = await addAssociate(box, '小钱');
  const [own, other] = await Promise.all(['林知夏', '顾清和'].map(async (displayName) => (await device.createCustomer({ displayName })).id)) as [string, string];
  const live = await device.live().opened();
  const handOver = (customerId: string) => device.call<Session>('POST', '/sessions/current/hand-over', { customerId });
  t.equal(await refusal(handOver(crypto.randomUUID())), '404 customer_not_found');
  t.match(await handOver(own), { scope: 'handed_over', handedTo: own, idleLockSeconds: 960 * 60 });
  t.equal(await closedSoon(live), 4401, 'sockets of the wider session close');
  for (const path of ['/customers', `/customers/${own}`, `/customers/${other}`, '/audit', '/health', '/notices/current', '/devices']) {
    t.equal(await refusal(device.call('GET', path)), '403 not_allowed', path);
  }
  t.equal(await refusal(device.call('POST', '/sessions/current/front-desk')), '403 not_allowed');
  for (const socket of [device.live(), device.camera('look_up'), device.camera('front_desk')]) {
    t.match(await socket.next(), { type: 'error', code: 'not_allowed' });
    t.equal(await socket.closed, 4403);
  }
  for (const step of ['consents/ask', 'consents/refuse', 'consents', 'consents/link', 'enrolments']) {
    t.equal(await refusal(device.call('POST', `/customers/${other}/${step}`, {})), '403 not_allowed', `${step} of somebody else`);
  }
  t.equal(await refusal(device.call('POST', `/customers/${own}/consents/withdraw`, {})), '403 not_allowed');
  t.equal(await refusal(handOver(other)), '403 not_allowed', 'not on into other hands');
  t.match(await handOver(own), { scope: 'handed_over' }, 'an answer that was lost is asked for again');
  const { id: noticeId } = await device.call<Notice>('POST', `/customers/${own}/consents/ask`);
  const consent = {
    noticeId, language: 'zh-CN', purposes: ['recognise'], ageConfirmed: true, validUntil: new Date(clock.now() + 30 * 24 * HOUR_MS).toISOString().slice(0, 10),
    signature: { width: 600, height: 200, strokes: [[0, 1, 2, 3, 4].map((i) => ({ x: 80 + 60 * i, y: i % 2 === 0 ? 60 : 140, t: i * 90 }))] },
  };
  const said = [await device.call('POST', `/customers/${own}/consents`, consent), await device.call('POST', `/customers/${own}/consents/link`),
    await device.call('POST', `/customers/${own}/enrolments`), await device.call('POST', `/customers/${own}/consents/refuse`), await device.call('GET', '/sessions/current')];
  t.notMatch(JSON.stringify(said), /林知夏|顾清和/, 'the enrolment goes on, and says no name');
  t.equal(await refusal(device.signIn(staff.id, '000000')), '403 pin_wrong', 'taking it back needs the PIN');
  t.equal((await device.call<Session>('GET', '/sessions/current')).handedTo, own);
  t.match(await device.signIn(staff.id, '246802'), { scope: 'staff', handedTo: null });
  t.equal(await refusal(device.call('GET', '/customers')), 'accepted');
  t.equal(query(box.dataDirectory, `SELECT 1 FROM audit_entry WHERE action = 'ipad_handed_over' AND customer_id = '${own}'`).length, 1);

  await handOver(other);
  const officer = await box.owner.call<StaffMember>('POST', '/staff', { name: '隐私', role: 'privacy_officer', pin: '246802' });
  await box.owner.signIn(officer.id, '246802');
  t.equal(await refusal(box.owner.call('DELETE', `/customers/${other}`)), 'accepted');
  t.equal(await refusal(device.call('GET', '/sessions/current')), '401 session_expired', 'a dossier that is erased leaves the iPad in nobody\'s hands');
  await box.owner.signIn(box.ownerId, OWNER_PIN);
});

t.test('an address of the API is no page: typed into the browser of a paired iPad it shows nothing', async (t) => {
  for (const headers of [{ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, { 'sec-fetch-dest': 'document' }]) {
    for (const path of ['/api/v1/customers', '/api/v1/audit/export.csv', '/api/v1/sessions/current']) {
      t.match(await box.owner.send('GET', path, undefined, headers), { status: 403, body: { code: 'not_a_page' } }, path);
    }
  }
  for (const headers of [{ 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, { 'sec-fetch-mode': 'same-origin' }, {}]) {
    t.equal((await box.owner.send('GET', '/api/v1/customers', undefined, headers)).status, 200, 'what the page and programs send');
  }
  for (const [path, what] of [['/', 'the page itself'], ['/api/v1/keys', 'what a receipt sends everybody to']] as const) {
    t.equal((await box.owner.send('GET', path, undefined, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })).status, 200, what);
  }
});

t.test('signing out ends the session and its sockets; signing in as another ends the former', async (t) => {
  const { device } = await addAssociate(box, '小吴');
  const live = await device.live().opened();
  const other = await box.owner.call<StaffMember>('POST', '/staff', { name: '小郑', role: 'associate', pin: '314159' });
  await device.signIn(other.id, '314159');
  t.equal(await closedSoon(live), 4401);
  const again = await device.live().opened();
  t.equal((await device.send('DELETE', '/api/v1/sessions/current')).status, 204);
  t.equal(await closedSoon(again), 4401);
  t.equal(await refusal(device.call('GET', '/customers')), '401 sign_in_required');
});

t.test('a stolen session cookie is worth nothing on another device', async (t) => {
  const { device, staff } = await addAssociate(box, '小冯');
  const [session] = (await device.send('POST', '/api/v1/sessions', { staffId: staff.id, pin: '246802' })).headers['set-cookie'] as string[];
  const stolen = session!.split(';')[0]!;
  const thief = box.stranger();
  const paired = await thief.send('POST', '/api/v1/pairings', { code: (await box.owner.makePairingCode()).code, deviceName: 'iPad 贼' });
  const own = (paired.headers['set-cookie'] as string[])[0]!.split(';')[0]!;
  t.equal((await device.send('GET', '/api/v1/customers')).status, 200);
  t.match(await thief.send('GET', '/api/v1/customers', undefined, { cookie: `${own}; ${stolen}` }), { status: 401, body: { code: 'session_expired' } });
  t.match(await thief.send('GET', '/api/v1/customers', undefined, { cookie: stolen }), { status: 401, body: { code: 'device_not_paired' } });
});

t.test('a removed device is out at once, with its sockets', async (t) => {
  const { device } = await addAssociate(box, '小孙');
  const live = await device.live().opened();
  const camera = await device.camera('look_up').opened();
  const devices = await box.owner.call<Device[]>('GET', '/devices');
  const target = devices.find((each) => each.name === 'iPad 小孙')!;
  const own = devices.find((each) => each.current)!;
  t.equal(await refusal(box.owner.call('DELETE', `/devices/${own.id}`)), '403 not_allowed', 'not the one in hand');
  t.equal((await box.owner.send('DELETE', `/api/v1/devices/${target.id}`)).status, 204);
  t.equal(await closedSoon(live), 4401);
  t.equal(await closedSoon(camera), 4401);
  t.equal(await refusal(device.call('GET', '/customers')), '401 device_not_paired');
  t.equal(await refusal(device.call('GET', '/staff')), '401 device_not_paired');
  t.equal(await refusal(box.owner.call('DELETE', `/devices/${target.id}`)), '404 device_not_found');
});

t.test('another site cannot act with our cookies, by request or by socket', async (t) => {
  for (const origin of ['https://evil.example', 'http://localhost', 'null', `${box.url}.evil.example`]) {
    const post = await box.owner.send<ErrorBody>('POST', '/api/v1/customers', { displayName: 'x' }, { origin });
    t.match(post, { status: 403, body: { code: 'wrong_origin' } }, `POST from ${origin}`);
    for (const path of ['/api/v1/live?v=1', '/api/v1/camera?v=1&mode=look_up']) {
      const socket = box.owner.open(path, { origin });
      t.match(await socket.next(), { type: 'error', code: 'wrong_origin' }, `${path} from ${origin}`);
      t.equal(await socket.closed, 4403);
    }
  }
  t.equal((await box.owner.send('POST', '/api/v1/customers', { displayName: '自家网页' }, { origin: box.url })).status, 201, 'our own page may');
  t.strictSame(query(box.dataDirectory, `SELECT 1 FROM customer WHERE display_name = 'x'`), []);
});

t.test('cookies are bound to this host, hidden from scripts and from other sites', async (t) => {
  const device = box.stranger();
  const paired = await device.send('POST', '/api/v1/pairings', { code: (await box.owner.makePairingCode()).code, deviceName: 'iPad' });
  const signedIn = await device.send('POST', '/api/v1/sessions', { staffId: box.ownerId, pin: OWNER_PIN });
  for (const [answer, name] of [[paired, '__Host-portico-device'], [signedIn, '__Host-portico-session']] as const) {
    const [line] = answer.headers['set-cookie'] as string[];
    t.ok(line!.startsWith(`${name}=`), line!);
    for (const flag of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) t.ok(line!.split('; ').includes(flag), `${name}: ${flag}`);
    t.notMatch(line, /Domain=/i);
    const value = /=([^;]+)/.exec(line!)![1]!;
    t.ok(value.length >= 43, '256 bits');
    for (const { path, bytes } of filesBelow(box.dataDirectory)) t.notOk(bytes.includes(value), `${path} does not hold the token`);
    t.notOk(JSON.stringify(dumpTables(box.dataDirectory)).includes(value), 'nor does any table');
  }
  t.equal(signedIn.headers['cache-control'], 'no-store');
});

t.test('PINs are kept as Argon2id only, and never logged', async (t) => {
  const staff = dumpTables(box.dataDirectory)['staff'] as { pin_hash: string }[];
  t.ok(staff.length > 2);
  for (const { pin_hash } of staff) t.match(pin_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.notOk(box.logged().includes(OWNER_PIN));
});

// Last: moves the clock beyond every session.
t.test('a session ends after a shop day', async (t) => {
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  clock.move(16 * HOUR_MS - 1_000);
  t.equal(await refusal(box.owner.call('GET', '/customers')), 'accepted');
  clock.move(2_000);
  t.equal(await refusal(box.owner.call('GET', '/customers')), '401 session_expired');
  const live = box.owner.live();
  t.match(await live.next(), { type: 'error', code: 'session_expired' });
  t.equal(await live.closed, 4401);
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  t.equal(await refusal(box.owner.call('GET', '/customers')), 'accepted');
});
