import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Access, SignedIn } from '../../access/index.js';
import {
  BoxHealth, BoxInfo, Device, DraftsKey, HandOverRequest, IdParams, type Language, OwnerRequest, PairingCode, PairRequest, PinRequest, ProofRequest, PROTOCOL_VERSION, Session, SignInRequest, StaffMember, StaffRequest, StaffTeamChange, StaffTeams,
} from '../../contract/index.js';
import type { Customers } from '../../customers/index.js';
import { PorticoError } from '../../kit/index.js';
import { lanAddresses } from '../certificates.js';
import { actorOf, clearSessionCookie, deviceOf, passkeySite, setDeviceCookie, setSessionCookie, signedIn } from '../guards.js';
import { hostOf } from '../trust.js';

const Nothing = Type.Null({ description: 'No content' });

/** Getting in: pairing, signing in; who works here, and which devices are paired. */
export const accessRoutes = (deps: {
  access: Access;
  customers: Customers;
  box: { version: string; storeName: string; demo: boolean; timeZone: string; currency: string; languages: readonly Language[] };
  health: { now(): BoxHealth };
  /** Names and addresses of the certificate. */
  hostNames: readonly string[];
}): FastifyPluginAsyncTypebox => async (app) => {
  const { access, customers, box, health, hostNames } = deps;
  const sessionOf = (request: FastifyRequest, visitor: SignedIn) => access.toSession(visitor, passkeySite(request, hostNames) !== null);

  app.get('/box', {
    config: { permission: 'public' },
    schema: { tags: ['box'], summary: 'What this box is and whether this device is paired', response: { 200: BoxInfo } },
  }, async (request) => ({
    product: 'Portico' as const, version: box.version, protocol: PROTOCOL_VERSION, storeName: box.storeName,
    devicePaired: request.visitor !== null, ownerNeeded: access.ownerNeeded(), demo: box.demo, timeZone: box.timeZone, currency: box.currency,
    languages: [...box.languages],
  }));

  app.get('/health', {
    config: { permission: 'health', unattended: true },
    schema: { tags: ['box'], summary: 'How the box is', response: { 200: BoxHealth } },
  }, async () => health.now());

  // ---- Devices -------------------------------------------------------------------------------------------------

  app.post('/pairings', {
    config: { permission: 'public', requestsPerMinute: 10 },
    schema: { tags: ['access'], summary: 'Pair this device with a one-time code', body: PairRequest, response: { 201: Device } },
  }, async (request, reply) => {
    const { device, token } = access.pair(request.body.code, request.body.deviceName);
    setDeviceCookie(reply, token);
    return reply.status(201).send(device);
  });

  app.post('/pairing-codes', {
    config: { permission: 'manage_devices' },
    schema: { tags: ['access'], summary: 'A one-time code for another device', response: { 201: PairingCode } },
  }, async (request, reply) => {
    const made = access.makeCode('device', actorOf(request));
    return reply.status(201).send({ ...made, url: `${reachableFromLan(request)}/pair#${made.code}` });
  });

  app.get('/devices', {
    config: { permission: 'manage_devices' },
    schema: { tags: ['access'], summary: 'Paired devices', response: { 200: Type.Array(Device) } },
  }, async (request) => access.devices(deviceOf(request).id));

  app.delete('/devices/:id', {
    config: { permission: 'manage_devices' },
    schema: { tags: ['access'], summary: 'Unpair a device', params: IdParams, response: { 204: Nothing } },
  }, async (request, reply) => {
    if (request.params.id === deviceOf(request).id) throw new PorticoError('not_allowed');
    access.removeDevice(request.params.id, actorOf(request));
    return reply.status(204).send(null);
  });

  // ---- Staff ---------------------------------------------------------------------------------------------------

  app.post('/setup/owner', {
    config: { permission: 'paired' },
    schema: { tags: ['access'], summary: 'Make the first manager of a fresh box', body: OwnerRequest, response: { 201: StaffMember } },
  }, async (request, reply) => reply.status(201).send(await access.addOwner(request.body.name, request.body.pin, deviceOf(request).id)));

  app.get('/staff', {
    config: { permission: 'paired' },
    schema: { tags: ['access'], summary: 'Who works here', response: { 200: Type.Array(StaffMember) } },
  }, async () => access.staff());

  app.post('/staff', {
    config: { permission: 'manage_staff' },
    schema: { tags: ['access'], summary: 'Add a member of staff', body: StaffRequest, response: { 201: StaffMember } },
  }, async (request, reply) => {
    const { name, role, pin } = request.body;
    access.requireProof(signedIn(request));
    return reply.status(201).send(await access.addStaff(name, role, pin, actorOf(request), () => request.stillMay()));
  });

  app.put('/staff/:id/pin', {
    config: { permission: 'manage_staff' },
    schema: { tags: ['access'], summary: 'Set a new PIN for somebody: ends their locks and sessions and removes their passkeys', params: IdParams, body: PinRequest, response: { 204: Nothing } },
  }, async (request, reply) => {
    access.requireProof(signedIn(request));
    await access.setPin(request.params.id, request.body.pin, actorOf(request), () => request.stillMay());
    return reply.status(204).send(null);
  });

  app.get('/staff/teams', {
    config: { permission: 'manage_staff' },
    schema: { tags: ['access'], summary: 'Head office\'s teams, and who is in which', response: { 200: StaffTeams } },
  }, async () => access.teams());

  app.put('/staff/:id/team', {
    config: { permission: 'manage_staff' },
    schema: { tags: ['access'], summary: 'Put somebody into a team of the list, or into none', params: IdParams, body: StaffTeamChange, response: { 200: StaffTeams } },
  }, async (request) => access.setTeam(request.params.id, request.body.team, actorOf(request)));

  app.delete('/staff/:id', {
    config: { permission: 'manage_staff' },
    schema: { tags: ['access'], summary: 'Somebody left: end sessions, no more signing in', params: IdParams, response: { 204: Nothing } },
  }, async (request, reply) => {
    const by = actorOf(request);
    if (request.params.id === by.staffId) throw new PorticoError('staff_self');
    access.removeStaff(request.params.id, by);
    return reply.status(204).send(null);
  });

  // ---- Sessions ------------------------------------------------------------------------------------------------

  app.post('/sessions', {
    config: { permission: 'paired', requestsPerMinute: 30 },
    schema: { tags: ['access'], summary: 'Sign in with a PIN', body: SignInRequest, response: { 201: Session } },
  }, async (request, reply) => {
    const { token, visitor } = await access.signIn(deviceOf(request).id, request.body.staffId, request.body.pin);
    setSessionCookie(reply, token);
    return reply.status(201).send(sessionOf(request, visitor));
  });

  app.get('/sessions/current', {
    config: { permission: 'own_session', unattended: true },
    schema: { tags: ['access'], summary: 'Who is signed in here', response: { 200: Session } },
  }, async (request) => sessionOf(request, signedIn(request)));

  app.get('/sessions/current/drafts-key', {
    config: { permission: 'serve', unattended: true }, // the page asks by itself
    schema: { tags: ['access'], summary: 'What unsent writing of this person on this device is sealed with', response: { 200: DraftsKey } },
  }, async (request) => access.draftsKey(signedIn(request)));

  app.delete('/sessions/current', {
    config: { permission: 'own_session' },
    schema: { tags: ['access'], summary: 'Sign out', response: { 204: Nothing } },
  }, async (request, reply) => {
    access.signOut(signedIn(request));
    clearSessionCookie(reply);
    return reply.status(204).send(null);
  });

  app.post('/sessions/current/proof', {
    config: { permission: 'own_session', requestsPerMinute: 30 },
    schema: { tags: ['access'], summary: 'Show the PIN again, for what gives lasting access', body: ProofRequest, response: { 204: Nothing } },
  }, async (request, reply) => {
    await access.proveAgain(signedIn(request), request.body.pin);
    return reply.status(204).send(null);
  });

  app.post('/sessions/current/lock', {
    config: { permission: 'own_session' },
    schema: { tags: ['access'], summary: 'Lock at once; only a new sign-in goes on', response: { 204: Nothing } },
  }, async (request, reply) => {
    access.lock(signedIn(request));
    return reply.status(204).send(null);
  });

  app.post('/sessions/current/use', {
    config: { permission: 'own_session' }, // the guard notes the use
    schema: { tags: ['access'], summary: 'Somebody touches or types on the page: the time to the idle lock begins anew', response: { 204: Nothing } },
  }, async (_request, reply) => reply.status(204).send(null));

  app.post('/sessions/current/front-desk', {
    config: { permission: 'front_desk' },
    schema: { tags: ['access'], summary: 'Narrow this session to the front desk; only a new sign-in widens it', response: { 200: Session } },
  }, async (request) => {
    const visitor = signedIn(request);
    access.narrowToFrontDesk(visitor);
    return sessionOf(request, { ...visitor, session: { ...visitor.session, scope: 'front_desk' } });
  });

  app.post('/sessions/current/hand-over', {
    config: { permission: 'enrol', aboutCustomer: () => null }, // who holds the iPad already is asked below
    schema: {
      tags: ['access'], summary: 'Narrow this session to the enrolment of one customer, who takes the iPad; only a new sign-in widens it',
      body: HandOverRequest, response: { 200: Session },
    },
  }, async (request) => {
    const visitor = signedIn(request);
    const { id: handedTo } = customers.byId(request.body.customerId);
    access.handOver(visitor, handedTo);
    return sessionOf(request, { ...visitor, session: { ...visitor.session, scope: 'handed_over', handedTo } });
  });
};

/**
 * The box as another device reaches it: somebody on the box itself says localhost, which is no use in a QR code. Never throws:
 * it is asked for after a withdrawal has been committed.
 */
export function reachableFromLan(request: FastifyRequest): string {
  const asked = hostOf(request.headers.host);
  const hostname = asked?.hostname ?? 'localhost';
  const port = asked === null ? String(request.socket.localPort ?? '') : asked.port;
  const lan = hostname === 'localhost' || hostname.startsWith('127.') ? lanAddresses()[0] : undefined;
  return `https://${lan ?? hostname}${port === '' ? '' : `:${port}`}`;
}
