/** The rewritten recogniser against the stock one: the same answers, whatever is put in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import t from 'tap';
import { align, FACE_SIZE } from '../../appliance/vision/align.js';
import { decode } from '../../appliance/vision/decode.js';
import { Detector } from '../../appliance/vision/detector.js';
import { fivePoints, LandmarkFinder } from '../../appliance/vision/landmarks.js';
import { Model } from '../../appliance/vision/ort.js';
import { AS_FETCHED } from '../../models/install.js';
import { defaultModelsDir, loadManifest, type ModelSpec } from '../../models/manifest.js';
import { modelOf } from '../../models/rules.js';
import { rewrite } from '../../models/rewrite.js';
import { readModel, sha256Of } from '../../models/verify.js';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';

const manifest = await loadManifest();
const embedder = modelOf(manifest, 'embedder');
const stockBytes = () => readFile(join(defaultModelsDir(), AS_FETCHED, embedder.file));

/** Both runs on one input. @returns largest difference over the stock answer's norm, and the cosine */
async function compare(stock: Model, rewritten: Model, input: Float32Array): Promise<{ difference: number; cosine: number }> {
  stock.input.set(input);
  rewritten.input.set(input);
  const [a] = (await stock.run()) as [Float32Array];
  const [b] = (await rewritten.run()) as [Float32Array];
  let largest = 0;
  let dot = 0;
  let aa = 0;
  let bb = 0;
  a.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value - b[i]!));
    dot += value * b[i]!;
    aa += value * value;
    bb += b[i]! * b[i]!;
  });
  return { difference: largest / Math.sqrt(aa), cosine: dot / Math.sqrt(aa * bb) };
}

t.test('the rewritten recogniser gives the answers of the stock one, on faces and on noise', async (t) => {
  const bytes = await stockBytes();
  t.equal(sha256Of(bytes), embedder.sha256, 'the stock file is the one that was fetched: npm run models');
  const stock = await Model.load(bytes, embedder);
  const rewritten = await Model.load(await readModel(defaultModelsDir(), embedder), embedder);
  const specs = { detector: modelOf(manifest, 'detector'), landmarks: modelOf(manifest, 'landmarks')! };
  const load = async (spec: ModelSpec) => Model.load(await readModel(defaultModelsDir(), spec), spec);
  const detector = new Detector(await load(specs.detector), specs.detector);
  const landmarks = new LandmarkFinder(await load(specs.landmarks));

  const inputs: Float32Array[] = [];
  for (const photo of Object.keys(SAMPLE_FACES)) {
    const image = await decode(await samplePhoto(photo));
    for (const { box } of await detector.detect(image, false)) {
      const face = new Float32Array(3 * FACE_SIZE * FACE_SIZE);
      align(image, fivePoints(await landmarks.find(image, box)), face);
      inputs.push(face.map((value) => (value - 127.5) / 128));
    }
  }
  t.equal(inputs.length, 22, 'all faces of the sample photos');
  let state = 1;
  const noise = () => (state = (state * 48271) % 2147483647) / 1073741823.5 - 1;
  for (let i = 0; i < 10; i++) inputs.push(new Float32Array(3 * FACE_SIZE * FACE_SIZE).map(noise));

  let difference = 0;
  let cosine = 1;
  for (const input of inputs) {
    const found = await compare(stock, rewritten, input);
    difference = Math.max(difference, found.difference);
    cosine = Math.min(cosine, found.cosine);
  }
  t.comment(`largest difference over the norm ${difference.toExponential(2)}, least cosine 1 - ${(1 - cosine).toExponential(2)}`);
  t.ok(difference > 0, 'two networks, not one');
  // Rounding of float32 through 50 layers.
  t.ok(difference < 1e-5, `${difference}`);
  t.ok(cosine > 0.99999, `${cosine}`);
  await Promise.all([stock.release(), rewritten.release()]);
});

t.test('the rewrite gives the same bytes every time and leaves no PRelu', async (t) => {
  const bytes = await stockBytes();
  const once = rewrite(bytes, 'prelu-as-convolutions');
  t.equal(sha256Of(once), sha256Of(rewrite(new Uint8Array(bytes), 'prelu-as-convolutions')));
  t.equal(sha256Of(once), embedder.rewrite!.sha256);
  const kinds = onnxProto.onnx.ModelProto.decode(once).graph!.node!.map((node) => node.opType);
  t.notOk(kinds.includes('PRelu'));
  t.throws(() => rewrite(once, 'prelu-as-convolutions'), { code: 'model_corrupt' }, 'nothing left to do is a mistake in the manifest');
});

t.test('a graph whose slopes are not one constant a channel is refused', async (t) => {
  const { ModelProto, TensorProto } = onnxProto.onnx;
  const build = (dims: number[]) => ModelProto.encode({
    irVersion: 7,
    opsetImport: [{ domain: '', version: 9 }],
    graph: {
      node: [{ opType: 'PRelu', input: ['x', 'slope'], output: ['y'] }],
      initializer: dims.length === 0 ? [] : [{ name: 'slope', dims, dataType: TensorProto.DataType.FLOAT, rawData: new Uint8Array(4 * dims.reduce((a, b) => a * b)) }],
    },
  }).finish();
  t.doesNotThrow(() => rewrite(build([3, 1, 1]), 'prelu-as-convolutions'));
  for (const dims of [[], [1], [3, 2, 1]]) t.throws(() => rewrite(build(dims), 'prelu-as-convolutions'), { code: 'model_corrupt' });
  t.throws(() => rewrite(Buffer.from('not a network'), 'prelu-as-convolutions'), { code: 'model_corrupt' });
});
