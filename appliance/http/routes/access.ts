import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Access } from '../../access/index.js';
import {
  BoxHealth, BoxInfo, Device, IdParams, OwnerRequest, PairingCode, PairRequest, PinRequest, PROTOCOL_VERSION, Session, SignInRequest, StaffMember, StaffRequest,
} from '../../contract/index.js';
import { PorticoError } from '../../kit/index.js';
import { lanAddresses } from '../certificates.js';
import {
  clearSessionCookie, requireDevice, requireManager, requireStaff, setDeviceCookie, setSessionCookie, signedIn, staffOf,
} from '../guards.js';

interface Deps {
  access: Access;
  box: { version: string; storeName: string; demo: boolean };
  health: { now(): BoxHealth };
}
const Nothing = Type.Null({ description: 'No content' });

/** Without a paired device: what the box is, and pairing. */
export const publicRoutes = ({ access, box }: Deps): FastifyPluginAsyncTypebox => async (app) => {
  app.get('/box', { schema: { tags: ['box'], summary: 'What this box is and whether this device is paired', response: { 200: BoxInfo } } }, async (request) => ({
    product: 'Portico' as const, version: box.version, protocol: PROTOCOL_VERSION, storeName: box.storeName,
    devicePaired: request.visitor !== null, ownerNeeded: access.ownerNeeded(), demo: box.demo,
  }));

  app.post('/pairings', {
    schema: { tags: ['access'], summary: 'Pair this device with a one-time code', body: PairRequest, response: { 201: Device } },
    config: { requestsPerMinute: 10 },
  }, async (request, reply) => {
    const { device, token } = access.pair(request.body.code, request.body.deviceName);
    setDeviceCookie(reply, token);
    return reply.status(201).send(device);
  });
};

/** On a paired device: who works here, and signing in. */
export const deviceRoutes = ({ access }: Deps): FastifyPluginAsyncTypebox => async (app) => {
  app.addHook('onRequest', requireDevice);

  app.post('/setup/owner', {
    schema: { tags: ['access'], summary: 'Make the first manager of a fresh box', body: OwnerRequest, response: { 201: StaffMember } },
  }, async (request, reply) => reply.status(201).send(await access.addOwner(request.body.name, request.body.pin)));

  app.get('/staff', { schema: { tags: ['access'], summary: 'Who works here', response: { 200: Type.Array(StaffMember) } } }, async () => access.staff());

  app.post('/sessions', {
    schema: { tags: ['access'], summary: 'Sign in with a PIN', body: SignInRequest, response: { 201: Session } },
    config: { requestsPerMinute: 30 },
  }, async (request, reply) => {
    const { token, visitor } = await access.signIn(request.visitor!.device.id, request.body.staffId, request.body.pin);
    setSessionCookie(reply, token);
    return reply.status(201).send(access.toSession({ ...visitor, session: visitor.session! }));
  });

  app.get('/sessions/current', { schema: { tags: ['access'], summary: 'Who is signed in here', response: { 200: Session } } },
    async (request) => access.toSession(signedIn(request)));

  app.delete('/sessions/current', { schema: { tags: ['access'], summary: 'Sign out', response: { 204: Nothing } } }, async (request, reply) => {
    access.signOut(signedIn(request).session.key);
    clearSessionCookie(reply);
    return reply.status(204).send(null);
  });
};

/** Signed in as staff. */
export const staffRoutes = ({ access, health }: Deps): FastifyPluginAsyncTypebox => async (app) => {
  app.addHook('onRequest', requireStaff);

  app.post('/sessions/current/front-desk', {
    schema: { tags: ['access'], summary: 'Narrow this session to the front desk; only a new sign-in widens it', response: { 200: Session } },
  }, async (request) => {
    const visitor = staffOf(request);
    access.narrowToFrontDesk(visitor.session.key);
    return access.toSession({ ...visitor, session: { ...visitor.session, scope: 'front_desk' } });
  });

  app.get('/health', { schema: { tags: ['box'], summary: 'How the box is', response: { 200: BoxHealth } } }, async () => health.now());
};

/** Signed in as a manager. */
export const managerRoutes = ({ access }: Deps): FastifyPluginAsyncTypebox => async (app) => {
  app.addHook('onRequest', requireManager);

  app.post('/staff', {
    schema: { tags: ['access'], summary: 'Add a member of staff', body: StaffRequest, response: { 201: StaffMember } },
  }, async (request, reply) => reply.status(201).send(await access.addStaff(request.body.name, request.body.role, request.body.pin)));

  app.put('/staff/:id/pin', {
    schema: { tags: ['access'], summary: 'Set a new PIN, which also ends a lock', params: IdParams, body: PinRequest, response: { 204: Nothing } },
  }, async (request, reply) => {
    await access.setPin(request.params.id, request.body.pin);
    return reply.status(204).send(null);
  });

  app.delete('/staff/:id', {
    schema: { tags: ['access'], summary: 'Somebody left: end sessions, no more signing in', params: IdParams, response: { 204: Nothing } },
  }, async (request, reply) => {
    if (request.params.id === staffOf(request).session.staff.id) throw new PorticoError('staff_self');
    access.removeStaff(request.params.id);
    return reply.status(204).send(null);
  });

  app.post('/pairing-codes', {
    schema: { tags: ['access'], summary: 'A one-time code for another device', response: { 201: PairingCode } },
  }, async (request, reply) => {
    const made = access.makeCode('device');
    return reply.status(201).send({ ...made, url: `${reachableFromLan(request.headers.host ?? 'localhost')}/pair#${made.code}` });
  });

  app.get('/devices', { schema: { tags: ['access'], summary: 'Paired devices', response: { 200: Type.Array(Device) } } },
    async (request) => access.devices(request.visitor!.device.id));

  app.delete('/devices/:id', { schema: { tags: ['access'], summary: 'Unpair a device', params: IdParams, response: { 204: Nothing } } }, async (request, reply) => {
    if (request.params.id === request.visitor!.device.id) throw new PorticoError('not_allowed');
    access.removeDevice(request.params.id);
    return reply.status(204).send(null);
  });
};

/** The box as another device reaches it: somebody on the box itself says localhost, which is no use in a QR code. */
export function reachableFromLan(host: string): string {
  const { hostname, port } = new URL(`https://${host}`);
  const lan = hostname === 'localhost' || hostname.startsWith('127.') ? lanAddresses()[0] : undefined;
  return `https://${lan ?? hostname}${port === '' ? '' : `:${port}`}`;
}
