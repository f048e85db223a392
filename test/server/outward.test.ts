/** Nothing biometric leaves the box: all that it sends and writes through a day is looked through for templates and pictures. */
import { request } from 'node:http';
import { basename } from 'node:path';
import tls from 'node:tls';
import { deflateSync } from 'node:zlib';
import t from 'tap';
import { findFreePort } from '../../demo/freePort.js';
import { defaultModelsDir } from '../../models/manifest.js';
import type { StaffMember } from '../../appliance/contract/index.js';
import type { Embedding } from '../../appliance/kit/index.js';
import { createVision } from '../../appliance/vision/index.js';
import { addAssociate, startBox, TestClock } from '../support/box.js';
import { decryptedPages, filesBelow } from '../support/disk.js';
import { leaksIn, type Secrets } from '../support/leaks.js';
import { emptyScene, portrait, scene } from '../support/scene.js';
import { drain, look } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** All that comes out of the box, in clear: every connection of this process leads to it. */
const received: Buffer[] = [];
const connect = tls.connect;
t.teardown(() => { tls.connect = connect; });
tls.connect = ((...args: Parameters<typeof connect>) => {
  const socket = connect(...args);
  const push = socket.push.bind(socket);
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk !== null) received.push(Buffer.from(chunk));
    return push(chunk, encoding);
  };
  return socket;
}) as typeof connect;

const trustPort = await findFreePort(0);
const clock = new TestClock();
const box = await startBox(t, { clock, settings: { PORTICO_TRUST_PORT: String(trustPort) } });

const officer = box.stranger();
await officer.pair((await box.owner.makePairingCode()).code, '办公室');
await officer.signIn((await box.owner.call<StaffMember>('POST', '/staff', { name: '沈专员', role: 'privacy_officer', pin: '864202' })).id, '864202');

/** What the box is shown, and what it must make of it. */
const photo = await portrait('P08');
const frames = [await scene({ picture: photo, x: 640, y: 360, height: 420 }), await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 })];
const secrets: Secrets = { photos: [photo, ...frames], embeddings: await embeddingsOf([photo, ...frames]) };

async function embeddingsOf(pictures: readonly Buffer[]): Promise<Embedding[]> {
  const vision = createVision({ modelsDir: defaultModelsDir(), workers: 1 });
  await vision.start();
  const faces = (await Promise.all(pictures.map((picture) => vision.analyse(picture)))).flatMap((analysis) => analysis.faces);
  await vision.stop();
  return faces.map((face) => face.embedding);
}

const plain = (path: string) => new Promise<Buffer>((resolve, reject) => {
  request({ host: '127.0.0.1', port: trustPort, path }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
  }).on('error', reject).end();
});

t.test('C19: the search finds what is planted, in every form', async (t) => {
  const [embedding] = secrets.embeddings;
  const values = embedding!.values();
  const bytes = Buffer.from(values.buffer);
  const around = (planted: Buffer | string) => Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n{"id":"'), Buffer.from(planted), Buffer.from('"}')]);
  const turned = new Float32Array(values).reverse().map((value, i) => (i % 3 === 0 ? -value : value));
  const planted: Record<string, Buffer> = {
    bytes: around(bytes), half: around(bytes.subarray(512, 1_024)), turned: around(Buffer.from(turned.buffer)), doubles: around(Buffer.from(Float64Array.from(turned).buffer)),
    base64: around(bytes.toString('base64')), base64url: around(`x${bytes.toString('base64url')}`), hex: around(bytes.toString('hex')), json: around(JSON.stringify([...turned])),
    object: around(JSON.stringify(turned)), quantised: around(Buffer.from(Int8Array.from(values, (value) => Math.round(value * 127)).buffer)),
    signs: around(Buffer.from(Array.from({ length: 64 }, (_, i) => [...values.slice(8 * i, 8 * i + 8)].reduce((code, value, bit) => code | (value > 0 ? 1 << bit : 0), 0)))),
    photo: around(frames[0]!), part: around(frames[0]!.subarray(9_000, 14_000)), photo64: around(frames[0]!.toString('base64')), png: around(photo.subarray(0, 100)),
    packed: Buffer.concat([Buffer.from('%PDF-1.7 stream\n'), deflateSync(Buffer.from(`the face: ${bytes.toString('base64')}`))]),
  };
  for (const [name, found] of Object.entries(planted)) t.ok(leaksIn(found, secrets).length > 0, `${name}: ${leaksIn(found, secrets).join()}`);
  t.strictSame(leaksIn(around('nothing'), secrets), []);
});

t.test('C19: no template and no picture in any answer, log line or file, through enrolment, recognition and withdrawal', { timeout: 60_000 }, async (t) => {
  const id = await enrolPerson(box, 'P08', { displayName: '林晓梅', phone: '13912345678', photos: [photo], purposes: ['recognise', 'greet'] });
  const { device } = await addAssociate(box, '小陈');
  const live = await device.live().opened();
  for (const mode of ['look_up', 'front_desk'] as const) {
    const camera = await box.owner.camera(mode).opened();
    for (const frame of [frames[0]!, frames[0]!, frames[1]!, frames[1]!, await emptyScene()]) await look(camera, frame);
    camera.socket.send(frames[0]!.subarray(0, 5_000)); // and one that is refused
    await camera.nextOf('camera.refused');
    camera.close();
    clock.move(4_000);
  }
  t.ok((await drain(live)).some((message) => message.type === 'visit.opened'), 'somebody was recognised');
  await everythingThatCanBeRead(id);
  const onDisk = readDisk();
  await box.owner.call('POST', `/customers/${id}/consents/withdraw`);
  await everythingThatCanBeRead(id);
  for (const path of ['/trust', '/trust/portico.mobileconfig', '/', '/nothing']) received.push(await plain(path));

  const traffic = Buffer.concat(received);
  t.ok(traffic.includes('林晓梅') && traffic.includes('camera.result') && traffic.includes('visit.opened'), 'the capture holds what was said');
  t.ok(traffic.length > 50_000, `${traffic.length} bytes captured`);
  t.strictSame(leaksIn(traffic, secrets), [], 'traffic');
  t.strictSame(leaksIn(Buffer.from(box.logged()), secrets), [], 'log');

  for (const files of [onDisk, readDisk()]) {
    t.ok(files.some(({ path }) => path.endsWith('.db')));
    for (const { path, bytes } of files) {
      t.strictSame(leaksIn(bytes, secrets, { noise: true }), [], `file ${basename(path)}`);
      t.notMatch(bytes.toString('latin1'), /BEGIN (?:[A-Z]+ )?PRIVATE KEY(?<!ENCRYPTED PRIVATE KEY)/, `${basename(path)}: no private key in clear`);
      // Whoever takes the disk without the key has no name and no number either.
      for (const word of ['林晓梅', '13912345678', '小陈']) t.notOk(bytes.includes(word), `${basename(path)}: ${word}`);
    }
  }
});

t.test('C13: the photo of an enrolment is nowhere on the disk, not even for whoever has the key', async (t) => {
  const id = await enrolPerson(box, 'P08', { photos: [photo] });
  const pages = Buffer.concat(decryptedPages(box.dataDirectory));
  t.ok(pages.includes(id), 'the pages are read in clear');
  t.strictSame(leaksIn(pages, { photos: secrets.photos, embeddings: [] }, { noise: true }).filter((leak) => /photo|picture/.test(leak)), []);
});

/** Every GET of the documented interface, as a manager and as the privacy officer: between them they may read all there is. */
async function everythingThatCanBeRead(customerId: string): Promise<void> {
  const { body } = await box.owner.send<{ paths: Record<string, Record<string, unknown>> }>('GET', '/api/openapi.json');
  for (const [path, methods] of Object.entries(body.paths)) {
    if ('get' in methods) for (const device of [box.owner, officer]) await device.send('GET', path.replace(/\{\w+\}/g, customerId));
  }
}

/** The files of the data folder, the key aside. */
const readDisk = () => filesBelow(box.dataDirectory).filter(({ path }) => basename(path) !== 'db-key');
