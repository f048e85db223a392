import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { isIP } from 'node:net';
import { may, type Access, type PasskeySite, type SignedIn, type Visitor } from '../access/index.js';
import type { Actor } from '../audit/index.js';
import type { Permission } from '../contract/index.js';
import type { Reader } from '../dossiers/index.js';
import { PorticoError } from '../kit/index.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For routes that are worth guessing at; all others share the general limit. */
    requestsPerMinute?: number;
    /**
     * Who may: a permission of the table, or `paired` (any paired device), or `public`. Every route under /api names one, else
     * the box does not start.
     */
    permission?: RoutePermission;
    /**
     * Whom a request is about; null: a customer who is not there, which the route says itself. A customer who holds the iPad may
     * nothing but what is about themselves, and nothing where this is not said.
     */
    aboutCustomer?: (request: FastifyRequest) => string | null;
    /** Asking this is not using the iPad: pages ask by themselves. A function: only some requests are so. */
    unattended?: boolean | ((request: FastifyRequest) => boolean);
    /** Guards itself: a browser cannot read why an upgrade was refused, so a page is told on the open socket. */
    socket?: true;
  }
  interface FastifyRequest {
    /** Who is asking; null: not a paired device. Set by the hook below for every request under /api. */
    visitor: Visitor | null;
    /**
     * Asks anew who is asking, and whether they may. For what is done after waiting (for a body, a hash, a picture), in one go with
     * this or inside its transaction: meanwhile the session may have ended, or the device may have been removed.
     * @throws PorticoError as the guard of the route
     */
    stillMay(): void;
  }
}

export type RoutePermission = Permission | 'paired' | 'public';

/** `__Host-` binds a cookie to this very host over TLS (RFC 6265bis 4.1.3.2). */
export const DEVICE_COOKIE = '__Host-portico-device';
export const SESSION_COOKIE = '__Host-portico-session';
const COOKIE = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const;
const DEVICE_COOKIE_SECONDS = 400 * 86_400; // browsers keep none longer

export function setDeviceCookie(reply: FastifyReply, token: string): void {
  void reply.setCookie(DEVICE_COOKIE, token, { ...COOKIE, maxAge: DEVICE_COOKIE_SECONDS });
}

export function setSessionCookie(reply: FastifyReply, token: string): void {
  void reply.setCookie(SESSION_COOKIE, token, COOKIE);
}

export function clearSessionCookie(reply: FastifyReply): void {
  void reply.clearCookie(SESSION_COOKIE, COOKIE);
}

/** onRequest hook: who is asking. */
export function identifyVisitor(access: Access) {
  return async (request: FastifyRequest): Promise<void> => identify(access, request);
}

function identify(access: Access, request: FastifyRequest): void {
  request.visitor = access.identify(request.cookies[DEVICE_COOKIE], request.cookies[SESSION_COOKIE]);
}

/** `request.stillMay`. */
export function askAgain(access: Access) {
  return function stillMay(this: FastifyRequest): void {
    const { permission } = this.routeOptions.config;
    identify(access, this);
    if (permission === 'paired') deviceOf(this);
    else if (permission !== undefined && permission !== 'public') authorised(this, permission);
  };
}

/** What is given out bit by bit ends with the session. */
export async function* whileAllowed<T>(request: FastifyRequest, pieces: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const piece of pieces) {
    request.stillMay();
    yield piece;
  }
}

/** Whether a browser sent this from a page of ours. Programs send no Origin; their cookies are their own. */
export function isOwnOrigin(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || origin === `https://${host}`;
}

/** onRequest hook: another site's page must not act with our cookies. */
export async function refuseForeignOrigin(request: FastifyRequest): Promise<void> {
  if (!isOwnOrigin(request)) throw new PorticoError('wrong_origin');
}

/**
 * onRequest hook: an address typed into the browser of a paired iPad carries its cookies, and shows the answer without the page and
 * its cover. The page only fetches; programs send none of these headers (Fetch Metadata). What is for everybody, such as the public
 * keys that a receipt names, is no secret of the cookies.
 */
export async function refuseNavigation(request: FastifyRequest): Promise<void> {
  if (request.routeOptions.config.permission === 'public') return;
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = request.headers;
  if (mode === 'navigate' || destination === 'document') throw new PorticoError('not_a_page');
}

/** The customer of `:id` in the address. */
export function customerInPath(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

/**
 * onRoute hook: puts the guard before each route that its `config.permission` asks for, twice: before a byte of the body is read,
 * and once it is there, which may be half a minute later.
 * @throws Error for a route that names none: the start fails
 */
export function guardRoute(access: Access) {
  return (route: RouteOptions): void => {
    const permission = route.config?.permission;
    if (permission === undefined) throw new Error(`${String(route.method)} ${route.url} names no permission`);
    const { unattended = false, socket = false } = route.config ?? {};
    if (socket || permission === 'public') return;
    const guard = async (request: FastifyRequest): Promise<void> => {
      if (permission === 'paired') {
        deviceOf(request);
        return;
      }
      const { session } = authorised(request, permission);
      if (!(typeof unattended === 'function' ? unattended(request) : unattended)) access.noteUse(session.key);
    };
    route.onRequest = [guard, ...[route.onRequest ?? []].flat()];
    route.preHandler = [...[route.preHandler ?? []].flat(), async (request) => request.stillMay()];
  };
}

/** @throws PorticoError device_not_paired */
export function deviceOf(request: FastifyRequest): Visitor['device'] {
  if (request.visitor === null) throw new PorticoError('device_not_paired');
  return request.visitor.device;
}

/** @throws PorticoError device_not_paired, sign_in_required, session_expired, session_locked */
export function signedIn(request: FastifyRequest): SignedIn {
  deviceOf(request);
  const visitor = request.visitor!;
  if (visitor.session !== null) return visitor as SignedIn;
  if (visitor.locked) throw new PorticoError('session_locked');
  throw new PorticoError(request.cookies[SESSION_COOKIE] === undefined ? 'sign_in_required' : 'session_expired');
}

/** Signed in, and may. @throws PorticoError not_allowed and as signedIn */
export function authorised(request: FastifyRequest, permission: Permission): SignedIn {
  const visitor = signedIn(request);
  const { staff, scope, handedTo } = visitor.session;
  if (!may({ role: staff.role, scope }, permission)) throw new PorticoError('not_allowed');
  if (handedTo !== null && permission !== 'own_session') {
    const { aboutCustomer } = request.routeOptions.config;
    if (aboutCustomer === undefined || ![handedTo, null].includes(aboutCustomer(request))) throw new PorticoError('not_allowed');
  }
  return visitor;
}

/** Who did it, for the audit log. @throws as signedIn */
export function actorOf(request: FastifyRequest): { staffId: string; deviceId: string } & Actor {
  const { session, device } = signedIn(request);
  return { staffId: session.staff.id, deviceId: device.id };
}

/** As whom somebody reads a dossier: which own fields they see. @throws as signedIn */
export function readerOf(request: FastifyRequest): Reader {
  switch (signedIn(request).session.staff.role) {
    case 'privacy_officer': return 'everything';
    case 'manager': return 'manager';
    case 'associate': case 'it': return 'everybody';
  }
}

/**
 * Where a passkey would be bound to: the host name the box was asked by, if it is one of its own.
 * @param names of the certificate; null: an IP address, or a name that is not ours
 */
export function passkeySite(request: FastifyRequest, names: readonly string[]): PasskeySite | null {
  const { host } = request.headers;
  if (host === undefined) return null;
  const rpId = host.replace(/:\d+$/, '').toLowerCase();
  return isIP(rpId) === 0 && names.includes(rpId) ? { rpId, origin: `https://${host.toLowerCase()}` } : null;
}
