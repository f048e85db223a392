import { createHmac, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { ExportError } from '../../contract/index.js';
import { isPorticoError, PorticoError, type Clock } from '../../kit/index.js';
import { idempotencyKeyOf, readSecret, type Connector, type Parcel, type Secrets } from './connector.js';

/** Nothing moved for this long: nobody is there. */
const SILENCE_MS = 30_000;
/** An acknowledgement is a line. */
const ANSWER_BYTES_MAX = 65_536;
/** Head office may ask for more time, not for ever. */
const RETRY_AFTER_MAX_MS = 24 * 3_600_000;
const HMAC_CHARACTERS_MIN = 32;
const HMAC_BYTES_MIN = 24;
/** What Node and OpenSSL say when the other side's certificate will not do (nodejs.org/api/tls, "X509 certificate error codes"). */
const UNTRUSTED = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CRL_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERR_TLS_CERT_ALTNAME)/;
/** What the other side says to ours: an alert about our certificate, or that there is none. */
const OWN_REFUSED = /ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)|(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE).*ALERT/i;

/**
 * One POST of the archive over TLS 1.2 or newer. Who the box is, head office knows by its client certificate, by a shared secret (Standard Webhooks: HMAC-SHA256 over
 * id, time and bytes), or by both; the signature inside the archive proves the rest. Redirects are not followed: whoever can answer could send the release anywhere.
 */
export class HttpsConnector implements Connector {
  readonly kind = 'https';
  readonly #url: URL;
  readonly #secrets: Secrets;
  readonly #clock: Clock;
  readonly #roots: { ca?: string };
  readonly #silenceMs: number;

  /**
   * @param deps.rootPem the only root that is trusted; default: those of Node and of NODE_EXTRA_CA_CERTS
   * @param deps.silenceMs nothing moved for so long: nobody is there; default 30,000
   */
  constructor(deps: { url: string; secrets: Secrets; clock: Clock; rootPem?: string; silenceMs?: number }) {
    this.#url = new URL(deps.url);
    this.#roots = deps.rootPem === undefined ? {} : { ca: deps.rootPem };
    this.#silenceMs = deps.silenceMs ?? SILENCE_MS;
    this.#secrets = deps.secrets;
    this.#clock = deps.clock;
  }

  async deliver(parcel: Parcel, progress: (share: number) => void, signal?: AbortSignal): Promise<void> {
    const { status, headers, body } = await this.#post(parcel, progress, signal);
    const answer = read(body);
    if (status === 409) {
      if (answer.sha256 === parcel.sha256) return;
      throw new PorticoError('export_conflict', { status });
    }
    if (status >= 200 && status < 300) {
      if (answer.sha256 === parcel.sha256) return;
      throw new PorticoError('export_acknowledgement_wrong', { status });
    }
    const code = codeOf(status, answer.code);
    throw new PorticoError(code, { status, ...retryAfter(headers['retry-after'], this.#clock.now()) });
  }

  #post(parcel: Parcel, progress: (share: number) => void, signal: AbortSignal | undefined): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
    const identity = this.#identity();
    const id = idempotencyKeyOf(parcel);
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(inOurWords(cause));
      const sending = request(this.#url, {
        method: 'POST', agent: false, minVersion: 'TLSv1.2', rejectUnauthorized: true, timeout: this.#silenceMs, ...(signal === undefined ? {} : { signal }), ...this.#roots, ...identity,
        headers: {
          'content-type': 'application/zip', 'content-length': parcel.archive.length, accept: 'application/json', 'idempotency-key': id,
          'portico-store': parcel.store, 'portico-day': parcel.day, 'portico-schema-version': parcel.schemaVersion, 'portico-sha256': parcel.sha256,
          ...this.#hmac(id, parcel.archive),
        },
      }, (answer) => {
        const pieces: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (piece: Buffer) => {
          bytes += piece.length;
          if (bytes > ANSWER_BYTES_MAX) answer.destroy(new Error('the answer is too long'));
          else pieces.push(piece);
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces).toString('utf8') }));
        answer.on('error', fail);
        answer.on('aborted', () => fail(new Error('cut off')));
      });
      sending.on('timeout', () => sending.destroy(new PorticoError('export_unreachable', { reason: 'no answer' })));
      sending.on('error', fail);
      sending.on('upgrade', (_answer, socket) => { socket.destroy(); fail(new Error('it answers in another protocol')); });
      sending.on('close', () => fail(new Error('no answer'))); // after an answer that was read whole it says nothing any more
      sending.on('socket', (socket) => socket.on('secureConnect', () => progress(0.1)));
      sending.end(parcel.archive, () => progress(0.9));
    });
  }

  /** @throws PorticoError export_not_accepted: half of it, or over */
  #identity(): { key?: Buffer; cert?: Buffer } {
    const [key, cert] = [readSecret(this.#secrets, 'export-client-key'), readSecret(this.#secrets, 'export-client-cert')];
    if (key === null && cert === null) return {};
    if (key === null || cert === null) throw new PorticoError('export_not_accepted', { reason: `${key === null ? 'export-client-key' : 'export-client-cert'} is missing` });
    let validTo: number;
    try {
      validTo = Date.parse(new X509Certificate(cert).validTo);
    } catch (cause) {
      throw new PorticoError('export_not_accepted', { reason: 'export-client-cert cannot be read' }, { cause });
    }
    if (validTo < this.#clock.now()) throw new PorticoError('export_not_accepted', { reason: 'the box\'s client certificate has expired' });
    return { key, cert };
  }

  /** @throws PorticoError export_not_accepted */
  #hmac(id: string, body: Buffer): Record<string, string> {
    const text = readSecret(this.#secrets, 'export-hmac')?.toString('utf8').trim();
    if (text === undefined) return {};
    if (text.length < HMAC_CHARACTERS_MIN) throw new PorticoError('export_not_accepted', { reason: `export-hmac has fewer than ${HMAC_CHARACTERS_MIN} characters` });
    // As the specification writes a secret; anything else is taken as it stands.
    const key = text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text, 'utf8');
    if (key.length < HMAC_BYTES_MIN) throw new PorticoError('export_not_accepted', { reason: `export-hmac has fewer than ${HMAC_BYTES_MIN} bytes after whsec_` });
    const timestamp = String(Math.floor(this.#clock.now() / 1000));
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  }
}

function codeOf(status: number, code: unknown): ExportError {
  if (status === 415 || status === 426 || (status === 422 && code === 'schema_unknown')) return 'export_schema_too_new';
  if (status === 400 || status === 413 || status === 422) return 'export_rejected';
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'export_unreachable';
  return 'export_not_accepted'; // 3xx too: the address is not the right one
}

/** Whatever it holds, two short texts are all that is looked at. */
function read(body: string): { sha256: unknown; code: unknown } {
  try {
    const { sha256, code } = JSON.parse(body) as { sha256?: unknown; code?: unknown };
    return { sha256, code };
  } catch {
    return { sha256: undefined, code: undefined };
  }
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | undefined, nowMs: number): { retryAfterMs?: number } {
  if (header === undefined) return {};
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? { retryAfterMs: Math.min(ms, RETRY_AFTER_MAX_MS) } : {};
}

function inOurWords(cause: unknown): PorticoError {
  if (isPorticoError(cause)) {
    return cause.code === 'egress_refused' ? new PorticoError('export_unreachable', { reason: 'the host is not in PORTICO_EGRESS_ALLOW' }, { cause }) : cause;
  }
  const { code = '', message = '' } = cause as { code?: string; message?: string };
  if (UNTRUSTED.test(code)) return new PorticoError('export_tls_untrusted', { reason: code }, { cause });
  if (OWN_REFUSED.test(`${code} ${message}`)) return new PorticoError('export_not_accepted', { reason: 'the server does not take the box\'s certificate' }, { cause });
  return new PorticoError('export_unreachable', { reason: code === '' ? 'no connection' : code }, { cause });
}
