/** Both sockets: what is refused, what is resumed, what is bounded. */
import sharp from 'sharp';
import t from 'tap';
import { Check } from 'typebox/schema';
import { CAMERA_MESSAGES, LIVE_MESSAGES, type CameraMessage, type LiveEvent, type LiveMessage, type VisitCard } from '../../appliance/contract/index.js';
import { encode } from '../../appliance/http/wire.js';
import type { SocketReader } from '../../demo/client.js';
import { OWNER_PIN, startBox } from '../support/box.js';
import { animation, bomb } from '../support/pictures.js';
import { portrait, scene } from '../support/scene.js';
import { answerTo, closedSoon, drain, look, type Camera, type Live } from '../support/sockets.js';

const box = await startBox(t);
const PING = JSON.stringify({ v: 1, type: 'live.ping' });
const visitEvents = (messages: LiveMessage[]) => messages.filter((message): message is LiveEvent => message.type.startsWith('visit.'));

async function connect(): Promise<{ live: Live; epoch: string; revision: number }> {
  const live = await box.owner.live().opened();
  const { epoch, revision } = await live.nextOf('live.snapshot');
  return { live, epoch, revision };
}
const arrive = async (name: string): Promise<VisitCard> => {
  const { id } = await box.owner.createCustomer({ displayName: name });
  return box.owner.call<VisitCard>('POST', '/visits', { customerId: id });
};

t.test('live: what is not understood is answered, and the connection lives', async (t) => {
  const { live } = await connect();
  const cases: [sent: string | Buffer, code: string][] = [
    ['{', 'malformed_json'], ['', 'malformed_json'], ['null', 'malformed_json'], ['"live.ping"', 'malformed_json'], ['7', 'malformed_json'],
    [Buffer.from(PING), 'malformed_json'],
    ['{"v":1,"type":"live.shutdown"}', 'unknown_message'], ['{"v":1}', 'unknown_message'], ['{"v":1,"type":"live.ping","more":1}', 'unknown_message'],
    ['{"v":2,"type":"live.ping"}', 'wrong_protocol_version'], ['{"type":"live.ping"}', 'wrong_protocol_version'], ['[]', 'wrong_protocol_version'],
    [`{"v":1,"type":${'['.repeat(20_000)}`, 'malformed_json'],
  ];
  for (const [sent, code] of cases) {
    live.socket.send(sent);
    const answer = await live.nextOf('error');
    t.equal(answer.code, code, String(sent).slice(0, 40));
    t.equal(answer.v, 1);
    t.type(answer.message, 'string');
  }
  t.strictSame(visitEvents(await drain(live)), []);
  live.close();
});

t.test('both: another version of the protocol is told so and closed', async (t) => {
  for (const path of ['/api/v1/live', '/api/v1/live?v=2', '/api/v1/live?v=01', '/api/v1/camera?v=2&mode=look_up']) {
    const socket = box.owner.open<LiveMessage>(path);
    t.match(await socket.next(), { type: 'error', code: 'wrong_protocol_version', details: { expected: 1 } }, path);
    t.equal(await socket.closed, 4426, path);
  }
  for (const path of ['/api/v1/camera?v=1', '/api/v1/camera?v=1&mode=wide', '/api/v1/camera?v=1&mode=toString']) {
    const socket = box.owner.open<CameraMessage>(path);
    t.match(await socket.next(), { type: 'error', code: 'camera_mode_invalid' }, path);
    t.equal(await socket.closed, 4403, path);
  }
});

t.test('live: resuming gives exactly what was missed, once, in order', async (t) => {
  const first = await connect();
  const before = await arrive('早到');
  await drain(first.live);
  first.live.close();
  const cards = [await arrive('错过一'), await arrive('错过二')];
  await box.owner.call('POST', `/visits/${cards[0]!.visitId}/serve`);
  await box.owner.call('POST', `/visits/${before.visitId}/close`);

  const since = first.revision + 1; // the page had seen the first arrival
  const back = await box.owner.live({ epoch: first.epoch, since }).opened();
  const resumed = await back.next();
  t.match(resumed, { type: 'live.resumed', epoch: first.epoch });
  const events = (await drain(back)).filter((message): message is LiveEvent => 'revision' in message);
  t.strictSame(events.map((event) => event.revision), events.map((_, i) => since + 1 + i), 'no gap, nothing twice');
  t.strictSame(visitEvents(events).map((event) => event.type), ['visit.opened', 'visit.opened', 'visit.updated', 'visit.closed']);
  const last = events.at(-1)!.revision;
  const next = await arrive('之后');
  const live = await back.nextOf('visit.opened');
  t.equal(live.data.visit.visitId, next.visitId);
  t.ok(live.revision > last, 'and then goes on');

  const nothingMissed = await box.owner.live({ epoch: first.epoch, since: live.revision }).opened();
  t.equal((await nothingMissed.next()).type, 'live.resumed');
  t.strictSame(visitEvents(await drain(nothingMissed)), []);
  back.close();
  nothingMissed.close();
});

t.test('live: what cannot be resumed gets a snapshot of how it is', async (t) => {
  const { live, epoch, revision } = await connect();
  live.close();
  const inStore = await arrive('在店');
  for (const [name, path] of [
    ['another epoch', `&epoch=0b6a8a1e-0000-4000-8000-000000000000&since=${revision}`], ['from the future', `&epoch=${epoch}&since=${revision + 9_999}`],
    ['no number', `&epoch=${epoch}&since=-1`], ['not a number', `&epoch=${epoch}&since=1e3`], ['no epoch', `&since=${revision}`],
  ] as const) {
    const socket = box.owner.open<LiveMessage>(`/api/v1/live?v=1${path}`);
    const snapshot = await socket.next();
    t.equal(snapshot.type, 'live.snapshot', name);
    if (snapshot.type === 'live.snapshot') t.equal(snapshot.data.visits[0]?.visitId, inStore.visitId, 'newest first');
    socket.close();
  }
});

t.test('live: a customer who changes is told to the pages while in the store', async (t) => {
  const card = await arrive('换名');
  const { live } = await connect();
  await box.owner.call('PATCH', `/customers/${card.customerId}`, { tier: '银卡', facts: ['一', '二'] });
  t.match((await live.nextOf('visit.updated')).data.visit, { visitId: card.visitId, displayName: '换名', tier: '银卡', facts: [{ value: { text: '一' } }, { value: { text: '二' } }] });
  await box.owner.call('POST', `/customers/${card.customerId}/follow-ups`, { text: '送修', dueOn: '2030-01-02' });
  t.match((await live.nextOf('visit.updated')).data.visit.openFollowUp, { text: '送修', dueOn: '2030-01-02' });
  live.close();
});

t.test('live: one piece of work changes a card once, and events follow each other without a gap', async (t) => {
  const card = await arrive('买一件');
  const { live } = await connect();
  await box.owner.call('POST', `/customers/${card.customerId}/purchases`, { text: '表带', amountMinor: 100 }); // marks a stage, and lists the purchase
  const first = await live.nextOf('visit.updated');
  await box.owner.call('POST', `/visits/${card.visitId}/close`);
  const closed = await live.nextOf('visit.closed');
  t.strictSame([first.data.visit.visitId, closed.data.visitId], [card.visitId, card.visitId]);
  t.equal(closed.revision, first.revision + 1);
  live.close();
});

/** Sends until the box has closed the socket, or `most` messages have gone; reads nothing of what comes back. */
async function floodWithoutReading(reader: SocketReader<unknown>, message: string, most: number): Promise<void> {
  reader.socket.pause();
  for (let sent = 0; sent < most; sent += 1) {
    if (reader.socket.readyState !== reader.socket.OPEN) return;
    reader.socket.send(message);
    const full = () => reader.socket.readyState === reader.socket.OPEN && reader.socket.bufferedAmount > 100_000;
    if (sent % 1_000 === 999) while (full()) await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
}

t.test('live: a page that does not read is closed, the others go on', { timeout: 60_000 }, async (t) => {
  const slow = (await connect()).live;
  const { live } = await connect();
  await floodWithoutReading(slow, '{', 150_000);
  const card = await arrive('照常');
  t.equal((await live.nextOf('visit.opened')).data.visit.visitId, card.visitId, 'the others are told');
  slow.socket.resume();
  const code = await closedSoon(slow);
  t.ok(code === 4408 || code === 1006, `closed with ${code}`);
  live.close();
});

t.test('camera: one that does not read is closed, too', { timeout: 60_000 }, async (t) => {
  const slow = await box.owner.camera('look_up').opened();
  await slow.nextOf('camera.ready');
  await floodWithoutReading(slow, '{', 150_000);
  slow.socket.resume();
  const code = await closedSoon(slow);
  t.ok(code !== null && code !== 1000, `closed with ${code}`);
});

t.test('camera: what is not a frame is answered by its own code, and the connection lives', async (t) => {
  const camera = await box.owner.camera('look_up').opened();
  t.match(await camera.next(), { v: 1, type: 'camera.ready', data: { mode: 'look_up', credits: 2, maxBytes: 4_000_000, maxPixels: 25_000_000 } });
  camera.socket.send('{');
  t.match(await camera.next(), { type: 'error', code: 'malformed_json' });
  camera.socket.send('{"v":1,"type":"camera.start"}');
  t.match(await camera.next(), { type: 'error', code: 'unknown_message' });

  const good = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
  const cases: [name: string, bytes: Buffer, code: string][] = [
    ['0 bytes', Buffer.alloc(0), 'image_empty'],
    ['text', Buffer.from('GET / HTTP/1.1'), 'image_unreadable'],
    ['noise', Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 251)), 'image_unreadable'],
    ['truncated', good.subarray(0, good.length / 2), 'image_truncated'],
    ['one byte too large', Buffer.concat([good, Buffer.alloc(4_000_001 - good.length)]), 'image_too_many_bytes'],
    ['7 MB', Buffer.alloc(7_000_000, 0xff), 'image_too_many_bytes'],
    ['100 MP', bomb(), 'image_too_many_pixels'],
    ['animated', await animation(), 'image_animated'],
    ['16 pixels', await sharp({ create: { width: 16, height: 16, channels: 3, background: '#888' } }).jpeg().toBuffer(), 'image_too_small'],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>'), 'image_unreadable'],
  ];
  for (const [index, [name, bytes, code]] of cases.entries()) {
    const answer = await answerTo(camera, bytes);
    t.match(answer, { v: 1, type: 'camera.refused', data: { frame: index + 1, credits: 2, dropped: 0, error: { code } } }, name);
    t.notMatch(JSON.stringify(answer), /vips|node_modules|\.js/i, `${name}: no internals`);
  }
  t.equal((await look(camera, good)).faces.length, 1, 'a good frame after all that');
  camera.close();
});

t.test('camera: unusual but good pictures are read', async (t) => {
  const camera = await box.owner.camera('look_up').opened();
  const picture = await portrait('P18');
  const plain = sharp(await scene({ picture, x: 640, y: 360, height: 420 }));
  const cases: [name: string, bytes: Buffer][] = [
    ['CMYK', await plain.clone().toColourspace('cmyk').jpeg().toBuffer()],
    ['grey', await plain.clone().greyscale().toColourspace('b-w').jpeg().toBuffer()],
    ['16 bit', await plain.clone().toColourspace('rgb16').png().toBuffer()],
    ['transparent', await sharp(picture).ensureAlpha(0.99).png().toBuffer()],
    ['WebP', await plain.clone().webp().toBuffer()],
    ['4 MB exactly', Buffer.concat([await plain.clone().jpeg().toBuffer(), Buffer.alloc(4_000_000)]).subarray(0, 4_000_000)],
  ];
  for (const [name, bytes] of cases) {
    const { faces } = await look(camera, bytes);
    t.equal(faces.length, 1, name);
  }
  // Turned by 90 degrees in the file, upright by its EXIF orientation.
  const upright = await look(camera, await plain.clone().jpeg().toBuffer());
  const turned = await look(camera, await sharp(await plain.clone().rotate(-90).toBuffer()).withMetadata({ orientation: 6 }).jpeg().toBuffer());
  t.strictSame([turned.width, turned.height], [1280, 720]);
  t.equal(turned.faces.length, 1);
  for (const side of ['x', 'y', 'width', 'height'] as const) {
    t.ok(Math.abs(turned.faces[0]!.box[side] - upright.faces[0]!.box[side]) < 20, `${side}: pixels of the upright frame`);
  }
  camera.close();
});

t.test('camera: an answer has no vector and no picture in it', async (t) => {
  const camera = await box.owner.camera('look_up').opened();
  const result = await look(camera, await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 }));
  t.strictSame(Object.keys(result).sort(), ['analyseMs', 'credits', 'dropped', 'faces', 'frame', 'height', 'tookMs', 'width']);
  t.strictSame(Object.keys(result.faces[0]!).sort(), ['box', 'decision', 'greeting', 'margin', 'person', 'score', 'sightingId', 'trackId']);
  t.ok(JSON.stringify(result).length < 1_000);
  camera.close();
});

t.test('camera: a message beyond all measure ends the connection, and only that one', async (t) => {
  const camera = await box.owner.camera('look_up').opened();
  const other = await box.owner.camera('look_up').opened();
  camera.socket.send(Buffer.alloc(8_000_001));
  t.equal(await closedSoon(camera), 1009);
  t.equal((await look(other, await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 }))).faces.length, 1);
  other.close();
});

t.test('camera: texts are counted like frames without credit, and a large one ends the connection', async (t) => {
  const large = await box.owner.camera('look_up').opened();
  await large.nextOf('camera.ready');
  large.socket.send(`{"v":1,"type":"${'x'.repeat(70_000)}"}`);
  t.equal((await large.nextOf('error')).code, 'body_too_large');
  t.equal(await closedSoon(large), 4429);
  const many = await box.owner.camera('look_up').opened();
  await many.nextOf('camera.ready');
  for (let i = 0; i < 50; i += 1) many.socket.send('{"v":1}');
  const codes: string[] = [];
  for (;;) {
    const message = await many.next().catch(() => null);
    if (message === null) break;
    if (message.type === 'error') codes.push(message.code);
  }
  t.strictSame(codes, [...Array.from({ length: 50 }, () => 'unknown_message'), 'camera_flood']);
  t.equal(await closedSoon(many), 4429);
});

/** Something in every object that no schema has a place for. */
function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== 'object' || value === null) return value;
  return { ...Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withMore(each)])), embedding: [0.1], phone: '13800001111' };
}

t.test('C19: what goes out on both sockets is cut down to the contract', async (t) => {
  const sent: (LiveMessage | CameraMessage)[] = [];
  const { live } = await connect();
  const camera = await box.owner.camera('look_up').opened();
  for (const reader of [live, camera]) reader.socket.on('message', (data: Buffer) => sent.push(JSON.parse(data.toString()) as LiveMessage));
  const card = await arrive('剪裁');
  await box.owner.call('POST', `/visits/${card.visitId}/serve`);
  await box.owner.call('POST', `/visits/${card.visitId}/close`);
  camera.socket.send('{');
  await camera.nextOf('error');
  await look(camera, await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 }));
  await answerTo(camera, Buffer.from('no picture'));
  await drain(live);
  const snapshot = await box.owner.live().next();
  const resumed = await box.owner.live({ epoch: snapshot.type === 'live.snapshot' ? snapshot.epoch : '', since: snapshot.type === 'live.snapshot' ? snapshot.revision : 0 }).next();
  sent.push(snapshot, resumed);
  live.close();
  camera.close();
  for (const type of ['live.snapshot', 'live.resumed', 'live.pong', 'visit.opened', 'visit.updated', 'visit.closed', 'camera.result', 'camera.refused', 'error']) {
    t.ok(sent.some((message) => message.type === type), type);
  }
  const schemas = { ...LIVE_MESSAGES, ...CAMERA_MESSAGES };
  for (const message of sent) {
    t.ok(Check(schemas[message.type], message), `${message.type}: ${JSON.stringify(message).slice(0, 200)}`);
    const more = withMore(message) as LiveMessage;
    if (message.type === 'error') delete (more as { details?: unknown }).details; // a list of anything single
    else t.strictSame(JSON.parse(encode(more)), message, message.type);
    t.notMatch(encode(more), /embedding|13800001111/);
  }
});

t.test('camera: frames without credit are dropped and counted; who goes on is closed', async (t) => {
  const countsBefore = await box.owner.call<{ framesSeen: number; framesDropped: number }>('GET', '/health');
  const camera: Camera = await box.owner.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });

  for (let i = 0; i < 12; i += 1) camera.socket.send(frame);
  const answered = new Map<number, string>();
  let dropped = 0;
  while (answered.size < 12) {
    const message = await camera.next();
    if (message.type !== 'camera.dropped' && message.type !== 'camera.result') { t.fail(message.type); return; }
    t.notOk(answered.has(message.data.frame), `frame ${message.data.frame} is answered once`);
    answered.set(message.data.frame, message.type);
    if (message.type === 'camera.dropped') dropped += 1;
    t.ok(message.data.dropped >= dropped, 'counted');
  }
  t.ok(dropped >= 1 && dropped <= 10, `${dropped} of 12 dropped`);
  t.equal(answered.get(1), 'camera.result', 'the first is looked at');
  t.equal(answered.get(12), 'camera.result', 'and the newest');
  const counts = await box.owner.call<{ framesSeen: number; framesDropped: number; cameras: number }>('GET', '/health');
  t.equal(counts.framesSeen - countsBefore.framesSeen, 12);
  t.equal(counts.framesDropped - countsBefore.framesDropped, dropped);

  for (let i = 0; i < 120; i += 1) camera.socket.send(frame);
  t.equal((await camera.nextOf('error')).code, 'camera_flood');
  t.equal(await closedSoon(camera), 4429);
  const after = await box.owner.call<{ cameras: number }>('GET', '/health');
  t.equal(after.cameras, counts.cameras - 1);
  const again = await box.owner.camera('look_up').opened();
  t.equal((await look(again, frame)).faces.length, 1, 'and may come back');
  again.close();
});

t.test('camera: no more cameras than the box can hold', async (t) => {
  const cameras: Camera[] = [];
  let refused: Camera | null = null;
  const another = box.stranger(); // one device may not have them all
  await another.pair((await box.owner.makePairingCode()).code, 'iPad 2');
  await another.signIn(box.ownerId, OWNER_PIN);
  while (refused === null && cameras.length <= 32) {
    const camera = (cameras.length < 16 ? box.owner : another).camera('front_desk');
    const first = await camera.next();
    if (first.type === 'camera.ready') cameras.push(camera);
    else {
      t.match(first, { type: 'error', code: 'cameras_too_many' });
      refused = camera;
    }
  }
  t.ok(refused !== null, `refused after ${cameras.length}`);
  t.equal(await closedSoon(refused!), 4408);
  t.equal((await box.owner.call<{ cameras: number }>('GET', '/health')).cameras, 32);
  cameras[0]!.close();
  await cameras[0]!.closed;
  let admitted: CameraMessage;
  do {
    const camera = another.camera('front_desk'); // until the box has noticed that one is gone
    admitted = await camera.next();
    cameras.push(camera);
  } while (admitted.type === 'error');
  t.equal(admitted.type, 'camera.ready');
  for (const camera of cameras) camera.close();
});

t.test('the box says goodbye when it stops', async (t) => {
  const { live } = await connect();
  const camera = await box.owner.camera('look_up').opened();
  await box.stop();
  t.equal(await live.closed, 1001);
  t.equal(await camera.closed, 1001);
});
