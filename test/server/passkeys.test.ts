/** Passkeys against a software authenticator: the real library checks real ES256 signatures. The refusals first. */
import t from 'tap';
import type { Device, ErrorBody, Passkey, Session, StaffMember } from '../../appliance/contract/index.js';
import { passkeySite } from '../../appliance/http/guards.js';
import type { PorticoClient } from '../../demo/client.js';
import { Authenticator } from '../support/authenticator.js';
import { addStaff, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { dumpTables } from '../support/disk.js';
import { refusal } from '../support/failures.js';

type Json = Record<string, unknown>;
const clock = new TestClock();
const box = await startBox(t, { clock });
const { device, staff } = await addStaff(box, '小钥', 'associate');

const options = (client: PorticoClient): Promise<Json> => client.call('POST', '/passkeys/options');
const signInOptions = (client: PorticoClient): Promise<Json> => client.call('POST', '/sessions/passkey/options');
const register = (client: PorticoClient, response: Json): Promise<Passkey> => client.call('POST', '/passkeys', { name: '我的手机', response });
const signIn = (client: PorticoClient, response: Json): Promise<Session> => client.call('POST', '/sessions/passkey', { response });
const failures = (): number => dumpTables(box.dataDirectory)['audit_entry']!.filter((row) => (row as { action: string }).action === 'sign_in_failed').length;

t.test('asked by an IP address or a name that is not the box\'s: impossible, and the page is told', async (t) => {
  const host = '127.0.0.1';
  for (const path of ['/passkeys/options', '/sessions/passkey/options']) {
    t.match(await device.send<ErrorBody>('POST', `/api/v1${path}`, undefined, { host }), { status: 409, body: { code: 'passkey_impossible' } }, path);
  }
  t.equal((await device.send<Session>('GET', '/api/v1/sessions/current', undefined, { host })).body.passkeysPossible, false);
  t.equal((await device.send<Session>('GET', '/api/v1/sessions/current', undefined, { host: 'portico.local:8443' })).body.passkeysPossible, true);
  const site = (asked: string) => passkeySite({ headers: { host: asked } } as never, ['localhost', 'portico.local', '127.0.0.1', '::1', '192.168.1.20']);
  for (const asked of ['192.168.1.20:8443', '[::1]:8443', '::1', 'evil.example', 'localhost.evil.example', 'evil.example#localhost', 'localhost:', 'box', '']) t.equal(site(asked), null, asked);
  t.strictSame(site('PORTICO.local:8443'), { rpId: 'portico.local', origin: 'https://portico.local:8443' });
});

t.test('what is not exactly right is not kept', async (t) => {
  const lies: [string, Parameters<Authenticator['create']>[1]][] = [
    ['another site', { origin: 'https://evil.example' }], ['plain http', { origin: box.url.replace('https', 'http') }], ['another host', { rpId: 'evil.example' }],
    ['another challenge', { challenge: Buffer.from('not the one that was asked').toString('base64url') }], ['nobody was verified', { verified: false }],
    ['a certificate, which would be asked about outside', { format: 'packed', statement: new Map([['x5c', [Buffer.from('30', 'hex')]]]) }],
    ['an unknown form', { format: 'tpm' }],
  ];
  for (const [why, lie] of lies) t.equal(await refusal(register(device, new Authenticator(box.url).create(await options(device), lie))), '403 passkey_invalid', why);
  for (const nonsense of [{}, { id: 'x' }, { response: null }, { response: { attestationObject: 'ÿ' } }, { id: 7, response: { attestationObject: '', clientDataJSON: '' } }]) {
    await options(device);
    t.equal(await refusal(register(device, nonsense)), '403 passkey_invalid', JSON.stringify(nonsense));
  }
  t.equal(await refusal(register(device, new Authenticator(box.url).create(await options(box.owner)))), '403 passkey_invalid', 'asked for by somebody else');
  const late = await options(device);
  clock.move(300_001);
  await device.prove('246802');
  t.equal(await refusal(register(device, new Authenticator(box.url).create(late))), '403 passkey_invalid', 'too late');
  t.strictSame(await device.call('GET', '/passkeys'), []);
});

t.test('an iPad left open is not enough for lasting access: a passkey, an account and a PIN need the PIN shown again', async (t) => {
  clock.move(300_000);
  const lasting: [PorticoClient, string, string, unknown][] = [
    [device, 'POST', '/passkeys/options', undefined], [device, 'POST', '/passkeys', { name: '我的手机', response: {} }],
    [box.owner, 'POST', '/staff', { name: '小久', role: 'manager', pin: '246802' }], [box.owner, 'PUT', `/staff/${staff.id}/pin`, { pin: '246802' }],
  ];
  for (const [client, method, path, body] of lasting) t.equal(await refusal(client.call(method, path, body)), '401 pin_again', path);
  t.equal(await refusal(device.call('GET', '/customers')), 'accepted', 'all else goes on');
  t.equal(await refusal(box.stranger().prove('246802')), '401 device_not_paired');
  for (const pin of ['', '12345', 246802, null]) t.equal(await refusal(device.call('POST', '/sessions/current/proof', { pin })), '400 bad_request');

  const before = failures();
  for (const triesLeft of [4, 3, 2]) {
    t.match(await device.send<ErrorBody>('POST', '/api/v1/sessions/current/proof', { pin: '000000' }), { status: 403, body: { code: 'pin_wrong', details: { triesLeft } } });
  }
  t.equal(await refusal(device.signIn(staff.id, '000000')), '403 pin_wrong', 'counted with those of signing in');
  t.match(await device.send<ErrorBody>('POST', '/api/v1/sessions/current/proof', { pin: '000000' }), { status: 429, body: { code: 'pin_locked', details: { lock: 'here' } } });
  t.equal(await refusal(device.prove('246802')), '429 pin_locked', 'the right one too');
  t.equal(failures() - before, 5, 'written down');
  t.equal(await refusal(options(device)), '401 pin_again');

  clock.move(300_001);
  await device.prove('246802');
  await box.owner.prove(OWNER_PIN);
  t.equal(await refusal(options(device)), 'accepted');
  clock.move(299_999);
  t.equal(await refusal(options(device)), 'accepted');
  clock.move(1);
  t.equal(await refusal(options(device)), '401 pin_again', 'five minutes');
  await device.prove('246802');
  clock.move(-1);
  t.equal(await refusal(options(device)), '401 pin_again', 'a clock set back proves nothing');
  clock.move(1);
  await device.signIn(staff.id, '246802');
  t.equal(await refusal(options(device)), 'accepted', 'whoever has just signed in has shown it');
  await box.owner.prove(OWNER_PIN);
});

t.test('made once, and it signs in on any paired device; each challenge works once', async (t) => {
  const key = new Authenticator(box.url);
  const asked = await options(device);
  t.match(asked, { rp: { id: 'localhost' }, user: { name: '小钥' }, attestation: 'none', authenticatorSelection: { residentKey: 'required', userVerification: 'required' } });
  t.notOk(JSON.stringify(asked).includes(staff.id), 'the handle says nothing about who works here');
  const made = key.create(asked);
  const passkey = await register(device, made);
  t.match(passkey, { name: '我的手机', lastUsedAt: null });
  t.equal(await refusal(register(device, made)), '403 passkey_invalid', 'the same again');
  t.equal(await refusal(register(device, key.create(await options(device)))), '403 passkey_invalid', 'kept already');
  t.match(await options(device), { excludeCredentials: [{ id: key.id }] });

  const other = box.stranger();
  t.equal(await refusal(signInOptions(other)), '401 device_not_paired');
  await other.pair((await box.owner.makePairingCode()).code, 'iPad 2');
  const ask = await signInOptions(other);
  t.match(ask, { rpId: 'localhost', userVerification: 'required' });
  const answer = key.get(ask);
  t.match(await signIn(other, answer), { staff: { id: staff.id }, scope: 'staff', passkeysPossible: true });
  t.equal(await refusal(other.call('GET', '/customers')), 'accepted');
  t.equal(await refusal(signIn(other, answer)), '403 passkey_invalid', 'replayed');
  t.equal(await refusal(signIn(device, key.get(ask))), '403 passkey_invalid', 'the challenge of another device');
  t.ok((await device.call<Passkey[]>('GET', '/passkeys'))[0]!.lastUsedAt);

  const before = failures();
  const lies: [string, Parameters<Authenticator['get']>[1]][] = [
    ['another site', { origin: 'https://evil.example' }], ['another host', { rpId: 'evil.example' }], ['nobody was verified', { verified: false }],
    ['another challenge', { challenge: 'AAAA' }], ['of another user', { userHandle: Buffer.from('somebody else').toString('base64url') }],
  ];
  for (const [why, lie] of lies) t.equal(await refusal(signIn(other, key.get(await signInOptions(other), lie))), '403 passkey_invalid', why);
  const forged = key.get(await signInOptions(other));
  (forged['response'] as Json)['signature'] = (new Authenticator(box.url).get({ challenge: 'AAAA', rpId: 'localhost' })['response'] as Json)['signature'];
  t.equal(await refusal(signIn(other, forged)), '403 passkey_invalid', 'signed with another key');
  t.equal(await refusal(signIn(other, new Authenticator(box.url).get(await signInOptions(other)))), '403 passkey_invalid', 'a key nobody knows');
  const late = await signInOptions(other);
  clock.move(300_001);
  t.equal(await refusal(signIn(other, key.get(late))), '403 passkey_invalid', 'too late');
  t.equal(failures() - before, lies.length + 2, 'written down');

  t.match(await signIn(other, key.get(await signInOptions(other))), { staff: { id: staff.id } });
  key.counter -= 2;
  t.equal(await refusal(signIn(other, key.get(await signInOptions(other)))), '403 passkey_invalid', 'a copy of the key counts behind');
  key.counter += 2;
  t.match(await signIn(other, key.get(await signInOptions(other))), { staff: { id: staff.id } });

  t.equal(await refusal(box.owner.call('DELETE', `/passkeys/${passkey.id}`)), '404 passkey_not_found', 'not another\'s');
  t.equal((await device.send('DELETE', `/api/v1/passkeys/${passkey.id}`)).status, 204);
  t.equal(await refusal(signIn(other, key.get(await signInOptions(other)))), '403 passkey_invalid', 'removed');
});

t.test('a new PIN from the manager takes the passkeys away, and one that is being made', async (t) => {
  await box.owner.prove(OWNER_PIN);
  const lost = await addStaff(box, '小失', 'associate');
  const key = new Authenticator(box.url);
  await register(lost.device, key.create(await options(lost.device)));
  const [asked, begun] = [await signInOptions(lost.device), await options(lost.device)];
  await box.owner.call('PUT', `/staff/${lost.staff.id}/pin`, { pin: '271828' });
  t.equal(await refusal(signIn(lost.device, key.get(asked))), '403 passkey_invalid');
  await lost.device.signIn(lost.staff.id, '271828');
  t.strictSame(await lost.device.call('GET', '/passkeys'), []);
  t.equal(await refusal(register(lost.device, new Authenticator(box.url).create(begun))), '403 passkey_invalid', 'begun before');
  const again = new Authenticator(box.url);
  await register(lost.device, again.create(await options(lost.device)));
  t.match(await signIn(lost.device, again.get(await signInOptions(lost.device))), { staff: { id: lost.staff.id } });
  await box.owner.call('DELETE', `/staff/${lost.staff.id}`);
});

t.test('an iPad locked while its new passkey is being looked at keeps none', async (t) => {
  await device.signIn(staff.id, '246802');
  const made = new Authenticator(box.url).create(await options(device));
  await Promise.all(Array.from({ length: 2 }, () => device.call('GET', '/passkeys'))); // a connection for each
  const hashing = Array.from({ length: 6 }, (_, i) => box.owner.call('POST', '/staff', { name: `忙${i}`, role: 'associate', pin: '271828' })); // what is looked at has to wait
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  const registering = refusal(register(device, made));
  await device.call('POST', '/sessions/current/lock');
  t.equal(await registering, '401 session_locked');
  await Promise.all(hashing);
  await device.signIn(staff.id, '246802');
  t.strictSame(await device.call('GET', '/passkeys'), []);
});

t.test('who left, and a device that was removed, stay out', async (t) => {
  const gone = await addStaff(box, '小离', 'it');
  const key = new Authenticator(box.url);
  await register(gone.device, key.create(await options(gone.device)));
  const asked = await signInOptions(gone.device);
  const devices = await box.owner.call<{ id: string; name: string }[]>('GET', '/devices');
  await box.owner.call('DELETE', `/staff/${gone.staff.id}`);
  t.equal(await refusal(signIn(gone.device, key.get(asked))), '403 passkey_invalid');
  t.equal(dumpTables(box.dataDirectory)['passkey']!.length, 0, 'forgotten');
  await box.owner.call('DELETE', `/devices/${devices.find((each) => each.name === 'iPad 小离')!.id}`);
  t.equal(await refusal(signIn(gone.device, key.get(asked))), '401 device_not_paired');
});

// Here, because this box has pairings left: one address may try ten a minute.
t.test('a pairing code does not outlive who made it, nor the device it was made on', async (t) => {
  const shutOut: [string, (staffId: string, deviceId: string) => Promise<unknown>][] = [
    ['the person gets another PIN', (staffId) => box.owner.call('PUT', `/staff/${staffId}/pin`, { pin: '314159' })],
    ['the person is removed', (staffId) => box.owner.call('DELETE', `/staff/${staffId}`)],
    ['the device is removed', (_staffId, deviceId) => box.owner.call('DELETE', `/devices/${deviceId}`)],
  ];
  for (const [why, shut] of shutOut) {
    const helper = await box.owner.call<StaffMember>('POST', '/staff', { name: why, role: 'it', pin: '246802' });
    await device.signIn(helper.id, '246802');
    const { code } = await device.makePairingCode();
    await shut(helper.id, (await box.owner.call<Device[]>('GET', '/devices')).find(({ name }) => name === 'iPad 小钥')!.id);
    t.equal(await refusal(box.stranger().pair(code, 'iPad')), '403 pairing_code_invalid', why);
  }
});

t.test('nothing of it is logged', async (t) => {
  t.notMatch(box.logged(), /clientDataJSON|signature|challenge/);
});
