/** Left alone, an iPad locks; what is use of it and what is not. What a locked session may: roles.test.ts. */
import t from 'tap';
import type { Role, StaffMember } from '../../appliance/contract/index.js';
import type { PorticoClient } from '../../demo/client.js';
import { addAssociate, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { query } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { closedSoon } from '../support/sockets.js';

const IDLE_MINUTES = 10;
const clock = new TestClock();
const box = await startBox(t, { clock, settings: { PORTICO_IDLE_LOCK_MINUTES: String(IDLE_MINUTES) } });
const { device: spare } = await addAssociate(box, '小先');

/** Somebody new, signed in on the spare device: only ten devices a minute can be paired. */
async function newcomer(name: string, role: Role): Promise<{ device: PorticoClient; staff: StaffMember }> {
  await box.owner.signIn(box.ownerId, OWNER_PIN); // may have locked
  const staff = await box.owner.call<StaffMember>('POST', '/staff', { name, role, pin: '246802' });
  await spare.signIn(staff.id, '246802');
  return { device: spare, staff };
}

t.test('C21: an open dossier that the page reads again by itself puts no lock off, and is written down once a session', async (t) => {
  const { device, staff } = await newcomer('小看', 'associate');
  const { id } = await device.createCustomer({ displayName: '在店里的人' });
  const openings = () => query<{ detail: string }>(box.dataDirectory,
    `SELECT detail FROM audit_entry WHERE action = 'dossier_opened' AND customer_id = '${id}' AND staff_id = '${staff.id}'`).map(({ detail }) => JSON.parse(detail) as unknown);
  const read = (query: string) => refusal(device.call('GET', `/customers/${id}?${query}`));
  t.equal(await read('again=yes'), '400 bad_request');
  t.equal(await read('why=visit&again=true'), 'accepted');
  t.strictSame(openings(), [{ why: 'visit' }], 'nothing is read unwritten, whatever the page says');
  t.equal(await read('why=visit'), 'accepted');
  t.strictSame(openings().length, 1, 'the same opening');
  for (let minute = 1; minute < IDLE_MINUTES; minute += 1) {
    clock.move(60_000);
    t.equal(await read('why=visit&again=true'), 'accepted');
  }
  t.strictSame(openings().length, 1);
  clock.move(60_000);
  t.equal(await read('why=visit&again=true'), '401 session_locked', 'only re-reads: the lock comes');
  await device.signIn(staff.id, '246802');
  t.equal(await read('why=visit&again=true'), 'accepted');
  t.strictSame(openings().length, 2, 'another session, another entry');
  clock.move(IDLE_MINUTES * 60_000 - 1);
  t.equal(await read('why=visit'), 'accepted', 'opened by a person');
  clock.move(2);
  t.equal(await read('why=visit'), 'accepted', 'that was use');
  t.strictSame(openings().length, 3, 'once a minute');
});

t.test('touching and typing is use, though nothing else is asked of the box', async (t) => {
  const { device } = await newcomer('小触', 'privacy_officer');
  for (let minute = 0; minute < 3 * IDLE_MINUTES; minute += IDLE_MINUTES / 4) {
    clock.move((IDLE_MINUTES / 4) * 60_000);
    t.equal((await device.send('POST', '/api/v1/sessions/current/use')).status, 204);
  }
  t.equal(await refusal(device.call('GET', '/audit?limit=1')), 'accepted');
  clock.move(IDLE_MINUTES * 60_000);
  t.equal(await refusal(device.call('POST', '/sessions/current/use')), '401 session_locked', 'and opens nothing that has locked');
});

t.test('C21: no name goes to an iPad that was left alone too long, not even before anybody notices', async (t) => {
  const { device } = await newcomer('小停', 'associate');
  const live = await device.live().opened();
  await live.nextOf('live.snapshot');
  const camera = await device.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  clock.move(IDLE_MINUTES * 60_000 + 1);
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const { id } = await box.owner.createCustomer({ displayName: '不给看' });
  await box.owner.call('POST', '/visits', { customerId: id });
  const heard: string[] = [];
  for (;;) {
    const message = await live.next().catch(() => null);
    if (message === null) break;
    heard.push(message.type);
  }
  t.notOk(heard.includes('visit.opened'), heard.join());
  t.equal(await live.closed, 4401);
  t.equal(await closedSoon(camera), 4401);
});

t.test('a frame does not wake a session that was left alone too long', async (t) => {
  const { device } = await newcomer('小醒', 'associate');
  const camera = await device.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  clock.move(IDLE_MINUTES * 60_000 + 1);
  camera.socket.send(Buffer.from('no picture'));
  t.equal(await closedSoon(camera), 4401);
  t.equal(await refusal(device.call('GET', '/customers')), '401 session_locked');
});

t.test('a look-up camera is use', async (t) => {
  const { device } = await newcomer('小照', 'associate');
  const camera = await device.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  clock.move(IDLE_MINUTES * 60_000 - 1);
  camera.socket.send(Buffer.from('no picture'));
  t.match(await camera.nextOf('camera.refused'), { data: { frame: 1 } });
  clock.move(2);
  t.equal(await refusal(device.call('GET', '/customers')), 'accepted', 'the frame was use');
  camera.close();
});

t.test('locking by hand', async (t) => {
  const { device, staff } = await newcomer('小手', 'it');
  t.equal((await device.send('POST', '/api/v1/sessions/current/lock')).status, 204);
  t.equal(await refusal(device.call('GET', '/devices')), '401 session_locked');
  t.equal(await refusal(device.call('POST', '/sessions/current/lock')), '401 session_locked');
  t.equal((await device.signIn(staff.id, '246802')).staff.role, 'it');
});
