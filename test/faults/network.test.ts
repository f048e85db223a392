/** Cables pulled and iPads that vanish without a word: what they held is freed, and who comes back has lost nothing. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { BoxHealth, CameraMessage, LiveMessage } from '../../appliance/contract/index.js';
import { PorticoClient, SocketReader } from '../../demo/client.js';
import { hashSecret, makeToken } from '../../appliance/access/secrets.js';
import { startBox, temporaryDirectory, type TestBox } from '../support/box.js';
import { reading } from '../support/disk.js';
import { emptyScene, portrait, scene } from '../support/scene.js';
import { closedSoon, drain, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** The product's own times, but ten times as fast: a heartbeat each 1.5 seconds. */
const PATIENCE = 0.1;
const TWO_HEARTBEATS_MS = 3_000 + 2_000;
const IPADS = 30;

/** A cable that can be pulled: connections stay open at both ends, and nothing goes through any more. */
async function cable(t: Test, box: TestBox): Promise<{ url: string; pull(): void; plug(): void }> {
  const pairs: [Socket, Socket][] = [];
  let pulled = false;
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: Number(new URL(box.url).port) });
    pairs.push([near, far]);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      from.on('data', (bytes) => { if (!pulled) to.write(bytes); });
      from.on('error', () => undefined);
      from.on('close', () => { if (!pulled) to.destroy(); });
    }
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => {
    for (const pair of pairs) for (const each of pair) each.destroy();
    server.close();
  });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, pull: () => { pulled = true; }, plug: () => { pulled = false; } };
}

/** The same iPad, with the same cookies, by another way. */
function by<M>(client: PorticoClient, url: string, path: string): SocketReader<M> {
  return client.open<M>(new URL(path, url).href);
}
const healthOf = async (box: TestBox) => (await box.owner.send<BoxHealth>('GET', '/api/v1/health')).body;
const until = async (done: () => Promise<boolean> | boolean, withinMs: number) => {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 100) {
    if (await done()) return true;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  return false;
};

t.test('an iPad that vanishes in the middle of a frame: its place is freed by the heartbeat, and its next connection takes over', { timeout: 60_000 }, async (t) => {
  const box = await startBox(t, { patience: PATIENCE });
  const id = await enrolPerson(box, 'P18');
  const line = await cable(t, box);
  const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
  const halfOpen = await by<CameraMessage>(box.owner, line.url, '/api/v1/camera?v=1&mode=look_up&range=near').opened();
  halfOpen.socket.on('error', () => undefined);
  t.match(await lookAtOne(halfOpen, frame), { decision: 'known' });
  t.equal((await healthOf(box)).cameras, 1);
  halfOpen.socket.send(frame.subarray(0, 2_000)); // no whole picture, and then nothing
  line.pull();
  halfOpen.socket.send(frame);
  const next = await box.owner.camera('look_up').opened();
  t.match(await lookAtOne(next, frame), { decision: 'known', person: { customerId: id } }, 'at once, not after the heartbeat');
  t.ok(await until(async () => (await healthOf(box)).cameras === 1, TWO_HEARTBEATS_MS), 'the half-open one is gone within two heartbeats');
});

t.test('a cable that is pulled and put back: the page that comes back is told what it missed, once and in order', { timeout: 60_000 }, async (t) => {
  const box = await startBox(t, { patience: PATIENCE });
  const ids = await Promise.all([1, 2, 3].map(async (n) => (await box.owner.createCustomer({ displayName: `顾客${n}` })).id));
  const line = await cable(t, box);
  const page = await by<LiveMessage>(box.owner, line.url, '/api/v1/live?v=1').opened();
  page.socket.on('error', () => undefined);
  const snapshot = await page.nextOf('live.snapshot');
  await box.owner.call('POST', '/visits', { customerId: ids[0] });
  const seen = await page.nextOf('visit.opened');
  line.pull();
  await box.owner.call('POST', '/visits', { customerId: ids[1] });
  await box.owner.call('POST', '/visits', { customerId: ids[2] });
  t.notOk((await Promise.race([drain(page), new Promise((resolve) => { setTimeout(resolve, 300, null); })])), 'nothing goes through');
  line.plug();
  const back = await by<LiveMessage>(box.owner, line.url, `/api/v1/live?v=1&epoch=${snapshot.epoch}&since=${seen.revision}`).opened();
  t.equal((await back.next()).type, 'live.resumed');
  const missed = (await drain(back)).filter((message) => message.type === 'visit.opened');
  t.strictSame(missed.map((message) => message.type === 'visit.opened' && message.data.visit.customerId), [ids[1], ids[2]]);
  t.strictSame(missed.map((message) => 'revision' in message && message.revision), [seen.revision + 1, seen.revision + 2], 'no revision is lost, none comes twice');
  t.not(await closedSoon(page, TWO_HEARTBEATS_MS), null, 'the old one ends');
});

t.test(`${IPADS} iPads come back at once after the box was started anew: each gets its board, and none is turned away`, { timeout: 180_000 }, async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startBox(t, { dataDirectory });
  const port = new URL(first.url).port;
  for (let n = 0; n < 10; n += 1) {
    const { id } = await first.owner.createCustomer({ displayName: `顾客${n}` });
    await first.owner.call('POST', '/visits', { customerId: id });
  }
  const before = await first.owner.live().opened();
  const { epoch, revision } = await before.nextOf('live.snapshot');
  await first.stop();
  const cookies = signInMany(dataDirectory, first.ownerId);

  const box = await startBox(t, { dataDirectory, settings: { PORTICO_PORT: port } });
  const heapBefore = process.memoryUsage().rss;
  const beganMs = performance.now();
  const open = <M>(path: string, cookie: string) => box.stranger().open<M>(path, { cookie });
  const boards = await Promise.all(cookies.map(async (cookie) => {
    const live = await open<LiveMessage>(`/api/v1/live?v=1&epoch=${epoch}&since=${revision}`, cookie).opened();
    const message = await live.next();
    return { live, message, tookMs: performance.now() - beganMs };
  }));
  t.strictSame(boards.map(({ message }) => (message.type === 'live.snapshot' ? message.data.visits.length : message.type)), Array<number>(IPADS).fill(10), 'another life of the box: a whole board, not a part');
  const cameras = await Promise.all(cookies.slice(0, 8).map((cookie) => open<CameraMessage>('/api/v1/camera?v=1&mode=look_up&range=near', cookie).opened()));
  for (const camera of cameras) camera.socket.send(await emptyScene());
  t.strictSame((await Promise.all(cameras.map((camera) => camera.nextOf('camera.ready')))).length, 8);
  const { id } = (await boardOwner(box, cookies[0]!));
  const told = await Promise.all(boards.map(({ live }) => live.nextOf('visit.opened')));
  t.ok(told.every((message) => message.data.visit.customerId === id), 'and what happens next reaches all');
  t.equal(new Set(told.map((message) => message.revision)).size, 1);
  const slowest = Math.max(...boards.map(({ tookMs }) => tookMs));
  t.comment(`${IPADS} boards after ${Math.round(slowest)} ms, ${Math.round((process.memoryUsage().rss - heapBefore) / 1_048_576)} MiB more, clients included`);
});

/** Paired and signed in on other days: in one minute the box lets nobody pair so many. @returns the cookies of each */
function signInMany(dataDirectory: string, staffId: string): string[] {
  return reading(dataDirectory, (db) => Array.from({ length: IPADS }, (_, n) => {
    const [device, session] = [makeToken(), makeToken()];
    const now = Date.now();
    db.run('INSERT INTO device (id, name, token_hash, paired_at_ms) VALUES (?, ?, ?, ?)', `ipad-${n}`, `iPad ${n}`, hashSecret(device), now);
    db.run('INSERT INTO session (token_hash, staff_id, device_id, scope, expires_at_ms, used_at_ms) VALUES (?, ?, ?, ?, ?, ?)', hashSecret(session), staffId, `ipad-${n}`, 'staff', now + 3_600_000, now);
    return `__Host-portico-device=${device}; __Host-portico-session=${session}`;
  }), false);
}

/** A new visit, made by one of the iPads. */
async function boardOwner(box: TestBox, cookie: string): Promise<{ id: string }> {
  const device = box.stranger();
  const { body } = await device.send<{ id: string }>('POST', '/api/v1/customers', { displayName: '刚到的' }, { cookie });
  await device.send('POST', '/api/v1/visits', { customerId: body.id }, { cookie });
  return body;
}
