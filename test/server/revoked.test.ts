/** Whoever is put out while a request of theirs is under way does nothing with it any more. */
import t from 'tap';
import type { Device, DraftsKey, Role, StaffMember } from '../../appliance/contract/index.js';
import type { PorticoClient } from '../../demo/client.js';
import { addAssociate, OWNER_PIN, startBox } from '../support/box.js';
import { dumpTables, query } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { sendHalf } from '../support/raw.js';

const box = await startBox(t);
const { device } = await addAssociate(box, '小半');
/** Somebody new, signed in on it. */
async function member(role: Role, name: string): Promise<string> {
  const { id } = await box.owner.call<StaffMember>('POST', '/staff', { name, role, pin: '314159' });
  await device.signIn(id, '314159');
  return id;
}

t.test('whoever is removed while the box still hashes for them has done nothing after that', async (t) => {
  const staff = await member('manager', '快手');
  const victim = await box.owner.call<StaffMember>('POST', '/staff', { name: '同事', role: 'associate', pin: '314159' });
  // A connection for each, so that the removal comes in while the hashes are being made.
  await Promise.all([...Array.from({ length: 8 }, () => device.call('GET', '/staff')), box.owner.call('GET', '/staff')]);
  const acts = [
    ...Array.from({ length: 6 }, (_, i) => refusal(device.call('POST', '/staff', { name: `后门${i}`, role: 'manager', pin: '271828' }))),
    ...Array.from({ length: 2 }, () => refusal(device.call('PUT', `/staff/${victim.id}/pin`, { pin: '271828' }))),
  ];
  await new Promise((resolve) => { setImmediate(resolve); });
  await box.owner.call('DELETE', `/staff/${staff}`);
  t.ok((await Promise.all(acts)).includes('401 session_expired'), 'it was in time for some');
  const entries = query<{ action: string; staff_id: string; detail: string }>(box.dataDirectory, 'SELECT action, staff_id, detail FROM audit_entry ORDER BY seq');
  const removedAt = entries.findIndex(({ action, detail }) => action === 'staff_removed' && detail.includes(staff));
  t.strictSame(entries.slice(removedAt + 1).filter(({ staff_id }) => staff_id === staff), []);
});

t.test('a request sent half before its sender was put out is refused when the rest comes', async (t) => {
  const { id } = await box.owner.createCustomer({ displayName: '半路', tier: '金卡' });
  /** The whole dossier was the answer. */
  const change = () => sendHalf(box, device, 'PATCH', `/customers/${id}`, { tier: '银卡' });

  const manager = await member('manager', '前店长');
  let finish = await sendHalf(box, device, 'POST', '/staff', { name: '后门', role: 'manager', pin: '271828' });
  await box.owner.call('DELETE', `/staff/${manager}`);
  t.equal((await finish()).refusal, '401 session_expired', 'a removed manager makes no new account');
  t.notOk((await box.owner.call<StaffMember[]>('GET', '/staff')).some(({ name }) => name === '后门'));

  const associate = await member('associate', '前店员');
  finish = await sendHalf(box, device, 'POST', '/customers', { displayName: '离职后' });
  await box.owner.call('DELETE', `/staff/${associate}`);
  t.equal((await finish()).refusal, '401 session_expired');

  const other = await member('associate', '小锁');
  finish = await change();
  await device.call('POST', '/sessions/current/lock');
  const locked = await finish();
  t.equal(locked.refusal, '401 session_locked');
  t.notMatch(locked.text, /半路/, 'nor is anything read');

  await device.signIn(other, '314159');
  finish = await change();
  await device.call('POST', '/sessions/current/front-desk');
  t.equal((await finish()).refusal, '403 not_allowed');

  await member('manager', '副店长');
  finish = await sendHalf(box, device, 'POST', '/pairing-codes', { any: 'body' });
  const target = (await box.owner.call<Device[]>('GET', '/devices')).find(({ name }) => name === 'iPad 小半')!;
  await box.owner.call('DELETE', `/devices/${target.id}`);
  const unpaired = await finish();
  t.equal(unpaired.refusal, '401 device_not_paired');
  t.notMatch(unpaired.text, /[0-9A-Z]{4}-[0-9A-Z]{4}/, 'no code');

  const customers = dumpTables(box.dataDirectory)['customer'] as { display_name: string; tier: string | null }[];
  t.strictSame(customers.filter(({ display_name }) => /离职后|半路/.test(display_name)).map(({ display_name, tier }) => [display_name, tier]), [['半路', '金卡']], 'nothing was written');
});

t.test('the key for unsent writing is one person\'s on one device, and is given while both belong here', async (t) => {
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const [zhou, wu] = [
    await box.owner.call<StaffMember>('POST', '/staff', { name: '周宁', role: 'associate', pin: '246802' }),
    await box.owner.call<StaffMember>('POST', '/staff', { name: '吴悦', role: 'associate', pin: '246802' }),
  ];
  const [device, other] = [box.stranger(), box.stranger()];
  await device.pair((await box.owner.makePairingCode()).code, 'iPad 甲');
  const { id: otherId } = await other.pair((await box.owner.makePairingCode()).code, 'iPad 乙');
  const ask = (client: PorticoClient) => client.call<DraftsKey>('GET', '/sessions/current/drafts-key');
  t.equal(await refusal(ask(device)), '401 sign_in_required');
  await device.signIn(zhou.id, '246802');
  const first = await ask(device);
  t.match(first.key, /^[A-Za-z0-9_-]{43}$/);
  t.ok(Math.abs(Date.parse(first.now) - Date.now()) < 60_000);
  await device.signIn(wu.id, '246802');
  const second = await ask(device);
  await other.signIn(zhou.id, '246802');
  const third = await ask(other);
  t.equal(new Set([first.key, second.key, third.key]).size, 3, 'another person, another device');
  await device.signIn(zhou.id, '246802');
  t.equal((await ask(device)).key, first.key, 'the same after another sign-in');
  await device.call('POST', '/sessions/current/front-desk');
  t.equal(await refusal(ask(device)), '403 not_allowed', 'customers stand before it');
  await device.signIn(zhou.id, '246802');
  await box.owner.call('DELETE', `/devices/${otherId}`);
  t.equal(await refusal(ask(other)), '401 device_not_paired');
  await box.owner.call('DELETE', `/staff/${zhou.id}`);
  t.equal(await refusal(ask(device)), '401 session_expired', 'who has left');
});
