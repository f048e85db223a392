/** Both sockets with what no page would send. FUZZ_SEED=n repeats a run. */
import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import type { CameraMessage, LiveMessage } from '../../appliance/contract/index.js';
import type { SocketReader } from '../../demo/client.js';
import { portrait, scene } from '../support/scene.js';
import { closedSoon, drain, lookAtOne } from '../support/sockets.js';
import { SEED, startBoxProcess } from './child.js';

/** All of them in `.ci/run`. */
const SEQUENCES = process.env['TEST_FULL'] === undefined ? 40 : 120;
const HEAP_GROWTH_MAX_BYTES = 24_000_000;
/** Compressed pictures and their pixels lie outside the heap; a worker keeps the buffers of the largest. */
const EXTERNAL_GROWTH_MAX_BYTES = 64_000_000;

const box = await startBoxProcess(t);
const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });

const message = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }), fc.json({ maxDepth: 4 }), fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom<string | Buffer>(
    '', '{', '[]', 'null', '{"v":1}', '{"v":1,"type":"live.ping"}', '{"v":1,"type":"live.ping","__proto__":{}}', '{"v":"1","type":"live.ping"}', '{"type":"constructor","v":1}',
    `{"v":1,"type":${'['.repeat(20_000)}`, `{"v":1,"type":"${'x'.repeat(60_000)}"}`, `"${'\ud800'}"`, Buffer.alloc(0), Buffer.alloc(70_000, 0xff), Buffer.from('GIF89a'), Buffer.from('\x89PNG\r\n\x1a\n'), Buffer.from('RIFF....WEBPVP8 '),
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), Buffer.from('<svg/>'),
  ),
  // A real picture, cut or with some bytes changed.
  fc.tuple(fc.nat(frame.length), fc.array(fc.tuple(fc.nat(frame.length - 1), fc.nat(255)), { maxLength: 6 })).map(([length, changes]) => {
    const copy = Buffer.from(frame);
    for (const [at, value] of changes) copy[at] = value;
    return copy.subarray(0, length);
  }),
);
const sequence = fc.record({ kind: fc.constantFrom('live', 'look_up', 'front_desk'), messages: fc.array(message, { minLength: 1, maxLength: 12 }), end: fc.constantFrom('close', 'cut', 'stay') });

t.test(`messages of every kind, seed ${SEED}`, { timeout: 120_000 }, async (t) => {
  const known = new Set(['camera.ready', 'camera.result', 'camera.dropped', 'camera.refused', 'error', 'live.snapshot', 'live.pong', 'box.health']);
  let before = await box.memory();
  let answers = 0;
  const sequences = fc.sample(sequence, { numRuns: SEQUENCES, seed: SEED });
  for (const [index, { kind, messages, end }] of sequences.entries()) {
    if (index === 30) before = await box.memory();
    const reader = (kind === 'live' ? box.owner.live() : box.owner.camera(kind as 'look_up')) as SocketReader<LiveMessage | CameraMessage>;
    await reader.opened();
    reader.socket.on('message', (data: Buffer) => {
      answers += 1;
      const { type, ...more } = JSON.parse(data.toString()) as { type: string };
      if (!known.has(type) || /node_modules|\.js:|vips|SQLITE|"internal"/.test(JSON.stringify(more))) t.fail(`${kind}: ${data.toString().slice(0, 300)}`);
    });
    for (const each of messages) reader.socket.send(each);
    if (end === 'cut') reader.socket.terminate();
    else {
      if (kind === 'live' && end === 'stay') await Promise.race([drain(reader as SocketReader<LiveMessage>).catch(() => undefined), reader.closed]);
      reader.close();
      await reader.closed;
    }
    if (box.ended() !== null) throw new Error(`the box died in sequence ${index}: ${box.ended()}`);
  }
  const after = await box.memory();
  t.comment(`${answers} answers; heap ${before.heapUsed} to ${after.heapUsed}, outside ${before.external} to ${after.external}`);
  t.ok(answers > SEQUENCES, `${answers} answers`);
  t.equal(after.internal, 0, `no failure of its own in the log: ${box.complaints()}`);
  t.ok(after.heapUsed - before.heapUsed < HEAP_GROWTH_MAX_BYTES, `${after.heapUsed - before.heapUsed} bytes more in use`);
  t.ok(after.external - before.external < EXTERNAL_GROWTH_MAX_BYTES, `${after.external - before.external} bytes more outside the heap`);
});

t.test('frames that are none, and connections that stay half open', { timeout: 60_000 }, async (t) => {
  const broken: Record<string, Buffer> = {
    'not masked': Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 'reserved bits': Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), 'an unknown opcode': Buffer.from([0x83, 0x80, 0, 0, 0, 0]),
    'a control frame too long': Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0]), 'a control frame in parts': Buffer.from([0x09, 0x80, 0, 0, 0, 0]), 'a continuation of nothing': Buffer.from([0x80, 0x80, 0, 0, 0, 0]),
    'nine exabytes': Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), 'beyond the limit': Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]),
    'text that is no UTF-8': Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]), 'an impossible close code': Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe7]), 'noise': randomBytes(4_000),
    'a message that never ends': Buffer.from([0x02, 0x84, 0, 0, 0, 0, 1, 2, 3, 4]),
  };
  const halfOpen: SocketReader<unknown>[] = [];
  for (const kind of ['live', 'camera'] as const) {
    for (const [name, bytes] of Object.entries(broken)) {
      const reader = (kind === 'live' ? box.owner.live() : box.owner.camera('look_up')) as SocketReader<LiveMessage | CameraMessage>;
      t.match((await reader.next()).type, /^(live\.snapshot|camera\.ready)$/, 'admitted');
      // Past the library, which would not send such a thing.
      (reader.socket as unknown as { _socket: TLSSocket })._socket.write(bytes);
      if (name === 'a message that never ends') halfOpen.push(reader);
      else t.type(await closedSoon(reader), 'number', `${kind}: ${name} ends the connection`);
      t.equal(box.ended(), null, `${kind}: ${name}`);
    }
  }
  for (const reader of halfOpen) reader.socket.terminate();
  t.equal((await box.memory()).internal, 0, box.complaints());
});

t.test('the box still works', async (t) => {
  const camera = await box.owner.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  t.match(await lookAtOne(camera, frame), { decision: 'unknown' });
  const live = await box.owner.live().opened();
  t.equal((await live.next()).type, 'live.snapshot');
  camera.close();
  live.close();
});
