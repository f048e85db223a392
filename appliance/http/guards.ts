import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access, Visitor } from '../access/index.js';
import { PorticoError } from '../kit/index.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For routes that are worth guessing at; all others share the general limit. */
    requestsPerMinute?: number;
  }
  interface FastifyRequest {
    /** Who is asking; null: not a paired device. Set by the hook below for every request under /api. */
    visitor: Visitor | null;
  }
}

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
  return async (request: FastifyRequest): Promise<void> => {
    request.visitor = access.identify(request.cookies[DEVICE_COOKIE], request.cookies[SESSION_COOKIE]);
  };
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

/** @throws PorticoError device_not_paired */
export async function requireDevice(request: FastifyRequest): Promise<void> {
  if (request.visitor === null) throw new PorticoError('device_not_paired');
}

type SignedIn = Visitor & { session: NonNullable<Visitor['session']> };

/** @throws PorticoError device_not_paired, sign_in_required, session_expired */
export function signedIn(request: FastifyRequest): SignedIn {
  const { visitor } = request;
  if (visitor === null) throw new PorticoError('device_not_paired');
  if (visitor.session === null) {
    throw new PorticoError(request.cookies[SESSION_COOKIE] === undefined ? 'sign_in_required' : 'session_expired');
  }
  return visitor as SignedIn;
}

/** A session with the scope of staff; at the front desk nothing can be read. @throws PorticoError not_allowed and as signedIn */
export function staffOf(request: FastifyRequest): SignedIn {
  const visitor = signedIn(request);
  if (visitor.session.scope !== 'staff') throw new PorticoError('not_allowed');
  return visitor;
}

export async function requireStaff(request: FastifyRequest): Promise<void> {
  staffOf(request);
}

/** Consent, rights and records of processing are the privacy officer's alone; a manager is not one. @throws PorticoError not_allowed and as signedIn */
export async function requirePrivacyOfficer(request: FastifyRequest): Promise<void> {
  if (staffOf(request).session.staff.role !== 'privacy_officer') throw new PorticoError('not_allowed');
}

/** Who acts, for the audit log. @throws as staffOf */
export function actorOf(request: FastifyRequest): { staffId: string; deviceId: string } {
  const { session, device } = staffOf(request);
  return { staffId: session.staff.id, deviceId: device.id };
}

export async function requireManager(request: FastifyRequest): Promise<void> {
  if (staffOf(request).session.staff.role !== 'manager') throw new PorticoError('not_allowed');
}
