/** `portico models check` from outside: what it prints and with which code it ends. */
import { spawn } from 'node:child_process';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { createVision } from '../../appliance/vision/index.js';
import { checkModels } from '../../cli/modelsCheck.js';
import { inWords } from '../../cli/output.js';
import { defaultModelsDir, packageRoot, type ModelManifest } from '../../models/manifest.js';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';
import { failure } from '../support/failures.js';
import { tinyEmbedder } from '../support/onnx.js';
import { packFolder, useEmbedder } from '../support/packs.js';

/** The same in this process and with one round of timing, which spares a start and seconds. @returns what it printed */
async function check(dir: string, facesDir: string | null = null, write = false): Promise<string> {
  let out = '';
  const output = { line: (text: string) => void (out += `${text}\n`), progress: () => undefined };
  await checkModels({ dir, presentDir: defaultModelsDir(), facesDir, write, rounds: 1 }, output);
  return out;
}

interface Ended { code: number | null; out: string; err: string }

function portico(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), ...args], { cwd: packageRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
    const ended: Ended = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ended, code }));
  });
}

t.test('a wrong command line ends with 2', async (t) => {
  t.equal((await portico('models', 'check')).code, 2);
  const absent = await portico('models', 'check', join(t.testdirName, 'nothing'));
  t.equal(absent.code, 2);
  t.match(absent.err, 'is not a folder');
  await t.rejects(check(await packFolder(t.testdir({})), null, true), { message: /--write needs --faces/ });
  await t.rejects(check(defaultModelsDir(), t.testdir({}), true), { message: /no manifest\.json of its own/ });
});

t.test('a good pack passes, with its times beside those of the present one', async (t) => {
  const { code, out, err } = await portico('models', 'check', await packFolder(t.testdir({})));
  t.equal(err, '');
  t.equal(code, 0);
  t.match(out, /pack +own-pack\+87aacdfe\.r1/);
  t.match(out, /self-test +passed/);
  t.match(out, /a frame of 1280x720 \d+\.\d ms \(present \d+\.\d\), each face \d+\.\d ms \(present \d+\.\d\)/);
  t.match(out, /verdict +cannot tell/);
});

t.test('a pack that must not be used is refused by its code and ends with 1', async (t) => {
  const tiny = (length: number, options: Partial<Parameters<typeof tinyEmbedder>[0]>, claimed = length) => (dir: string) => (manifest: ModelManifest) =>
    useEmbedder(dir, manifest, tinyEmbedder({ length, bias: 0.1, ...options }), claimed);
  const cases: [what: string, change: (dir: string) => (manifest: ModelManifest) => unknown, code: string, says: RegExp][] = [
    ['another shape', tiny(128, {}, 512), 'model_corrupt', /fc1\[1x128\]/],
    ['half a file', (dir) => () => truncate(join(dir, 'fr_detect.onnx'), 500_000), 'model_corrupt', /fr_detect\.onnx/],
    ['weights that are not numbers', tiny(512, { bias: NaN }), 'model_corrupt', /NaN or infinity/],
    ['everybody looks the same', tiny(512, { weight: 0 }), 'model_corrupt', /other numbers for another picture/],
    ['no network at all', (dir) => async (manifest) => useEmbedder(dir, manifest, Buffer.from('not a network'), 512), 'model_corrupt', /a model that loads/],
    ['no licence', () => (manifest) => delete (manifest.source as { licence?: string }).licence, 'model_licence_missing', /licence/],
  ];
  for (const [what, change, code, says] of cases) {
    const dir = join(t.testdir({}), 'pack');
    const error = await failure(check(await packFolder(dir, change(dir))));
    t.equal(error.code, code, what);
    t.match(inWords(error), new RegExp(`^${code}: `), what);
    t.match(inWords(error), says, what);
  }
  const dir = join(t.testdir({}), 'pack');
  const ended = await portico('models', 'check', await packFolder(dir, tiny(512, { bias: NaN })(dir)));
  t.equal(ended.code, 1);
  t.match(ended.err, /^model_corrupt: [^\n]+\n {2}file: tiny\.onnx/);
  t.notMatch(ended.err, /\n\s+at /, 'no stack');
});

t.test('with faces it measures, says which pack is better, and writes thresholds that the box starts with', async (t) => {
  const dir = t.testdir({});
  const pack = await packFolder(join(dir, 'pack'), (manifest) => (manifest.calibration = null));
  const faces = join(dir, 'faces');
  for (const [photo, known] of Object.entries(SAMPLE_FACES)) {
    for (const { person, box: [left, top, right, bottom] } of known) {
      await mkdir(join(faces, person), { recursive: true });
      const crop = await sharp(await samplePhoto(photo)).extract({ left: left - 60, top: top - 60, width: right - left + 120, height: bottom - top + 120 }).png().toBuffer();
      const views = [sharp(crop), sharp(crop).resize(200), sharp(crop).flop(), sharp(crop).rotate(8)];
      for (const [i, view] of views.entries()) await writeFile(join(faces, person, `${photo}-${i}.jpg`), await view.jpeg({ quality: 85 }).toBuffer());
    }
  }
  const out = await check(pack, faces, true);
  t.match(out, /21 people, 3 photos each enrolled as their mean/);
  t.match(out, /0\.3 % +\d[^\n]*\(\d[^\n]* to \d/);
  t.match(out, /verdict +cannot tell against faceplugin-0\.0\.1\+87aacdfe\.r1[^\n]*alike on every probe/, 'it is the same pack');
  const { calibration } = JSON.parse(await readFile(join(pack, 'manifest.json'), 'utf8')) as ModelManifest;
  t.match(calibration!.measuredOn, /^21 people/);
  const vision = createVision({ modelsDir: pack, workers: 1 });
  await vision.start();
  t.strictSame(vision.pack.calibration, calibration);
  await vision.stop();

  await t.test('too few people are no measure', async (t) => {
    const few = join(dir, 'few');
    await mkdir(join(few, 'somebody'), { recursive: true });
    await t.rejects(check(pack, few), { message: /at least 20 are needed/ });
  });
});
