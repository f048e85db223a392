import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import type { ErrorCode } from '../../appliance/contract/index.js';
import { isPorticoError, PorticoError } from '../../appliance/kit/index.js';
import { createVision, spawnWorker, type Vision } from '../../appliance/vision/index.js';
import { QUEUE_MAX, WorkerPool } from '../../appliance/vision/pool.js';
import { defaultManifestPath, defaultModelsDir, loadManifest } from '../../models/manifest.js';
import { modelOf } from '../../models/rules.js';
import { readModels } from '../../models/verify.js';
import { samplePhoto } from '../fixtures/sample-faces.js';
import { failure } from '../support/failures.js';

async function copyOfModels(t: Test): Promise<string> {
  const dir = t.testdir({});
  for (const model of (await loadManifest()).models) await copyFile(join(defaultModelsDir(), model.file), join(dir, model.file));
  return dir;
}

async function refusesToStart(t: Test, vision: Vision, code: ErrorCode): Promise<PorticoError> {
  const error = await failure(vision.start());
  t.equal(error.code, code);
  t.equal((await failure(vision.analyse(await samplePhoto('sample1.jpg')))).code, 'vision_unavailable');
  await vision.stop();
  return error;
}

t.test('before start and after stop nothing is analysed', async (t) => {
  const vision = createVision({ modelsDir: defaultModelsDir(), workers: 1 });
  t.equal((await failure(vision.analyse(await samplePhoto('sample1.jpg')))).code, 'vision_unavailable');
  await vision.start();
  t.equal(vision.modelPack, 'faceplugin-0.0.1+87aacdfe.r1', 'templates that were made before the rewrite stay in use');
  t.equal((await vision.analyse(await samplePhoto('sample1.jpg'))).faces.length, 3);
  await vision.stop();
  await vision.stop();
  t.equal((await failure(vision.analyse(await samplePhoto('sample1.jpg')))).code, 'vision_unavailable');
});

t.test('a damaged model file is refused with both hashes', async (t) => {
  const dir = await copyOfModels(t);
  const file = join(dir, 'fr_feature.onnx');
  const bytes = await readFile(file);
  bytes[1000]! ^= 1;
  await writeFile(file, bytes);
  const { details } = await refusesToStart(t, createVision({ modelsDir: dir, workers: 1 }), 'model_corrupt');
  t.equal(details?.['file'], file);
  t.equal(details?.['expected'], `sha256 ${modelOf(await loadManifest(), 'embedder').rewrite!.sha256}`);
  t.match(details?.['found'], /^sha256 [0-9a-f]{64}$/);
  t.not(details?.['found'], details?.['expected']);
});

t.test('a missing model file is refused by name', async (t) => {
  for (const file of ['fr_landmark.onnx', 'fr_eye.onnx']) {
    const dir = await copyOfModels(t);
    await rm(join(dir, file));
    const { details } = await refusesToStart(t, createVision({ modelsDir: dir, workers: 1 }), 'model_missing');
    t.equal(details?.['file'], join(dir, file));
    t.match(details?.['hint'], 'PORTICO_MODELS_DIR');
  }
});

t.test('a model that is not of the shape in the manifest is refused by the worker', async (t) => {
  const dir = t.testdir({});
  const manifest = JSON.parse(await readFile(defaultManifestPath(), 'utf8'));
  manifest.models[0].outputs[0].shape = [1, 4421, 2];
  manifest.models[0].outputs[1].shape = [1, 4421, 4];
  const manifestPath = join(dir, 'manifest.json');
  await writeFile(manifestPath, JSON.stringify(manifest));
  const vision = createVision({ modelsDir: defaultModelsDir(), manifestPath, workers: 1 });
  const { details } = await refusesToStart(t, vision, 'model_corrupt');
  t.match(details?.['expected'], '4421');
  t.match(details?.['found'], '4420');
});

t.test('a manifest that is missing, not JSON or of another form is refused', async (t) => {
  const dir = t.testdir({ 'broken.json': '{', 'other.json': '{"id":"x"}' });
  t.equal((await failure(loadManifest(join(dir, 'none.json')))).code, 'model_missing');
  t.equal((await failure(loadManifest(join(dir, 'broken.json')))).code, 'model_corrupt');
  t.equal((await failure(loadManifest(join(dir, 'other.json')))).code, 'model_corrupt');
});

t.test('errors about an image cross the thread with code and details', async (t) => {
  const vision = createVision({ modelsDir: defaultModelsDir(), workers: 1 });
  await vision.start();
  t.teardown(() => vision.stop());
  t.equal((await failure(vision.analyse(new Uint8Array(0)))).code, 'image_empty');
  t.equal((await failure(vision.analyse(new Uint8Array(4_000_001)))).code, 'image_too_many_bytes');
  t.equal((await failure(vision.analyse(Buffer.from('text')))).code, 'image_unreadable');
  const photo = await samplePhoto('sample1.jpg');
  t.equal((await failure(vision.analyse(photo.subarray(0, 5000)))).code, 'image_truncated');
  t.equal((await vision.analyse(photo)).faces.length, 3, 'and the worker goes on');
  t.ok(photo.length > 0, 'the bytes of the caller stay with the caller');
});

async function poolOf(workers: number): Promise<{ pool: WorkerPool; spawned: Worker[] }> {
  const manifest = await loadManifest();
  const models = await readModels(defaultModelsDir(), manifest);
  const spawned: Worker[] = [];
  const spawn = () => {
    const worker = spawnWorker({ manifest, models });
    spawned.push(worker);
    return worker;
  };
  const pool = new WorkerPool({ spawn, workers });
  await pool.start();
  return { pool, spawned };
}

const options = { maxFaces: 8, tiles: false };

t.test('a worker that dies loses its job, is replaced, and the queue goes on', async (t) => {
  const { pool, spawned } = await poolOf(2);
  t.teardown(() => pool.stop());
  const photo = await samplePhoto('sample1.jpg');
  const jobs = [0, 1, 2, 3].map(() => pool.run(new Uint8Array(photo), options));
  const outcomes = Promise.allSettled(jobs);
  await spawned[0]!.terminate();
  const settled = await outcomes;
  t.strictSame(settled.map(({ status }) => status), ['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  const lost = settled[0]!;
  t.ok(lost.status === 'rejected' && isPorticoError(lost.reason, 'vision_unavailable'));
  t.equal(spawned.length, 3, 'one replacement');
});

t.test('when the only worker dies what waits is refused, and work goes on with the next', async (t) => {
  const { pool, spawned } = await poolOf(1);
  t.teardown(() => pool.stop());
  const photo = await samplePhoto('sample1.jpg');
  const first = failure(pool.run(new Uint8Array(photo), options));
  await spawned[0]!.terminate();
  t.equal((await first).code, 'vision_unavailable');
  t.equal((await pool.run(new Uint8Array(photo), options)).faces.length, 3);
});

t.test('the queue is bounded, and stopping refuses what waits', async (t) => {
  const { pool } = await poolOf(1);
  const photo = await samplePhoto('sample1.jpg');
  const jobs = Array.from({ length: QUEUE_MAX + 1 }, () => pool.run(new Uint8Array(photo), options));
  const outcomes = Promise.allSettled(jobs);
  t.equal(pool.queueLength, QUEUE_MAX);
  t.equal((await failure(pool.run(new Uint8Array(photo), options))).details?.['queueMax'], QUEUE_MAX);
  await pool.stop();
  const settled = await outcomes;
  t.equal(settled.filter(({ status }) => status === 'rejected').length, QUEUE_MAX);
  t.equal(settled[0]!.status, 'fulfilled', 'what was under way is finished');
});

t.test('two frames at once do not mix', async (t) => {
  const vision = createVision({ modelsDir: defaultModelsDir(), workers: 2 });
  await vision.start();
  t.teardown(() => vision.stop());
  const names = ['sample1.jpg', 'sample5.jpg', 'sample6.jpg', 'sample2.jpg'];
  const photos = await Promise.all(names.map(samplePhoto));
  const alone: number[][] = [];
  for (const photo of photos) alone.push((await vision.analyse(photo)).faces.map(({ quality }) => quality.norm));
  const together = await Promise.all(photos.map((photo) => vision.analyse(photo)));
  t.strictSame(together.map(({ faces }) => faces.map(({ quality }) => quality.norm)), alone);
});
