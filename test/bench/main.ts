/**
 * How long from a frame to the card: `npm run --silent bench -- [--json] [--frames N]`. A real box (models, encrypted
 * file, TLS sockets) with one customer enrolled; the floor is the sum of raw `session.run` times on the same frame.
 * Runs are interleaved, because this kind of machine is noisy: compare ratios of one run, not times of two.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { loadConfig } from '../../appliance/config/index.js';
import type { StaffMember } from '../../appliance/contract/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { startAppliance } from '../../appliance/main.js';
import { createVision } from '../../appliance/vision/index.js';
import { PorticoClient } from '../../demo/client.js';

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false }, frames: { type: 'string', default: '100' } } });
const frames = Number(options.frames);
if (!Number.isInteger(frames) || frames < 10) {
  console.error('--frames takes a whole number from 10');
  process.exit(2);
}
const WARM_UP = 10;

/** A 1280x720 JPEG of quality 80 with one face about 250 px high: a part of a sample photo. */
async function oneFaceFrame(): Promise<Buffer> {
  const photo = await readFile(createRequire(import.meta.url).resolve('@vladmandic/face-api/demo/sample3.jpg'));
  return sharp(photo).extract({ left: 0, top: 200, width: 1060, height: 596 }).resize(1280, 720).jpeg({ quality: 80 }).toBuffer();
}

/** The value that a share of the sorted samples does not exceed (nearest rank). */
function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return Number(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!.toFixed(2));
}

const directory = mkdtempSync(join(tmpdir(), 'portico-bench-'));
const config = loadConfig({ PORTICO_DATA_DIR: directory, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '0', PORTICO_LOG_LEVEL: 'silent' });
// A visit that was closed by hand is not reopened by a face for two minutes: between runs the clock moves on.
let movedMs = 0;
const appliance = await startAppliance(config, { log: createLogger('silent'), clock: { now: () => Date.now() + movedMs } });
const vision = createVision({ modelsDir: config.modelsDirectory, workers: 1 });
const client = new PorticoClient(appliance.urls[0]!, appliance.rootPem);
try {
  const frame = await oneFaceFrame();
  await vision.start();
  await client.pair(appliance.ownerCode!, 'bench');
  const owner: StaffMember = await client.makeOwner('bench', '271828');
  await client.signIn(owner.id, '271828');
  const { id } = await client.createCustomer({ displayName: 'bench' });
  await client.giveConsent(id);
  await client.enrol(id, [frame]);

  const live = client.live();
  await live.nextOf('live.snapshot');
  const camera = client.camera('look_up');
  await camera.nextOf('camera.ready');

  const frameToEvent: number[] = [];
  const frameAlone: number[] = [];
  const models: number[] = [];
  for (let i = -WARM_UP; i < frames; i++) {
    const sentAt = performance.now();
    camera.socket.send(frame);
    const { data } = await live.nextOf('visit.opened');
    const eventMs = performance.now() - sentAt;
    await camera.nextOf('camera.result');
    await client.call('POST', `/visits/${data.visit.visitId}/close`);
    await live.nextOf('visit.closed');
    movedMs += 121_000;

    const { timings, faces } = await vision.analyse(frame);
    if (faces.length !== 1) throw new Error(`the frame has ${faces.length} faces, not one`);
    if (i < 0) continue;
    frameToEvent.push(eventMs);
    frameAlone.push(timings.totalMs);
    models.push(timings.modelsMs);
  }
  const result = {
    frames,
    frame_to_event_ms: { p50: percentile(frameToEvent, 0.5), p95: percentile(frameToEvent, 0.95) },
    frame_ms: { p50: percentile(frameAlone, 0.5), p95: percentile(frameAlone, 0.95) },
    models_ms: { p50: percentile(models, 0.5), p95: percentile(models, 0.95) },
    event_over_floor: Number((percentile(frameToEvent, 0.5) / percentile(models, 0.5)).toFixed(2)),
    node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length,
  };
  if (!options.json) {
    console.log(`Frame to event on a socket:  p50 ${result.frame_to_event_ms.p50} ms, p95 ${result.frame_to_event_ms.p95} ms`);
    console.log(`Picture to faces alone:      p50 ${result.frame_ms.p50} ms, p95 ${result.frame_ms.p95} ms`);
    console.log(`Floor, the models' own time: p50 ${result.models_ms.p50} ms, p95 ${result.models_ms.p95} ms`);
  }
  console.log(JSON.stringify(result));
  camera.close();
  live.close();
} finally {
  client.close();
  await vision.stop();
  await appliance.stop();
  rmSync(directory, { recursive: true, force: true });
}
