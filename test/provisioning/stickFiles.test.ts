/** A stick that an enemy has filled: only plain files of the known names are read, and nothing else is touched. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, linkSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openModelPack, readStick } from '../../provisioning/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { LEAST } from '../support/settingsFile.js';

/** Whether this machine can be told to make it; else why not. */
function tried(t: Test, what: string, make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    t.comment(`${what} cannot be made here: ${(error as Error).message.split('\n')[0]!}`);
    return false;
  }
}
const refusedOf = (directory: string): string[] => readStick(directory).problems.map(({ code, file }) => `${file} ${code}`);

t.test('links, folders, pipes, sockets and devices are no files', async (t) => {
  const outside = temporaryDirectory(t);
  writeFileSync(join(outside, 'secret'), 'root:x:0:0');
  const cases: [what: string, make: (path: string) => void][] = [
    ['a link to a file outside', (path) => symlinkSync(join(outside, 'secret'), path)],
    ['a link to a file on the stick', (path) => { writeFileSync(`${path}.real`, LEAST); symlinkSync(`${path}.real`, path); }],
    ['a link to nothing', (path) => symlinkSync(join(outside, 'nothing'), path)],
    ['a link to itself', (path) => symlinkSync(path, path)],
    ['a link to a folder', (path) => symlinkSync(outside, path)],
    ['a folder', (path) => mkdirSync(path)],
    ['a pipe, which would never end', (path) => execFileSync('mkfifo', [path])],
    ['a device without end', (path) => execFileSync('mknod', [path, 'c', '1', '5'], { stdio: 'ignore' })],
  ];
  for (const [what, make] of cases) {
    for (const name of ['portico.yaml', 'portico-wipe.yaml', 'portico.yaml.sig']) {
      const stick = temporaryDirectory(t);
      if (!tried(t, what, () => make(join(stick, name)))) continue;
      const { files, problems } = readStick(stick);
      t.strictSame([...files.keys()], [], `${what} as ${name}`);
      t.strictSame(problems.map(({ code, file }) => `${file} ${code}`), [`${name} file_refused`], `${what} as ${name}`);
    }
  }
  const stick = temporaryDirectory(t);
  const server = createServer().listen(join(stick, 'portico.yaml'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.strictSame(refusedOf(stick), ['portico.yaml file_refused'], 'a socket');
  await new Promise((resolve) => server.close(resolve));
});

t.test('a file of 4 GB is refused by its size, without reading it', async (t) => {
  const stick = temporaryDirectory(t);
  for (const [name, code] of [['portico.yaml', 'file_too_large'], ['portico.yaml.sig', 'file_too_large']] as const) {
    const file = openSync(join(stick, name), 'w');
    ftruncateSync(file, 4 * 2 ** 30);
    closeSync(file);
    const before = process.memoryUsage().arrayBuffers;
    t.ok(refusedOf(stick).includes(`${name} ${code}`));
    t.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
  }
});

t.test('a stick that cannot be looked at says so, and one with nothing on it is empty', async (t) => {
  const stick = temporaryDirectory(t);
  t.match(readStick(stick), { files: new Map(), problems: [], lookalike: null });
  t.throws(() => readStick(join(stick, 'gone')), { code: 'ENOENT' });
  writeFileSync(join(stick, 'file'), '');
  t.throws(() => readStick(join(stick, 'file')), { code: 'ENOTDIR' });
});

t.test('names are taken as Windows and macOS write them; twice is once too often', async (t) => {
  const stick = temporaryDirectory(t);
  writeFileSync(join(stick, 'PORTICO.YAML'), LEAST);
  writeFileSync(join(stick, 'Portico.Yaml.sig'), '{}');
  const { files } = readStick(stick);
  t.match(files.get('portico.yaml'), { writtenAs: 'PORTICO.YAML', bytes: Buffer.from(LEAST), signature: Buffer.from('{}') });
  writeFileSync(join(stick, 'portico.yaml'), LEAST);
  t.strictSame(refusedOf(stick), ['portico.yaml file_twice']);
});

t.test('a name that was perhaps meant is told, and never taken', async (t) => {
  for (const name of ['portico.yml', 'portico.yaml.txt', 'Portico.YAML.txt', 'portico.txt', 'portico (1).yaml', 'portico.yaml.yaml']) {
    const stick = temporaryDirectory(t);
    writeFileSync(join(stick, name), LEAST);
    t.match(readStick(stick), { lookalike: name, problems: [] });
    t.equal(readStick(stick).files.size, 0, name);
  }
});

t.test('a stick full of other things is read all the same', async (t) => {
  const stick = temporaryDirectory(t);
  for (let i = 0; i < 2_000; i += 1) writeFileSync(join(stick, `IMG_${i}.JPG`), '');
  mkdirSync(join(stick, 'System Volume Information'));
  writeFileSync(join(stick, '._portico.yaml'), 'what macOS leaves');
  symlinkSync('/', join(stick, 'everything'));
  writeFileSync(join(stick, 'portico.yaml'), LEAST);
  const { files, problems } = readStick(stick);
  t.strictSame([[...files.keys()], problems], [['portico.yaml'], []]);
});

t.test('a model pack is plain files below models/ and nothing beside them', async (t) => {
  const model = Buffer.from('a model');
  const sha256 = createHash('sha256').update(model).digest('hex');
  const manifest = (file: string, bytes = model.length) => JSON.stringify({ id: 'own', models: [{ role: 'detector', file, bytes, sha256 }] });
  const outside = temporaryDirectory(t);
  mkdirSync(join(outside, 'own'));
  writeFileSync(join(outside, 'own', 'manifest.json'), manifest('a.onnx'));
  writeFileSync(join(outside, 'own', 'a.onnx'), model);

  const cases: [what: string, make: (stick: string) => void, pack: string, at: RegExp][] = [
    ['no folder', () => undefined, 'own', /^models\/own$/],
    ['models is a link', (stick) => symlinkSync(outside, join(stick, 'models')), 'own', /^models\/own$/],
    ['the pack is a link', (stick) => { mkdirSync(join(stick, 'models')); symlinkSync(join(outside, 'own'), join(stick, 'models', 'own')); }, 'own', /^models\/own$/],
    ['the manifest is a link', (stick) => { mkdirSync(join(stick, 'models', 'own'), { recursive: true }); symlinkSync(join(outside, 'own', 'manifest.json'), join(stick, 'models', 'own', 'manifest.json')); }, 'own', /manifest\.json$/],
    ['a model is a link', (stick) => { pack(stick, manifest('a.onnx')); symlinkSync(join(outside, 'own', 'a.onnx'), join(stick, 'models', 'own', 'a.onnx')); }, 'own', /a\.onnx$/],
    ['a model is missing', (stick) => pack(stick, manifest('a.onnx')), 'own', /a\.onnx$/],
    ['a model of another size', (stick) => { pack(stick, manifest('a.onnx', 3)); writeFileSync(join(stick, 'models', 'own', 'a.onnx'), model); }, 'own', /a\.onnx$/],
    ['a model that climbs out', (stick) => pack(stick, manifest('../../../etc/passwd.onnx')), 'own', /manifest\.json$/],
    ['two models of one name', (stick) => pack(stick, JSON.stringify({ models: ['a.onnx', 'A.onnx'].map((file) => ({ file, bytes: 1, sha256 })) })), 'own', /manifest\.json$/],
    ['a manifest that is none', (stick) => pack(stick, '{}'), 'own', /manifest\.json$/],
    ['a manifest without end', (stick) => pack(stick, ' '.repeat(300_000)), 'own', /manifest\.json$/],
    ['a name that climbs out', (stick) => { mkdirSync(join(stick, 'models')); }, '..', /^models$/],
    ['a name that is a path', (stick) => { mkdirSync(join(stick, 'models')); }, 'a/../../b', /^models$/],
  ];
  for (const [what, make, name, at] of cases) {
    const stick = temporaryDirectory(t);
    make(stick);
    const { pack: opened, problems } = openModelPack(stick, name);
    t.equal(opened, null, what);
    t.match(problems[0], { file: at, code: 'file_refused' }, what);
  }

  const stick = temporaryDirectory(t);
  pack(stick, manifest('a.onnx'));
  writeFileSync(join(stick, 'models', 'own', 'a.onnx'), model);
  writeFileSync(join(stick, 'models', 'own', 'photos.zip'), 'not listed');
  const { pack: opened } = openModelPack(stick, 'own');
  t.match(opened, { files: [{ name: 'a.onnx', bytes: model.length, sha256 }], manifestSha256: createHash('sha256').update(manifest('a.onnx')).digest('hex') });
  // What was opened is what is read, whatever takes its place meanwhile.
  rmSync(join(stick, 'models', 'own', 'a.onnx'));
  linkSync(join(outside, 'own', 'manifest.json'), join(stick, 'models', 'own', 'a.onnx'));
  const read: Buffer[] = [];
  for await (const piece of opened!.open(opened!.files[0]!)) read.push(piece);
  opened!.close();
  t.strictSame(Buffer.concat(read), model);
});

function pack(stick: string, manifest: string): void {
  mkdirSync(join(stick, 'models', 'own'), { recursive: true });
  writeFileSync(join(stick, 'models', 'own', 'manifest.json'), manifest);
}
