/**
 * REST with what no page would send: every documented route, with wrong types, huge and strange texts, names of prototypes,
 * deep JSON, wrong kinds of content, double headers and climbing paths. FUZZ_SEED=n repeats a run.
 */
import { connect } from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import { ERRORS, type ErrorCode } from '../../appliance/contract/index.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';
import { SEED, startBoxProcess } from './child.js';

/** All of them in `.ci/run`. */
const REQUESTS = process.env['TEST_FULL'] === undefined ? 400 : 1_200;
const AT_ONCE = 8;
/** What the box may keep of them: caches and compiled schemas, not requests. */
const HEAP_GROWTH_MAX_BYTES = 24_000_000;

interface Operation { method: string; path: string; body: unknown }
interface OpenApi { paths: Record<string, Record<string, { requestBody?: { content?: Record<string, { schema?: unknown }> } }>> }

const box = await startBoxProcess(t);
const { body: api } = await box.owner.send<OpenApi>('GET', '/api/openapi.json');
const operations: Operation[] = Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { requestBody }]) => ({
  method: method.toUpperCase(), path, body: requestBody?.content?.['application/json']?.schema ?? null,
})))
  // These end the session, the device or the member of staff that asks; they are tried by those who may not.
  .filter(({ method, path }) => !(method === 'DELETE' && /sessions\/current|devices|staff/.test(path)) && !/front-desk|hand-over|sessions\/current\/lock|\/pin$/.test(path));
const { id: customerId } = await box.owner.createCustomer({ displayName: '模糊' });

const strange = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('', ' ', '\u0000', '\ufeff', '\ud800', '𠮷'.repeat(30), '../../etc/passwd', '%2e%2e%2f', "' OR 1=1 --", '${7*7}', '{{7*7}}', '__proto__', 'constructor',
    'toString', 'null', 'undefined', '-0', '1e999', 'NaN', '\r\nx-injected: 1', '<script>', 'x'.repeat(5_000), '中'.repeat(2_000)), fc.uuid(), fc.constant(customerId),
);
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  strange, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant([]), fc.constant({}), fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
  fc.array(strange, { maxLength: 20 }), fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'prototype', 'id', 'length', '0'), strange),
);

/** Mostly of the documented form, here and there not: so that it gets past the first check. */
function like(schema: unknown): fc.Arbitrary<unknown> {
  const { type, properties, required = [], items, enum: values, anyOf, const: only, format, pattern } = (schema ?? {}) as {
    type?: string; properties?: Record<string, unknown>; required?: string[]; items?: unknown; enum?: unknown[]; anyOf?: unknown[]; const?: unknown; format?: string; pattern?: string;
  };
  const right = (): fc.Arbitrary<unknown> => {
    if (only !== undefined) return fc.constant(only);
    if (values !== undefined) return fc.constantFrom(...values);
    if (anyOf !== undefined) return fc.oneof(...anyOf.map(like));
    if (properties !== undefined) {
      return fc.record(Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, like(each)])), { requiredKeys: required });
    }
    if (type === 'array') return fc.array(like(items), { maxLength: 5 });
    if (type === 'boolean') return fc.boolean();
    if (type === 'integer' || type === 'number') return fc.oneof(fc.nat(500), fc.double({ noNaN: true }));
    if (format === 'uuid') return fc.constantFrom(customerId, box.ownerId, '0b6a8a1e-0000-4000-8000-000000000000');
    if (format === 'date') return fc.constantFrom('2026-02-28', '2099-12-31', '2010-01-01');
    if (pattern !== undefined && /0-9|\\d/.test(pattern)) return fc.constantFrom('135791', '13800002222', '7');
    return fc.string({ minLength: 1, maxLength: 12 });
  };
  return fc.oneof({ weight: 12, arbitrary: right() }, { weight: 1, arbitrary: anyValue });
}

const deep = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);
const rawBody = fc.constantFrom('{', '[', '"', 'null', '{"a":', deep(20_000, '[', ']'), `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, '{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}',
  '\u0000', '{"displayName":"\\ud800"}', '1e400', '{"displayName":"x","displayName":"y"}', `{"displayName":"${'x'.repeat(900_000)}"}`, '\xff\xfe');
const headers = fc.constantFrom<Record<string, string>>(
  {}, {}, {}, { 'content-type': 'text/plain' }, { 'content-type': 'application/xml' }, { 'content-type': 'multipart/form-data; boundary=x' }, { 'content-type': 'application/json; charset=utf-7' },
  { 'content-type': 'image/jpeg' }, { 'content-type': '' }, { 'content-encoding': 'gzip' }, { accept: 'text/html' }, { 'accept-encoding': 'br;q=1, *;q=0' }, { origin: 'https://evil.example' }, { 'x-http-method-override': 'DELETE' },
  { 'x-portico-link': 'x'.repeat(300) }, { range: 'bytes=0-,1-,2-' }, { 'if-none-match': '*' }, { expect: '200-maybe' }, { 'transfer-encoding': 'gzip, chunked' },
);

interface Shot { method: string; path: string; body: unknown; headers: Record<string, string> }
const shot: fc.Arbitrary<Shot> = fc.constantFrom(...operations).chain((operation) => fc.record({
  method: fc.oneof({ weight: 12, arbitrary: fc.constant(operation.method) }, { weight: 1, arbitrary: fc.constantFrom('GET', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'HEAD') }),
  path: fc.tuple(fc.oneof({ weight: 5, arbitrary: fc.constant(customerId) }, { weight: 2, arbitrary: fc.uuid() }, { weight: 2, arbitrary: strange }), fc.oneof({ weight: 3, arbitrary: fc.constant('') }, {
    weight: 1, arbitrary: fc.tuple(fc.constantFrom('query', 'limit', 'pose', 'before', 'why', '__proto__', 'x'), strange).map(([name, value]) => `?${name}=${escaped(value)}`),
  })).map(([id, query]) => operation.path.replace(/\{\w+\}/g, escaped(id)) + query),
  body: operation.body === null ? fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyValue }, { weight: 1, arbitrary: rawBody })
    : fc.oneof({ weight: 8, arbitrary: like(operation.body) }, { weight: 2, arbitrary: anyValue }, { weight: 1, arbitrary: rawBody }),
  headers,
}));

/** As a path can carry it; lone surrogates cannot be escaped. */
function escaped(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'));
}

/** What is wrong with an answer; null: nothing. */
function fault(status: number, body: unknown): string | null {
  if (status < 400 || (status === 417 && body === '')) return null; // Node itself answers an unknown "Expect"
  const { code, message, ...more } = (typeof body === 'object' && body !== null ? body : {}) as { code?: string; message?: string };
  if (code === undefined || !(code in ERRORS)) return `no code: ${JSON.stringify(body)?.slice(0, 200)}`;
  if (message !== ERRORS[code as ErrorCode][1]) return `words of its own: ${message}`;
  if (Object.keys(more).some((key) => key !== 'details')) return `more than an error: ${Object.keys(more).join()}`;
  if (code === 'internal') return 'internal';
  return /node_modules|\.js:|SQLITE|at Object/.test(JSON.stringify(body)) ? 'insides of the box' : null;
}

t.test(`requests of every kind, seed ${SEED}`, { timeout: 120_000 }, async (t) => {
  t.ok(operations.length > 30, `${operations.length} operations`);
  const shots = fc.sample(shot, { numRuns: REQUESTS, seed: SEED });
  let before = await box.memory();
  const answers: Record<number, number> = {};
  const fire = async ({ method, path, body, headers: extra }: Shot): Promise<void> => {
    try {
      const { status, body: answer } = await box.owner.send(method, path, typeof body === 'number' || typeof body === 'boolean' || body === null ? JSON.stringify(body) : body, extra);
      answers[status] = (answers[status] ?? 0) + 1;
      const wrong = method === 'HEAD' ? null : fault(status, answer);
      if (wrong !== null) t.fail(`${method} ${path.slice(0, 120)} ${JSON.stringify(body)?.slice(0, 200)} ${JSON.stringify(extra)}: ${status} ${wrong}`);
    } catch (error) {
      // The connection may be cut, or the client refuses to send such a header; the box must live.
      if (!/ECONNRESET|EPIPE|socket hang up|Parse Error|Invalid|Unexpected|not valid JSON/.test(String(error))) throw error;
    }
    if (box.ended() !== null) throw new Error(`the box died of ${method} ${path.slice(0, 200)}: ${box.ended()}`);
  };
  for (let at = 0; at < shots.length; at += AT_ONCE) {
    if (at === AT_ONCE * 50) before = await box.memory(); // warm: schemas are compiled at their first request
    await Promise.all(shots.slice(at, at + AT_ONCE).map(fire));
  }
  const after = await box.memory();
  t.comment(`answers: ${JSON.stringify(answers)}; heap ${before.heapUsed} to ${after.heapUsed}, outside ${before.external} to ${after.external}`);
  t.equal(after.internal, 0, `no failure of its own in the log: ${box.complaints()}`);
  t.ok((answers[400] ?? 0) > 50 && Object.keys(answers).some((status) => status.startsWith('2')), 'some were refused for their form, and some went through');
  t.ok(after.heapUsed - before.heapUsed < HEAP_GROWTH_MAX_BYTES, `${after.heapUsed - before.heapUsed} bytes more in use`);
  t.ok(after.external - before.external < HEAP_GROWTH_MAX_BYTES, `${after.external - before.external} bytes more outside the heap`);
});

t.test('HTTP itself: double and broken headers, climbing paths, half requests', async (t) => {
  const { port } = new URL(box.url);
  const raw = (request: string | Buffer) => new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: box.rootPem, servername: 'localhost' }, () => socket.end(request));
    let text = '';
    socket.on('data', (chunk) => { text += chunk.toString('latin1'); }).on('close', () => resolve(text)).on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)));
  });
  const close = 'Connection: close\r\n\r\n';
  const requests = [
    `GET /../../package.json HTTP/1.1\r\nHost: a\r\n${close}`, `GET /..%2f..%2fpackage.json HTTP/1.1\r\nHost: a\r\n${close}`, `GET /assets/..%5c..%5cindex.html HTTP/1.1\r\nHost: a\r\n${close}`,
    `GET //etc/passwd HTTP/1.1\r\nHost: a\r\n${close}`, `GET /%00 HTTP/1.1\r\nHost: a\r\n${close}`, `GET /.git/config HTTP/1.1\r\nHost: a\r\n${close}`, `GET http://evil/ HTTP/1.1\r\nHost: a\r\n${close}`,
    `GET /api/v1/box HTTP/1.1\r\nHost: a\r\nHost: b\r\n${close}`, `GET /api/v1/box HTTP/1.1\r\n${close}`, `GET /api/v1/box HTTP/1.1\r\nHost: \r\n${close}`, `GET /api/v1/box HTTP/1.0\r\n\r\n`,
    `POST /api/v1/pairings HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n${close}12345`, `POST /api/v1/pairings HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n${close}0\r\n\r\n`,
    `POST /api/v1/pairings HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${close}zz\r\n`, `POST /api/v1/pairings HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n${close}`,
    `GET /api/v1/box HTTP/1.1\r\nHost: a\r\nCookie: ${'a=b; '.repeat(1_000)}\r\n${close}`, `GET /api/v1/box HTTP/1.1\r\nHost: a\r\nCookie: __Host-portico-device=%ff; __Host-portico-device=x\r\n${close}`,
    `GET /api/v1/live?v=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`, `GET /api/v1/live?v=1 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n`,
    `GET /api/v1/customers HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\u0000'.repeat(500), 'GET', '\r\n\r\n\r\n', Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff]), `CONNECT evil:443 HTTP/1.1\r\nHost: evil\r\n${close}`,
  ];
  for (const request of requests) {
    const answer = await raw(request);
    t.notMatch(answer, /^HTTP\/1\.1 5/, JSON.stringify(request).slice(0, 80));
    t.notMatch(answer, /root:|"dependencies"|node_modules|at .*\.js|\[core\]/, JSON.stringify(request).slice(0, 80));
    t.equal(box.ended(), null);
  }
  t.equal((await box.memory()).internal, 0, box.complaints());
});

t.test('the box still works', async (t) => {
  t.equal((await box.owner.send('GET', '/healthz')).status, 200);
  const { id } = await box.owner.createCustomer({ displayName: '之后' });
  await box.owner.giveConsent(id);
  const picture = await portrait('P08');
  await box.owner.enrol(id, [picture]);
  const camera = await box.owner.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  t.match(await lookAtOne(camera, await scene({ picture, x: 640, y: 360, height: 420 })), { decision: 'known', person: { customerId: id } });
  camera.close();
});
