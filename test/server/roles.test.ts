/** The written matrix of docs/roles.md against the box: every route and socket, every role. The refusals come first. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';
import t, { type Test } from 'tap';
import { PERMISSIONS, ROLES, type ErrorBody, type Role, type StaffMember } from '../../appliance/contract/index.js';
import { guardRoute, whileAllowed } from '../../appliance/http/guards.js';
import { PorticoError } from '../../appliance/kit/index.js';
import type { PorticoClient } from '../../demo/client.js';
import { packageRoot } from '../../models/manifest.js';
import { addStaff, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { closedSoon } from '../support/sockets.js';

const IDLE_MINUTES = 10;
const clock = new TestClock();
const box = await startBox(t, { clock, settings: { PORTICO_IDLE_LOCK_MINUTES: String(IDLE_MINUTES) } });
const NOBODY = '0b6a8a1e-0000-4000-8000-000000000000';

/** The rows of a table of the document: the cells of those that begin with something in backquotes. */
const document = readFileSync(join(packageRoot(), 'docs/roles.md'), 'utf8');
function table(heading: string): string[][] {
  const section = document.split('\n## ').find((part) => part.startsWith(`${heading}\n`))!;
  return section.split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', '')));
}
const written = new Map(table('Permissions').map(([permission, , ...roles]) => [permission!, ROLES_IN_ORDER().filter((_, i) => roles[i] === 'yes')]));
const routes = new Map(table('Routes').map(([route, permission]) => [route!, permission!]));
/** What is left of any role in a narrower scope. */
const scopes = new Map(table('Scopes').map(([scope, permissions]) => [scope!, permissions!.split(', ')]));
const sockets = new Map(table('Sockets').map(([socket, permission]) => [socket!, permission!]));
/** The columns of the document. */
function ROLES_IN_ORDER(): readonly Role[] {
  return ['manager', 'associate', 'privacy_officer', 'it'];
}

/** Everybody who may come: on a device of their own, in this order. */
const devices: Record<Role, PorticoClient> = { manager: box.owner } as Record<Role, PorticoClient>;
for (const role of ['associate', 'privacy_officer', 'it'] as const) devices[role] = (await addStaff(box, role, role)).device;
let manager = { id: box.ownerId, pin: OWNER_PIN };
const stranger = box.stranger();
const paired = box.stranger();
await paired.pair((await box.owner.makePairingCode()).code, 'iPad ohne');

/**
 * What the box says to a request that only who may would get further with: text that is no JSON, so nothing happens.
 * @returns `200`, or status and code
 */
async function knock(client: PorticoClient, route: string): Promise<string> {
  const [method, path] = route.split(' ') as [string, string];
  const url = `/api/v1${path.replace(/\{\w+\}/g, NOBODY)}`;
  const answer = method === 'GET' ? await client.send<ErrorBody>('GET', url) : await client.send<ErrorBody>(method, url, '{', { 'content-length': '1' });
  return answer.status < 400 ? String(answer.status) : `${answer.status} ${answer.body.code}`;
}
/** Somebody new, signed in on the device that nobody is signed in on so far: only ten devices a minute can be paired. */
async function newcomer(name: string, role: Role): Promise<{ device: PorticoClient; staff: StaffMember }> {
  await devices.manager.signIn(manager.id, manager.pin); // may have locked
  const staff = await devices.manager.call<StaffMember>('POST', '/staff', { name, role, pin: '246802' });
  await paired.signIn(staff.id, '246802');
  return { device: paired, staff };
}
const REFUSALS = ['401 device_not_paired', '401 sign_in_required', '401 session_expired', '401 session_locked', '403 not_allowed'];

async function allRefused(t: Test, client: PorticoClient, list: Iterable<string>, expected: string): Promise<void> {
  for (const route of list) t.equal(await knock(client, route), expected, route);
}
const withPermission = (wanted: (permission: string) => boolean): string[] => [...routes].filter(([, permission]) => wanted(permission)).map(([route]) => route);
const isSession = (permission: string): boolean => permission !== 'public' && permission !== 'paired';

t.test('the document names every route that there is, and the table of permissions is the code\'s', async (t) => {
  const { paths } = (await box.owner.send<{ paths: Record<string, Record<string, unknown>> }>('GET', '/api/openapi.json')).body;
  const documented = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`));
  t.strictSame([...routes.keys()].sort(), documented.sort(), 'a new route belongs in the table of docs/roles.md');
  t.strictSame(Object.fromEntries([...written].map(([permission, roles]) => [permission, [...roles].sort()])),
    Object.fromEntries(Object.entries(PERMISSIONS).map(([permission, roles]) => [permission, [...roles].sort()])));
  t.strictSame([...ROLES_IN_ORDER()].sort(), [...ROLES].sort());
  for (const permission of [...routes.values(), ...sockets.values()]) t.ok(['public', 'paired'].includes(permission) || written.has(permission), permission);
});

t.test('the protocol tells of every route, and of none that is not there', async (t) => {
  const rest = readFileSync(join(packageRoot(), 'docs/protocol.md'), 'utf8').split('\n## ').find((part) => part.startsWith('REST'))!;
  const told = rest.split('\n').filter((line) => line.startsWith('| ')).flatMap((line) => [...line.split('|')[1]!.replaceAll('`', '').matchAll(/((?:[A-Z]+\/)*[A-Z]+) (\/[^\s,[?]*)/g)])
    .flatMap(([, methods, path]) => methods!.split('/').map((method) => `${method} ${path!.replace(/\{\w+\}/g, '{}')}`));
  t.strictSame([...new Set(told)].sort(), [...routes.keys()].map((route) => route.replace(/\{\w+\}/g, '{}')).sort());
});

t.test('a route that names no permission keeps the box from starting', async (t) => {
  const app = fastify();
  app.addHook('onRoute', guardRoute({} as never));
  t.throws(() => app.get('/forgotten', async () => 'open'), /names no permission/);
  t.doesNotThrow(() => app.get('/named', { config: { permission: 'public' } }, async () => 'open'));
  await app.close();
});

t.test('what is given out bit by bit ends with the session', async (t) => {
  let left = 2;
  const stillMay = (): void => { if (left-- === 0) throw new PorticoError('session_locked'); };
  const given: number[] = [];
  async function* pieces() { for (let i = 0; i < 9; i += 1) yield i; }
  await t.rejects(async () => { for await (const piece of whileAllowed({ stillMay } as never, pieces())) given.push(piece); }, { code: 'session_locked' });
  t.strictSame(given, [0, 1]);
});

t.test('a device that is not paired gets in nowhere', async (t) => {
  await allRefused(t, stranger, withPermission((permission) => permission !== 'public'), '401 device_not_paired');
  for (const route of withPermission((permission) => permission === 'public')) t.notOk(REFUSALS.includes(await knock(stranger, route)), route);
});

t.test('paired is not signed in', async (t) => {
  await allRefused(t, paired, withPermission(isSession), '401 sign_in_required');
  for (const route of withPermission((permission) => !isSession(permission))) t.notOk(REFUSALS.includes(await knock(paired, route)), route);
});

for (const role of ROLES) {
  t.test(`C21: what ${role} may not is refused, and the rest is open`, async (t) => {
    const mayNot = (permission: string): boolean => isSession(permission) && !written.get(permission)!.includes(role);
    await allRefused(t, devices[role], withPermission(mayNot), '403 not_allowed');
    for (const route of withPermission((permission) => isSession(permission) && !mayNot(permission))) {
      const answer = await knock(devices[role], route);
      t.notOk(REFUSALS.includes(answer), `${route}: ${answer}`);
      t.notMatch(answer, /^5/, route);
    }
    for (const [socket, permission] of sockets) {
      const open = devices[role].open<{ type: string; code?: string }>(`/api/v1${socket.includes('?') ? `${socket}&` : `${socket}?`}v=1`);
      if (mayNot(permission)) {
        t.match(await open.next(), { type: 'error', code: 'not_allowed' }, socket);
        t.equal(await open.closed, 4403);
      } else {
        t.not((await open.next()).type, 'error', socket);
        open.close();
        await open.closed;
      }
    }
  });
}

t.test('sockets: not for strangers, not without a PIN', async (t) => {
  for (const socket of [stranger.live(), stranger.camera('look_up'), stranger.camera('front_desk')]) {
    await t.rejects(socket.opened() as Promise<unknown>, /401/, 'no handshake');
  }
  for (const socket of [paired.live(), paired.camera('look_up'), paired.camera('front_desk')]) {
    t.match(await socket.next(), { v: 1, type: 'error', code: 'sign_in_required' });
    t.equal(await socket.closed, 4401);
  }
});

t.test('the last manager stays, whoever removes whom', async (t) => {
  const { staff, device } = await newcomer('副店长', 'manager');
  t.equal(await refusal(device.call('DELETE', `/staff/${staff.id}`)), '409 staff_self');
  const both = await Promise.all([refusal(device.call('DELETE', `/staff/${box.ownerId}`)), refusal(box.owner.call('DELETE', `/staff/${staff.id}`))]);
  t.equal(both.filter((result) => result === 'accepted').length, 1, both.join());
  t.equal((await paired.call<StaffMember[]>('GET', '/staff')).filter((member) => member.role === 'manager').length, 1);
  if (both[0] === 'accepted') { // the rest of this file needs one, with a device of its own
    const next = await device.call<StaffMember>('POST', '/staff', { name: '新店长', role: 'manager', pin: '246802' });
    manager = { id: next.id, pin: '246802' };
  }
});

t.test('the last privacy officer stays until there is another', async (t) => {
  await devices.manager.signIn(manager.id, manager.pin);
  const [only, ...others] = (await devices.manager.call<StaffMember[]>('GET', '/staff')).filter((member) => member.role === 'privacy_officer');
  t.strictSame(others, []);
  t.equal(await refusal(devices.manager.call('DELETE', `/staff/${only!.id}`)), '409 staff_last_officer');
  t.equal(await refusal(devices.privacy_officer.call('GET', '/audit?limit=1')), 'accepted', 'refused as a whole: still signed in');
  const { staff } = await newcomer('副隐私', 'privacy_officer');
  t.equal(await refusal(devices.manager.call('DELETE', `/staff/${staff.id}`)), 'accepted');
});

t.test('in a customer\'s hands only the enrolment is left, and it locks as any other', async (t) => {
  const { device } = await newcomer('小递', 'manager');
  const { id } = await device.createCustomer({ displayName: '手里有 iPad 的人' });
  t.match(await device.call('POST', '/sessions/current/hand-over', { customerId: id }), { scope: 'handed_over', idleLockSeconds: IDLE_MINUTES * 60 });
  const left = scopes.get('handed_over')!;
  await allRefused(t, device, withPermission((permission) => isSession(permission) && !left.includes(permission)), '403 not_allowed');
  // NOBODY is somebody else, but for enrolments, where nobody's is not there, and the body that says whom.
  const sayThemselves = ['POST /sessions/current/hand-over', ...[...routes.keys()].filter((route) => route.includes('/enrolments/'))];
  await allRefused(t, device, withPermission((permission) => permission === 'enrol').filter((route) => !sayThemselves.includes(route)), '403 not_allowed');
  for (const route of [...sayThemselves, 'GET /sessions/current', 'POST /sessions/current/use']) t.notOk(REFUSALS.includes(await knock(device, route)), route);
  clock.move(IDLE_MINUTES * 60_000);
  t.equal(await refusal(device.call('POST', `/customers/${id}/consents/ask`)), '401 session_locked');
});

t.test('left alone, an iPad locks itself for good, and its sockets close at once', async (t) => {
  const { device, staff } = await newcomer('小夜', 'associate');
  t.match(await device.call('GET', '/sessions/current'), { idleLockSeconds: IDLE_MINUTES * 60 });
  clock.move(IDLE_MINUTES * 60_000 - 1);
  t.equal(await refusal(device.call('GET', '/customers')), 'accepted', 'not yet; and that was use');
  clock.move(IDLE_MINUTES * 60_000 - 1);
  t.equal(await refusal(device.call('GET', '/sessions/current')), 'accepted', 'a page asks this by itself');
  const live = await device.live().opened();
  live.socket.send(JSON.stringify({ v: 1, type: 'live.ping' }));
  await live.nextOf('live.pong');
  clock.move(2);
  t.equal(await refusal(device.call('GET', '/customers')), '401 session_locked', 'neither that nor the live socket was use');
  t.equal(await closedSoon(live), 4401);
  const again = device.live();
  t.match(await again.next(), { type: 'error', code: 'session_locked' });
  t.equal(await again.closed, 4401);
  await allRefused(t, device, withPermission(isSession), '401 session_locked');
  clock.move(-60_000);
  t.equal(await refusal(device.call('GET', '/customers')), '401 session_locked', 'a clock set back unlocks nothing');
  clock.move(60_000);
  t.match(await device.signIn(staff.id, '246802'), { scope: 'staff' });
  t.equal(await refusal(device.call('GET', '/customers')), 'accepted');
});

t.test('a page of IT that asks by itself is no use either', async (t) => {
  const { device } = await newcomer('小维', 'it');
  for (const path of ['/box/report', '/box/backups']) t.equal(await refusal(device.call('GET', path)), 'accepted', path);
  clock.move(IDLE_MINUTES * 60_000 - 1);
  for (const path of ['/box/report', '/box/backups']) t.equal(await refusal(device.call('GET', path)), 'accepted', path);
  clock.move(2);
  for (const path of ['/box/report', '/box/backups']) t.equal(await refusal(device.call('GET', path)), '401 session_locked', path);
});

// Last: the associate's device stays at the front desk.
t.test('at the front desk nothing can be read, and nothing locks', async (t) => {
  const associate = (await paired.call<StaffMember[]>('GET', '/staff')).find((member) => member.name === 'associate')!;
  await devices.associate.signIn(associate.id, '246802');
  t.match(await devices.associate.call('POST', '/sessions/current/front-desk'), { scope: 'front_desk', idleLockSeconds: null });
  clock.move(3_600_000);
  await allRefused(t, devices.associate, withPermission((permission) => isSession(permission) && !scopes.get('front_desk')!.includes(permission)), '403 not_allowed');
  for (const socket of [devices.associate.live(), devices.associate.camera('look_up')]) {
    t.match(await socket.next(), { type: 'error', code: 'not_allowed' });
    t.equal(await socket.closed, 4403);
  }
  const desk = devices.associate.camera('front_desk');
  t.match(await desk.next(), { type: 'camera.ready' });
  desk.close();
  t.equal(await refusal(devices.associate.signIn(associate.id, '000000')), '403 pin_wrong', 'leaving needs the PIN');
  t.notOk(box.logged().includes(OWNER_PIN));
});
