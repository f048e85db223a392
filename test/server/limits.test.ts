/** What one address, one device or one slow client may take: bounded, and the others go on. */
import { connect, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { createTrustServer, loadCertificates } from '../../appliance/http/index.js';
import type { CameraMessage, LiveMessage } from '../../appliance/contract/index.js';
import { startBox, temporaryDirectory, TestClock } from '../support/box.js';
import { answerToRaw, frameHead, openTls, untilClosed, upgradeRequest } from '../support/raw.js';
import { closedSoon } from '../support/sockets.js';
import type { SocketReader } from '../../demo/client.js';

/** The product's own times, but ten times as fast. */
const PATIENCE = 0.1;
const box = await startBox(t, { patience: PATIENCE });
const port = Number(new URL(box.url).port);
const lives = async () => (await box.owner.send('GET', '/healthz')).status;

const tlsTo = () => openTls(box);

/** Sends by the drop until it is cut off. */
function drip(socket: Socket, start: string): void {
  socket.write(start);
  const timer = setInterval(() => { if (socket.writable) socket.write('x'); }, 20);
  socket.once('close', () => clearInterval(timer));
}

// Begun first and looked at last: each is cut off after a second or more, and the other tests run meanwhile.
const headersByTheDrop = await tlsTo();
const bodyByTheDrop = await tlsTo();
const greeting = connect({ host: '127.0.0.1', port });
const slowEnds = Promise.all([headersByTheDrop, greeting, bodyByTheDrop].map((socket) => untilClosed(socket, 45_000)));
drip(headersByTheDrop, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-slow: ');
drip(bodyByTheDrop, 'POST /api/v1/pairings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n"');
greeting.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])); // a record header, and nothing after it

t.test('headers and addresses beyond measure are refused before anything looks at them', async (t) => {
  for (const request of [
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-long: ${'x'.repeat(9_000)}\r\n\r\n`, `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\n${'x-many: yyyyyyyy\r\n'.repeat(1_000)}\r\n`,
  ]) {
    const socket = await tlsTo();
    socket.write(request);
    const answer = await untilClosed(socket, 5_000);
    t.match(answer, /^(HTTP\/1\.1 4(31|00|14) [\s\S]*)?$/, request.slice(0, 30));
    t.notMatch(answer ?? '', /\bat .*\.js|node_modules/);
  }
  t.equal((await box.owner.send('GET', `/api/v1/customers?query=${'%E7%8E%8B'.repeat(700)}`)).status, 400);
  t.equal(await lives(), 200);
});

t.test('one address cannot take all connections', { timeout: 60_000 }, async (t) => {
  const sockets = await Promise.all(Array.from({ length: 300 }, () => new Promise<Socket>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket)).on('error', () => resolve(socket));
  })));
  // Who is over the limit hears so at once, while the others are still there.
  const closed = () => sockets.filter((socket) => socket.destroyed || socket.readyState !== 'open').length;
  for (let waitedMs = 0; closed() < 300 - 256 && waitedMs < 5_000; waitedMs += 10) await new Promise((resolve) => { setTimeout(resolve, 10); });
  const left = sockets.filter((socket) => !socket.destroyed && socket.readyState === 'open').length;
  t.ok(left <= 256 && left > 200, `${left} of 300 stay`);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  t.equal(await box.stranger().send('GET', '/healthz').then(({ status }) => status), 200, 'and those that go make room');
});

t.test('the plain server has limits of its own', { timeout: 60_000 }, async (t) => {
  const certificates = await loadCertificates(temporaryDirectory(t), [], new TestClock(), 'a passphrase');
  const server = createTrustServer(certificates, '店', () => 8443, PATIENCE);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => { server.closeAllConnections(); server.close(); });
  const plainPort = (server.address() as AddressInfo).port;
  const sockets = Array.from({ length: 40 }, () => connect({ host: '127.0.0.1', port: plainPort }).on('error', () => undefined));
  const open = () => sockets.filter((socket) => !socket.destroyed && socket.readyState === 'open').length;
  for (let waitedMs = 0; (open() > 16 || sockets.some((socket) => socket.connecting)) && waitedMs < 5_000; waitedMs += 5) await new Promise((resolve) => { setTimeout(resolve, 5); });
  t.equal(open(), 16);
  const closed = Promise.all(sockets.map((socket) => (socket.destroyed ? Promise.resolve('') : untilClosed(socket, 20_000))));
  sockets.find((socket) => !socket.destroyed)!.write('GET /trust HTTP/1.1\r\nHost: x\r\nx: '); // never ends
  t.notOk((await closed).includes(null), 'who never asks, or never ends, is cut off');
  const answer = connect({ host: '127.0.0.1', port: plainPort });
  answer.write('GET /trust HTTP/1.1\r\nHost: localhost\r\n\r\n');
  t.match(await untilClosed(answer, 5_000), /^HTTP\/1\.1 200 [\s\S]*Connection: close/i, 'one answer a connection');
  const long = connect({ host: '127.0.0.1', port: plainPort });
  long.write(`GET /${'a'.repeat(5_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  t.match(await untilClosed(long, 5_000), /^(HTTP\/1\.1 431 [\s\S]*)?$/);
});

t.test('one device has no more sockets than it needs, and the others have theirs', async (t) => {
  const open: SocketReader<LiveMessage | CameraMessage>[] = [];
  let refused: SocketReader<LiveMessage | CameraMessage> | null = null;
  while (refused === null && open.length < 40) {
    const socket = (open.length % 4 === 0 ? box.owner.camera('look_up') : box.owner.live()) as SocketReader<LiveMessage | CameraMessage>;
    const first = await socket.next();
    if (first.type === 'error') {
      t.equal(first.code, 'too_many_requests');
      refused = socket;
    } else open.push(socket);
  }
  t.equal(open.length, 24);
  t.equal(await closedSoon(refused!), 4429);
  const other = box.stranger();
  await other.pair((await box.owner.makePairingCode()).code, 'iPad 2');
  await other.signIn(box.ownerId, '135790');
  t.equal((await other.live().next()).type, 'live.snapshot');
  open[1]!.close();
  await open[1]!.closed;
  let again = 'error';
  for (let i = 0; i < 20 && again === 'error'; i++) again = (await box.owner.live().next()).type; // until the box has noticed
  t.equal(again, 'live.snapshot');
  for (const socket of open) socket.socket.terminate();
});

/** Asks for an upgrade and goes on with half a frame, whatever comes back. */
async function halfAFrame(path: string): Promise<string | null> {
  const socket = await tlsTo();
  const answer = untilClosed(socket, 5_000);
  socket.write(upgradeRequest(path));
  socket.write(frameHead(7_900_000));
  const piece = Buffer.alloc(60_000, 7);
  const more = setInterval(() => { if (socket.writable && !socket.writableNeedDrain) socket.write(piece); }, 1);
  const text = await answer;
  clearInterval(more);
  socket.destroy();
  return text;
}

t.test('no upgrade but to the two sockets: hung up on, and not a byte of a frame is taken in', { timeout: 60_000 }, async (t) => {
  for (const path of ['/nope-told', '/', '/healthz', '/api/v1/box', '/api/v1/live/', '//api/v1/live', '/api/v1/l%69ve', 'https://localhost/api/v1/live']) {
    t.equal(await halfAFrame(path), '', path);
  }
  for (const request of [upgradeRequest('/api/v1/live?v=1').replace('GET', 'POST'), upgradeRequest('/nope').replace('websocket', 'h2c')]) {
    t.equal(await answerToRaw(box, request), '', request.slice(0, 40));
  }
  t.notMatch(box.logged(), /nope/, 'nobody writes into the log what they please');
});

t.test('a stranger is refused before the handshake, in plain HTTP, and hung up on', { timeout: 60_000 }, async (t) => {
  for (const path of ['/api/v1/live?v=1&told', '/api/v1/live?v=7', '/api/v1/camera?v=1&mode=look_up', '/api/v1/camera?v=1&mode=front_desk']) {
    const answer = await halfAFrame(path);
    t.match(answer, /^(HTTP\/1\.1 401 [\s\S]*"code":"device_not_paired"[\s\S]*)?$/, path); // what was sent after it may cut it off
    t.match(await answerToRaw(box, upgradeRequest(path)), /^HTTP\/1\.1 401 [\s\S]*content-security-policy: [\s\S]*"code":"device_not_paired"/, path);
  }
  t.notMatch(box.logged(), /told/);
});

t.test('whoever may, but asks in a wrong way, harms nobody', async (t) => {
  const cookie = box.owner.cookieHeader();
  for (const [why, wrong] of [['no key', /Sec-WebSocket-Key.*\r\n/], ['no version', /Sec-WebSocket-Version.*\r\n/]] as const) {
    t.match(await answerToRaw(box, upgradeRequest('/api/v1/live?v=1', cookie).replace(wrong, '')), /^HTTP\/1\.1 400 /, why);
  }
  t.match(await answerToRaw(box, upgradeRequest('/api/v1/live?v=1', cookie).replace('Connection: Upgrade', 'Connection: close')), /^HTTP\/1\.1 404 [\s\S]*not_found/, 'no upgrade asked for');
  const before = `GET /api/v1/customers HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`;
  t.notMatch(await answerToRaw(box, before + upgradeRequest('/api/v1/live?v=1', cookie)), /101/, 'before an earlier answer is out');
  t.equal(await lives(), 200);
});

t.test('a page sends pings; what is far larger ends its socket', async (t) => {
  const live = await box.owner.live().opened();
  await live.nextOf('live.snapshot');
  live.socket.send(`{"v":1,"type":"${'x'.repeat(70_000)}"}`);
  t.equal((await live.nextOf('error')).code, 'body_too_large');
  t.equal(await closedSoon(live), 4429);
});

t.test('slow senders were cut off: headers, body and TLS greeting by the drop', { timeout: 60_000 }, async (t) => {
  const [headers, hello, body] = await slowEnds;
  t.match(headers, /^(HTTP\/1\.1 408 [\s\S]*)?$/, 'headers');
  t.equal(hello, '', 'greeting');
  t.match(body, /^(HTTP\/1\.1 4(08|13|00|01) [\s\S]*)?$/, 'body');
  t.equal(await lives(), 200);
});

// Last: uses up what one address may ask for in a minute.
t.test('an upgrade beyond the limit on requests is refused and hung up on, too', { timeout: 60_000 }, async (t) => {
  const hundred = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(99) + 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  let answers = '';
  for (let i = 0; i < 16 && !answers.includes('HTTP/1.1 429 '); i += 1) answers = await answerToRaw(box, hundred);
  t.match(answers, /HTTP\/1\.1 429 /);
  for (const cookie of ['', box.owner.cookieHeader()]) {
    t.match(await answerToRaw(box, upgradeRequest('/api/v1/live?v=1', cookie)), /^HTTP\/1\.1 429 [\s\S]*"code":"too_many_requests"/);
  }
});
