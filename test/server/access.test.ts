/** Getting in: pairing codes, the owner, PINs. The refusals first. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { loadConfig } from '../../appliance/config/index.js';
import type { Dossier, ErrorBody, Note, Session, StaffMember } from '../../appliance/contract/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { startAppliance } from '../../appliance/main.js';
import { PorticoClient } from '../../demo/client.js';
import { OWNER_PIN, startBox, TestClock, temporaryDirectory } from '../support/box.js';
import { refusal } from '../support/failures.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
const HOUR_MS = 3_600_000;

t.test('pairing codes: wrong, used, expired, and typed with the wrong letters', async (t) => {
  const stranger = box.stranger();
  t.equal(await refusal(stranger.pair('ABCD-EFGH', 'iPad')), '403 pairing_code_invalid');
  let made = await box.owner.makePairingCode();
  while (!/[01]/.test(made.code)) made = await box.owner.makePairingCode(); // one that can be misread
  const { code, expiresAt, url } = made;
  t.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  t.ok(url.endsWith(`/pair#${code}`), 'the code is in the fragment, which no server log sees');
  t.equal(Date.parse(expiresAt) - clock.now(), 600_000);
  const typed = ` ${code.toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `;
  t.match(await stranger.pair(typed, '  前台 iPad  '), { name: '前台 iPad', current: true });
  t.equal(await refusal(box.stranger().pair(code, 'iPad')), '403 pairing_code_invalid', 'used');

  const late = (await box.owner.makePairingCode()).code;
  clock.move(600_001);
  t.equal(await refusal(box.stranger().pair(late, 'iPad')), '403 pairing_code_invalid', 'expired');
  t.equal(await refusal(stranger.call('GET', '/sessions/current')), '401 sign_in_required', 'paired is not signed in');
  t.equal(await refusal(stranger.call('GET', '/customers')), '401 sign_in_required');
});

t.test('a fresh box: its code pairs one device, which makes the owner once, however hard it tries', async (t) => {
  const config = loadConfig({
    PORTICO_DATA_DIR: temporaryDirectory(t), PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1',
  });
  const appliance = await startAppliance(config, { log: createLogger('silent'), clock });
  t.teardown(() => appliance.stop());
  const [device, late] = [new PorticoClient(appliance.urls[0]!, appliance.rootPem), new PorticoClient(appliance.urls[0]!, appliance.rootPem)];
  t.teardown(() => { device.close(); late.close(); });
  t.match((await device.send('GET', '/api/v1/box')).body, { devicePaired: false, ownerNeeded: true });
  t.equal(await refusal(device.makeOwner('店长', OWNER_PIN)), '401 device_not_paired');
  await device.pair(appliance.ownerCode!, 'iPad 1');
  t.equal(await refusal(late.pair(appliance.ownerCode!, 'iPad 2')), '403 pairing_code_invalid', 'works once');
  for (const pin of ['12345', '1234567', '12345a', '١٢٣٤٥٦']) t.equal(await refusal(device.makeOwner('店长', pin)), '400 bad_request', `PIN ${pin}`);
  const results = await Promise.all(['甲', '乙'].map((name) => refusal(device.makeOwner(name, OWNER_PIN))));
  t.strictSame(results.sort(), ['409 owner_exists', 'accepted'], 'two at once: one wins');
  const staff = await device.call<StaffMember[]>('GET', '/staff');
  t.equal(staff.length, 1);
  t.equal(staff[0]!.role, 'manager');
  t.equal(await refusal(device.makeOwner('丙', OWNER_PIN)), '409 owner_exists');
});

t.test('five wrong PINs lock, the right one is then refused too, and the lock ends', async (t) => {
  await box.owner.prove(OWNER_PIN);
  const staff = await box.owner.call<StaffMember>('POST', '/staff', { name: '锁定', role: 'associate', pin: '246802' });
  const device = box.stranger();
  await device.pair((await box.owner.makePairingCode()).code, 'iPad 锁');
  for (const triesLeft of [4, 3, 2, 1]) {
    const { status, body } = await device.send<ErrorBody>('POST', '/api/v1/sessions', { staffId: staff.id, pin: '000000' });
    t.match({ status, body }, { status: 403, body: { code: 'pin_wrong', details: { triesLeft } } });
  }
  const fifth = await device.send<ErrorBody>('POST', '/api/v1/sessions', { staffId: staff.id, pin: '000000' });
  t.match(fifth, { status: 429, body: { code: 'pin_locked', details: { retryAfterSeconds: 300 } } });
  t.equal(fifth.headers['retry-after'], '300');
  t.equal(await refusal(device.signIn(staff.id, '246802')), '429 pin_locked', 'the right PIN while locked');
  const elsewhere = box.stranger();
  await elsewhere.pair((await box.owner.makePairingCode()).code, 'iPad 2');
  t.equal(await refusal(elsewhere.signIn(staff.id, '246802')), 'accepted', 'not locked on another iPad');
  t.equal((await box.owner.call<Session>('GET', '/sessions/current')).staff.role, 'manager', 'nobody else is locked');
  clock.move(299_000);
  t.equal(await refusal(device.signIn(staff.id, '246802')), '429 pin_locked');
  clock.move(1_001);
  t.equal(await refusal(device.signIn(staff.id, '000000')), '403 pin_wrong', 'the lock is over, counting starts again');
  t.equal((await device.signIn(staff.id, '246802')).staff.name, '锁定');
  t.equal(await refusal(device.signIn(staff.id, '000000')), '403 pin_wrong');
});

t.test('many wrong PINs at once are not more than five', async (t) => {
  await box.owner.prove(OWNER_PIN);
  const staff = await box.owner.call<StaffMember>('POST', '/staff', { name: '并发', role: 'associate', pin: '975310' });
  const device = box.stranger();
  await device.pair((await box.owner.makePairingCode()).code, 'iPad 并发');
  const results = await Promise.all(Array.from({ length: 8 }, (_, i) => refusal(device.signIn(staff.id, `00000${i}`))));
  t.equal(results.filter((result) => result === '403 pin_wrong').length, 4, results.join());
  t.equal(results.filter((result) => result === '429 pin_locked').length, 4);
  t.equal(await refusal(device.signIn(staff.id, '975310')), '429 pin_locked');
  clock.move(300_001);
  t.equal(await refusal(device.signIn(staff.id, '975310')), 'accepted');
});

t.test('a clock set back ends a lock instead of making it last for days', async (t) => {
  await box.owner.prove(OWNER_PIN);
  const staff = await box.owner.call<StaffMember>('POST', '/staff', { name: '时钟', role: 'associate', pin: '975310' });
  for (let i = 0; i < 5; i += 1) await refusal(box.owner.signIn(staff.id, '000000'));
  clock.move(-30 * HOUR_MS);
  t.equal(await refusal(box.owner.signIn(staff.id, '975310')), 'accepted');
  clock.move(30 * HOUR_MS);
});

t.test('what is sent again under its id is there once, with the time it was written', async (t) => {
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const { id: customerId } = await box.owner.createCustomer({ displayName: '林知夏' });
  const { id: elsewhere } = await box.owner.createCustomer({ displayName: '顾清和' });
  const [noteId, followUpId] = [randomUUID(), randomUUID()];
  clock.move(2 * HOUR_MS);
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const note = (text: string, ageMs: number, to = customerId) => box.owner.call<Note>('POST', `/customers/${to}/notes`, { text, id: noteId, ageMs });
  const first = await note('喜欢细表带', HOUR_MS);
  t.match(first, { id: noteId, at: new Date(clock.now() - HOUR_MS).toISOString() });
  t.strictSame(await note('喜欢细表带', 2 * HOUR_MS), first, 'sent later, written once');
  t.equal(await refusal(note('别的', 0)), '409 id_taken');
  t.equal(await refusal(note('喜欢细表带', 0, elsewhere)), '409 id_taken');
  t.equal(await refusal(note('太早', 8 * 24 * HOUR_MS)), '400 bad_request');
  const promise = { text: '到货通知', dueOn: '2030-05-03', id: followUpId, ageMs: HOUR_MS };
  const followUp = await box.owner.call('POST', `/customers/${customerId}/follow-ups`, promise);
  t.strictSame(await box.owner.call('POST', `/customers/${customerId}/follow-ups`, promise), followUp);
  const dossier = await box.owner.call<Dossier>('GET', `/customers/${customerId}`);
  t.equal(dossier.notes.length + dossier.followUps.length, 2);
});

// Last: uses up what one address may try in a minute.
t.test('codes cannot be tried without end', async (t) => {
  const stranger = box.stranger();
  const results: string[] = [];
  for (let i = 0; i < 11; i += 1) results.push(await refusal(stranger.pair(`AAAA-000${i % 10}`, 'iPad')));
  t.ok(results.every((result) => result === '403 pairing_code_invalid' || result === '429 too_many_requests'), results.join());
  t.equal(results.at(-1), '429 too_many_requests');
});
