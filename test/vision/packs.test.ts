/** What may be a model pack, and what the room does with one that is not the built-in. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { createVision } from '../../appliance/vision/index.js';
import { Pipeline } from '../../appliance/vision/pipeline.js';
import { fivePointYaw } from '../../appliance/vision/pose.js';
import { defaultModelsDir, loadManifest, modelPackOf, type ModelManifest } from '../../models/manifest.js';
import { readModels, sha256Of } from '../../models/verify.js';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';
import { failure } from '../support/failures.js';
import { tinyEmbedder } from '../support/onnx.js';
import { ownManifest, packFolder, useEmbedder } from '../support/packs.js';

const options = { maxFaces: 8, tiles: false };
type Change = (manifest: ModelManifest) => unknown;

t.test('a manifest that does not fit together is refused, and says where', async (t) => {
  const cases: [what: string, change: Change, code: string, found: RegExp | null][] = [
    ['no licence', (m) => delete (m.source as { licence?: string }).licence, 'model_licence_missing', null],
    ['a blank licence', (m) => (m.source.licence = '  '), 'model_licence_missing', null],
    ['an unknown detector', (m) => ((m.models[0] as { kind: string }).kind = 'yolo'), 'model_corrupt', /models\/0/],
    ['UltraFace without landmarks', (m) => m.models.splice(1, 1), 'model_corrupt', /0/],
    ['eyes without landmarks', (m) => { (m.models[0] as { kind: string }).kind = 'yunet'; m.models.splice(1, 1); }, 'model_corrupt', /1 beside 0/],
    ['eyes of another size', (m) => (m.models[3]!.input.shape = [1, 1, 32, 32]), 'model_corrupt', /32/],
    ['two embedders', (m) => (m.models[1] = { ...m.models[2]!, file: 'b.onnx' }), 'model_corrupt', /2/],
    ['one file twice', (m) => (m.models[1]!.file = m.models[0]!.file), 'model_corrupt', /fr_detect/],
    ['a path instead of a name', (m) => (m.models[0]!.file = '../x.onnx'), 'model_corrupt', /models\/0\/file/],
    ['an embedding that is too long', (m) => (m.models[2]!.outputs[0]!.shape = [1, 1024]), 'model_corrupt', /1024/],
    ['another face size', (m) => (m.models[2]!.input.shape = [1, 3, 160, 160]), 'model_corrupt', /160/],
    ['YuNet of another size', (m) => ((m.models[0] as { kind: string }).kind = 'yunet'), 'model_corrupt', /scores/],
    ['gates upside down', (m) => (m.gates = { usable: 3, decide: 2, enrol: 4 }), 'model_corrupt', /3, 2, 4/],
    ['a threshold that falls', (m) => (m.calibration!.table[0]!.cosine = [0.5, 0.4, 0.45, 0.6]), 'model_corrupt', /0.5, 0.4/],
    ['a row too short', (m) => (m.calibration!.table[1]!.cosine = [0.5]), 'model_corrupt', /1/],
    ['rows out of order', (m) => m.calibration!.table.reverse(), 'model_corrupt', /300/],
    ['something extra', (m) => ((m as { extra?: number }).extra = 1), 'model_corrupt', /./],
  ];
  for (const [what, change, code, found] of cases) {
    const manifest = await ownManifest();
    change(manifest);
    const path = join(t.testdir({}), 'manifest.json');
    await writeFile(path, JSON.stringify(manifest));
    const error = await failure(loadManifest(path));
    t.equal(error.code, code, what);
    if (found !== null) t.match(String(error.details?.['found']), found, what);
  }
});

t.test('templates of two packs have two names, and the first pack keeps its own', async (t) => {
  const names = new Set<string>();
  const changes: Change[] = [
    () => undefined, (m) => (m.id = 'other'), (m) => (m.models[2]!.sha256 = 'b'.repeat(64)),
    (m) => Object.assign(m.models[2]!, { mirrored: false }), (m) => Object.assign(m.models[2]!, { channels: 'RGB' }), (m) => Object.assign(m.models[0]!, { kind: 'scrfd' }),
    (m) => (m.models[1]!.sha256 = 'b'.repeat(64)), // other landmarks align otherwise
    (m) => [m.models.splice(1, 1), Object.assign(m.models[0]!, { kind: 'yunet' })],
    (m) => [m.models.splice(1, 1), Object.assign(m.models[0]!, { kind: 'yunet', sha256: 'b'.repeat(64) })], // as do other five points
  ];
  for (const change of changes) {
    const manifest = await ownManifest();
    change(manifest);
    names.add(modelPackOf(manifest));
  }
  t.equal(names.size, changes.length);
  t.equal(modelPackOf(await loadManifest()), 'faceplugin-0.0.1+87aacdfe.r1');
});

t.test('a folder with a manifest speaks for itself', async (t) => {
  const vision = createVision({ modelsDir: await packFolder(t.testdir({}), (m) => (m.gates = null)), workers: 1 });
  t.equal((await failure((async () => vision.pack)())).code, 'vision_unavailable', 'nothing is known before the start');
  await vision.start();
  t.match(vision.modelPack, /^own-pack\+/);
  t.equal(vision.pack.gates, null);
  t.equal(vision.pack.calibration.table[0]!.people, 10);
  await vision.stop();
});

t.test('a pack without thresholds does not start', async (t) => {
  const dir = await packFolder(t.testdir({}), (m) => (m.calibration = null));
  t.equal((await failure(createVision({ modelsDir: dir, workers: 1 }).start())).code, 'model_uncalibrated');
});

/** The built-in detector and landmarks with another embedder. */
async function pipelineWith(bytes: Uint8Array, length: number): Promise<Pipeline> {
  const manifest = await ownManifest();
  const dir = t.testdir({});
  await useEmbedder(dir, manifest, bytes, length);
  const real = await readModels(defaultModelsDir(), await loadManifest());
  return Pipeline.load(manifest, { ...real, embedder: bytes });
}

t.test('a shorter embedding is followed by zeros; free dimensions fit', async (t) => {
  for (const free of [false, true]) {
    const pipeline = await pipelineWith(tinyEmbedder({ length: 128, bias: 0.1, free }), 128);
    const { faces } = await pipeline.analyse(await samplePhoto('sample1.jpg'), options);
    t.equal(faces.length, 3);
    for (const { sum } of faces) {
      t.equal(sum.length, 512);
      t.ok(sum.subarray(0, 128).some((value) => value !== 0));
      t.ok(sum.subarray(128).every((value) => value === 0));
    }
    await pipeline.release();
  }
});

t.test('NaN and other shapes are refused at the start', async (t) => {
  const broken = await failure(pipelineWith(tinyEmbedder({ length: 512, bias: NaN }), 512));
  t.equal(broken.code, 'model_corrupt');
  t.match(broken.details?.['found'], 'NaN');
  const shorter = await failure(pipelineWith(tinyEmbedder({ length: 128, bias: 1 }), 512));
  t.equal(shorter.code, 'model_corrupt');
  t.match(shorter.details?.['found'], 'fc1[1x128]');
  const free = await failure(pipelineWith(tinyEmbedder({ length: 128, bias: 1, free: true }), 512));
  t.equal(free.code, 'model_corrupt', 'free dimensions are found out when it runs');
});

t.test('a frame that gives NaN has no face, never a name', async (t) => {
  const [left, top, right, bottom] = SAMPLE_FACES['sample6.jpg']![0]!.box;
  const face = sharp(await sharp(await samplePhoto('sample6.jpg')).extract({ left: left - 90, top: top - 90, width: right - left + 180, height: bottom - top + 180 }).png().toBuffer());
  const [dark, bright] = [await face.clone().linear(0.4, 0).png().toBuffer(), await face.clone().linear(1, 60).png().toBuffer()];
  const pipeline = await pipelineWith(tinyEmbedder({ length: 512, bias: 0.3, root: true }), 512);
  t.equal((await pipeline.analyse(bright, options)).faces.length, 1);
  t.strictSame((await pipeline.analyse(dark, options)).faces, []);
  await pipeline.release();
  const real = await loadManifest();
  const builtIn = await Pipeline.load(real, await readModels(defaultModelsDir(), real));
  t.equal((await builtIn.analyse(dark, options)).faces.length, 1, 'the face is there to be found');
  await builtIn.release();
});

t.test('a file of another hash than its manifest is refused', async (t) => {
  const dir = await packFolder(t.testdir({}), (m) => (m.models[0]!.sha256 = sha256Of(Buffer.from('other'))));
  t.equal((await failure(createVision({ modelsDir: dir, workers: 1 }).start())).code, 'model_corrupt');
});

t.test('yaw from five points has the sign of the nose and no more than 60 degrees', async (t) => {
  const five = (noseX: number) => ({
    leftEye: { x: 0, y: 0 }, rightEye: { x: 40, y: 0 }, nose: { x: noseX, y: 25 }, leftMouth: { x: 5, y: 45 }, rightMouth: { x: 35, y: 45 },
  });
  t.equal(fivePointYaw(five(20)), 0);
  t.ok(fivePointYaw(five(28)) > 10 && fivePointYaw(five(28)) < 25);
  t.equal(fivePointYaw(five(12)), -fivePointYaw(five(28)));
  t.equal(fivePointYaw(five(80)), 60);
});
