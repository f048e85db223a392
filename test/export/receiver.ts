/**
 * Head office's end of the line, as docs/head-office.md describes it: a small service over real TLS that believes nothing before the signature, keeps what it takes on
 * the disk before it says so, and can be made to fail in every way that a real one does.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import type { KeySet } from '../../appliance/contract/index.js';
import { archiveNameOf } from '../../appliance/export/archive.js';
import { ARCHIVE_BYTES_MAX, openRelease, type OpenedRelease } from '../../appliance/export/opening.js';
import { loadCertificates } from '../../appliance/http/index.js';
import { isPorticoError, systemClock } from '../../appliance/kit/index.js';
import { temporaryDirectory } from '../support/scratch.js';

/** What the service does with a request instead of its work. */
export type Behaviour =
  /** Answers with this, and stores nothing. */
  | { kind: 'answers'; status: number; body?: object | string; headers?: Record<string, string> }
  /** Reads all and says nothing. */
  | { kind: 'hangs' }
  /** The line breaks before anything of the body was read. */
  | { kind: 'cuts' }
  /** Stores it, and the line breaks before the answer: the box has to send it again, and is told that it is known. */
  | { kind: 'stores, then cuts' }
  /** Stores it, and acknowledges other bytes. */
  | { kind: 'acknowledges another' };
export const BEHAVIOURS = {
  fails: { kind: 'answers', status: 500, body: { code: 'internal' } },
  isBusy: { kind: 'answers', status: 503, headers: { 'retry-after': '120' } },
  redirects: { kind: 'answers', status: 307, headers: { location: 'https://elsewhere.example/releases' } },
  doesNotKnowTheSchema: { kind: 'answers', status: 422, body: { code: 'schema_unknown' } },
  rejects: { kind: 'answers', status: 422, body: { code: 'release_invalid' } },
  doesNotKnowTheBox: { kind: 'answers', status: 401, body: { code: 'unauthorised' } },
  hangs: { kind: 'hangs' }, cuts: { kind: 'cuts' }, storesThenCuts: { kind: 'stores, then cuts' }, acknowledgesAnother: { kind: 'acknowledges another' },
} as const satisfies Record<string, Behaviour>;

export interface ReceiverOptions {
  /** Of each store its box's public keys. */
  keysOf: (store: string) => KeySet;
  /** Names that the server's certificate has beside localhost. */
  names?: string[];
  /** Certificates that clients need, PEM; the common name has to be the store. Left out: no client certificate is asked for. */
  clients?: string[];
  /** Shared with the box, as `export-hmac` has it. Left out: not asked for. */
  secret?: string;
}
export interface Receiver {
  /** Where releases are posted. */
  readonly url: string;
  /** What the server's certificate is trusted by, PEM. */
  readonly rootPem: string;
  readonly folder: string;
  /** Every request that came, with the status of its answer; null: it got none. */
  readonly asked: { store: string; day: string; key: string; status: number | null }[];
  /** What is not as it should be between releases, in words: taken all the same, since a release that is refused stops those behind it, and told to a person. */
  readonly alarms: string[];
  /** The next requests, one after another; those after them are worked on as they should be. */
  behave(...next: Behaviour[]): void;
  /** Every request from now on; null: worked on as they should be. */
  always(behaviour: Behaviour | null): void;
  /** The bytes that are kept. */
  kept(store: string, day: string): Buffer | null;
  stop(): Promise<void>;
}

const PATH = '/releases';
/** As Standard Webhooks advises: a request that somebody kept is not believed later. */
const TIMESTAMP_SLACK_S = 300;

interface Answer { status: number; body: object }
interface Chain { number: number; sha256: string; day: string }

export async function startReceiver(t: Pick<Test, 'teardown'>, options: ReceiverOptions): Promise<Receiver> {
  const folder = temporaryDirectory(t);
  const certificates = await loadCertificates(join(temporaryDirectory(t), 'tls'), ['localhost', ...(options.names ?? [])], systemClock, 'a'.repeat(64));
  const asked: Receiver['asked'] = [];
  const alarms: string[] = [];
  const chains = new Map<string, Chain>();
  const planned: Behaviour[] = [];
  let constant: Behaviour | null = null;

  const pathOf = (store: string, day: string) => join(folder, store, archiveNameOf(store, day));
  const kept = (store: string, day: string) => (existsSync(pathOf(store, day)) ? readFileSync(pathOf(store, day)) : null);

  /** What the box is told of a release that is as it should be; it is on the disk by then. */
  const store = ({ manifest: { store, day, chain }, sha256 }: OpenedRelease, body: Buffer): Answer => {
    const known = kept(store, day);
    if (known !== null) return { status: sha256Of(known) === sha256 ? 208 : 409, body: { sha256: sha256Of(known) } };
    const before = chains.get(chain.id);
    const expected = before === undefined ? 1 : before.number + 1;
    if (chain.number !== expected) alarms.push(`${store} ${day}: number ${chain.number} of its chain instead of ${expected}`);
    else if (before !== undefined && chain.previous !== before.sha256) alarms.push(`${store} ${day}: the release before it is another`);
    keepOnDisk(join(folder, store), archiveNameOf(store, day), body);
    if (before === undefined || chain.number > before.number) chains.set(chain.id, { number: chain.number, sha256, day });
    return { status: 201, body: { sha256 } };
  };

  const work = async (request: IncomingMessage, body: Buffer): Promise<Answer> => {
    const header = (name: string) => String(request.headers[name] ?? '');
    const named = { store: header('portico-store'), day: header('portico-day'), sha256: header('portico-sha256'), key: header('idempotency-key') };
    if (options.clients !== undefined && commonName(request.socket as TLSSocket) !== named.store) return refused(403, 'not_your_store');
    if (options.secret !== undefined && !isSigned(options.secret, request, body)) return refused(401, 'signature_wrong');
    if (header('content-type') !== 'application/zip') return refused(415, 'content_type');
    if (named.sha256 !== sha256Of(body) || named.key !== `${named.store}:${named.day}:${named.sha256}`) return refused(400, 'headers_wrong');
    let opened: OpenedRelease;
    try {
      opened = await openRelease(body, options.keysOf(named.store));
    } catch (error) {
      if (isPorticoError(error, 'release_too_new')) return refused(422, 'schema_unknown');
      if (isPorticoError(error, 'release_invalid')) return refused(422, 'release_invalid');
      throw error;
    }
    const { store: signedStore, day, schemaVersion } = opened.manifest;
    if (signedStore !== named.store || day !== named.day || String(schemaVersion) !== header('portico-schema-version')) return refused(400, 'headers_wrong');
    return store(opened, body);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const entry: Receiver['asked'][number] = { store: String(request.headers['portico-store']), day: String(request.headers['portico-day']), key: String(request.headers['idempotency-key']), status: null };
    const say = (status: number, body: object | string, headers: Record<string, string> = {}) => {
      entry.status = status;
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    asked.push(entry);
    const behaviour = planned.shift() ?? constant;
    if (behaviour?.kind === 'cuts') { request.socket.destroy(); return; }
    if (request.url !== PATH) { say(404, { code: 'not_found' }); return; }
    if (request.method !== 'POST') { say(405, { code: 'method_not_allowed' }, { allow: 'POST' }); return; }
    const body = await bodyOf(request);
    if (body === null) { say(413, { code: 'too_large' }, { connection: 'close' }); return; }
    if (behaviour?.kind === 'hangs') return;
    if (behaviour?.kind === 'answers') { say(behaviour.status, behaviour.body ?? {}, behaviour.headers); return; }
    const answer = await work(request, body);
    if (behaviour?.kind === 'stores, then cuts') request.socket.destroy();
    else if (behaviour?.kind === 'acknowledges another') say(200, { sha256: sha256Of(Buffer.from('another')) });
    else say(answer.status, answer.body);
  };

  const server = createServer({
    key: certificates.keyPem, cert: certificates.chainPem, minVersion: 'TLSv1.2',
    ...(options.clients === undefined ? {} : { ca: options.clients, requestCert: true, rejectUnauthorized: true }),
  }, (request, response) => { void serve(request, response).catch(() => { response.writeHead(500).end(); }); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const stop = () => new Promise<void>((resolve) => {
    if (!server.listening) { resolve(); return; }
    server.close(() => resolve());
    server.closeAllConnections();
  });
  t.teardown(stop);
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}${PATH}`, rootPem: certificates.rootPem, folder, asked, alarms, kept, stop,
    behave: (...next) => void planned.push(...next), always: (behaviour) => { constant = behaviour; },
  };
}

/** A certificate for a box and its key, PEM; it is its own authority. @param store becomes the common name */
export function makeClientCertificate(t: Pick<Test, 'teardown'>, store: string, days = 2): { key: string; cert: string } {
  const folder = temporaryDirectory(t);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-subj', `/CN=${store}`, '-days', String(days), '-addext', 'extendedKeyUsage=clientAuth'], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

/** Standard Webhooks: HMAC-SHA256 over id, time and bytes; several signatures may stand there while a secret is changed. */
function isSigned(secret: string, { headers }: IncomingMessage, body: Buffer): boolean {
  const [id, timestamp, signatures] = [headers['webhook-id'], headers['webhook-timestamp'], headers['webhook-signature']].map(String) as [string, string, string];
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TIMESTAMP_SLACK_S) || id !== headers['idempotency-key']) return false;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
  const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(' ').some((each) => {
    const given = Buffer.from(each.replace(/^v1,/, ''), 'base64');
    return each.startsWith('v1,') && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

/** Null: more than a release can have. What is left is not read. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > ARCHIVE_BYTES_MAX) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** On the disk, and under its name only when it is whole. */
function keepOnDisk(folder: string, name: string, bytes: Buffer): void {
  mkdirSync(folder, { recursive: true });
  const part = join(folder, `${name}.part`);
  const file = openSync(part, 'w');
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  fsyncSync(file);
  closeSync(file);
  renameSync(part, join(folder, name));
}

const commonName = (socket: TLSSocket): string => String(socket.getPeerCertificate().subject?.CN);
const refused = (status: number, code: string): Answer => ({ status, body: { code } });
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
