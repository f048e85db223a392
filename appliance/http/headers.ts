import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isIP } from 'node:net';
import { PorticoError } from '../kit/index.js';

/**
 * What a browser may do with what comes from here: only what the box itself serves, no script in the page's text, no other
 * site anywhere.
 * The page alone may compile WebAssembly: the reader of codes is one, served by the box. That is no way in for a script: `eval` and the
 * like stay forbidden, and only what the box serves may hand over something to be compiled.
 * @param styleNonce for the page alone: Ionic puts the styles of some of its parts into elements, and reads this from the page
 */
export function contentPolicy(styleNonce?: string): string {
  return [
    `default-src 'none'`, `script-src 'self'${styleNonce === undefined ? '' : ` 'wasm-unsafe-eval'`}`, `style-src 'self'${styleNonce === undefined ? '' : ` 'nonce-${styleNonce}'`}`, `img-src 'self' data: blob:`,
    `font-src 'self'`, `media-src 'self' blob:`, `connect-src 'self'`, `worker-src 'self'`, `manifest-src 'self'`, `base-uri 'none'`, `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}

/** Features of a browser that the page uses, for itself alone; all others are off. */
const FEATURES_USED = ['camera', 'screen-wake-lock', 'publickey-credentials-create', 'publickey-credentials-get', 'autoplay'];
const FEATURES_OFF = [
  'accelerometer', 'clipboard-read', 'display-capture', 'encrypted-media', 'fullscreen', 'geolocation', 'gyroscope', 'hid', 'idle-detection',
  'local-fonts', 'magnetometer', 'microphone', 'midi', 'otp-credentials', 'payment', 'picture-in-picture', 'serial', 'storage-access', 'usb',
  'window-management', 'xr-spatial-tracking',
];
const PERMISSIONS_POLICY = [...FEATURES_USED.map((name) => `${name}=(self)`), ...FEATURES_OFF.map((name) => `${name}=()`)].join(', ');

/**
 * A week: a page in use renews it each day, and a name that another box takes over (a new root, or none) is free again soon.
 * Short also because a browser then opens http://NAME:8080/trust as https, which cannot work: so the box gives out the address
 * of the trust page by IP, to which HSTS does not apply (RFC 6797 8.1.1).
 */
const HSTS_SECONDS = 7 * 86_400;

export const HELMET_OPTIONS: FastifyHelmetOptions = {
  contentSecurityPolicy: false, // both below: one differs on the page, one hangs on the host
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'no-referrer' },
  crossOriginOpenerPolicy: { policy: 'same-origin' },
  crossOriginResourcePolicy: { policy: 'same-origin' },
  frameguard: { action: 'deny' },
};

/** For answers that no hook sees: those of the plain server, and refusals of what is hardly a request. */
export const BARE_HEADERS = {
  'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': `default-src 'none'; frame-ancestors 'none'`, 'permissions-policy': 'camera=(), microphone=(), geolocation=()',
} as const;

/**
 * onRequest hook for what helmet does not send here. HSTS only under a host name of the box's own, never for localhost: others develop
 * there.
 * @throws PorticoError bad_request: no Host (RFC 9112 3.2), which Node would answer without any policy
 */
export async function sendPolicies(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  void reply.headers({ 'content-security-policy': contentPolicy(), 'permissions-policy': PERMISSIONS_POLICY });
  if (request.headers.host === undefined && request.raw.httpVersion !== '1.0') throw new PorticoError('bad_request');
  if (isOwnName(request.hostname)) void reply.header('strict-transport-security', `max-age=${HSTS_SECONDS}`);
}

function isOwnName(host: string): boolean {
  return host !== '' && host !== 'localhost' && !host.endsWith('.localhost') && isIP(host.replace(/^\[|\]$/g, '')) === 0;
}
