import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Access, PasskeySite } from '../../access/index.js';
import { IdParams, Passkey, PasskeyOptions, PasskeyRegistration, PasskeySignIn, Session } from '../../contract/index.js';
import { PorticoError } from '../../kit/index.js';
import { deviceOf, passkeySite, setSessionCookie, signedIn } from '../guards.js';

/** One's own passkeys, and signing in with one. Only where the box is asked by a host name of its certificate. */
export const passkeyRoutes = (deps: {
  access: Access; box: { storeName: string }; hostNames: readonly string[];
}): FastifyPluginAsyncTypebox => async (app) => {
  const { access, box, hostNames } = deps;
  const { passkeys } = access;
  const siteOf = (request: FastifyRequest): PasskeySite => {
    const site = passkeySite(request, hostNames);
    if (site === null) throw new PorticoError('passkey_impossible');
    return site;
  };

  app.get('/passkeys', {
    config: { permission: 'own_passkeys' },
    schema: { tags: ['access'], summary: 'One\'s own passkeys', response: { 200: Type.Array(Passkey) } },
  }, async (request) => passkeys.of(signedIn(request).session.staff.id));

  app.post('/passkeys/options', {
    config: { permission: 'own_passkeys' },
    schema: { tags: ['access'], summary: 'What to ask the browser for to make a passkey', response: { 200: PasskeyOptions } },
  }, async (request) => {
    access.requireProof(signedIn(request));
    return passkeys.registrationOptions(signedIn(request).session.staff, deviceOf(request).id, siteOf(request), box.storeName, () => request.stillMay());
  });

  app.post('/passkeys', {
    config: { permission: 'own_passkeys' },
    schema: { tags: ['access'], summary: 'Keep a passkey the browser made', body: PasskeyRegistration, response: { 201: Passkey } },
  }, async (request, reply) => {
    const { name, response } = request.body;
    access.requireProof(signedIn(request));
    return reply.status(201).send(await passkeys.register(signedIn(request).session.staff, deviceOf(request).id, siteOf(request), name, response, () => request.stillMay()));
  });

  app.delete('/passkeys/:id', {
    config: { permission: 'own_passkeys' },
    schema: { tags: ['access'], summary: 'Forget one of one\'s own passkeys', params: IdParams, response: { 204: Type.Null() } },
  }, async (request, reply) => {
    passkeys.remove(signedIn(request).session.staff.id, deviceOf(request).id, request.params.id);
    return reply.status(204).send(null);
  });

  app.post('/sessions/passkey/options', {
    config: { permission: 'paired', requestsPerMinute: 30 },
    schema: { tags: ['access'], summary: 'What to ask the browser for to sign in with a passkey', response: { 200: PasskeyOptions } },
  }, async (request) => passkeys.signInOptions(deviceOf(request).id, siteOf(request)));

  app.post('/sessions/passkey', {
    config: { permission: 'paired', requestsPerMinute: 30 },
    schema: { tags: ['access'], summary: 'Sign in with a passkey', body: PasskeySignIn, response: { 201: Session } },
  }, async (request, reply) => {
    const { token, visitor } = await access.signInWithPasskey(deviceOf(request).id, siteOf(request), request.body.response);
    setSessionCookie(reply, token);
    return reply.status(201).send(access.toSession(visitor, true));
  });
};
