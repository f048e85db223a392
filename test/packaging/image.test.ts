/** What may lie in the image: each rule is shown to find what it is for. And whom its USER stands for. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { idsOf } from '../../packaging/chroot.js';
import { faultsOfImage, machineOf, sizeOf } from '../../packaging/imageContents.js';

const FILES: Record<string, string> = { 'app/package.json': '{}', 'app/dist/appliance/start.js': 'start', 'app/models/files/fr_eye.onnx': 'weights', 'app/node_modules/a/index.js': 'a' };
const LOCK = JSON.stringify({ packages: { 'node_modules/a': {}, 'node_modules/typescript': { dev: true } } });
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** An image of a base and a release, with `more` written over it; null: taken away. */
function image(t: Tap, more: Record<string, string | null> = {}): { directory: string; base: string; volumes: string[] } {
  const directory = t.testdir({ base: { etc: { passwd: '' } }, image: { etc: { passwd: '' }, data: { x: 'a volume of its own' } } });
  // The Node of the tree stays behind: the base has one.
  const release = { version: '1.0.0', files: { ...Object.fromEntries(Object.entries(FILES).map(([path, text]) => [path, sha256(text)])), 'bin/node': sha256('node') } };
  const all = { ...Object.fromEntries(Object.entries({ ...FILES, 'release.json': JSON.stringify(release) }).map(([path, text]) => [`opt/portico/${path}`, text])), ...more };
  for (const [path, text] of Object.entries(all)) {
    const file = join(directory, 'image', path);
    mkdirSync(dirname(file), { recursive: true });
    if (text === null) rmSync(file, { force: true });
    else writeFileSync(file, text);
  }
  return { directory: join(directory, 'image'), base: join(directory, 'base'), volumes: ['/data'] };
}
type Tap = Pick<typeof t, 'testdir'>;

t.test('what is missing, changed, added, for development, a test or of another platform is named', async (t) => {
  for (const [path, text, found] of [
    ['opt/portico/release.json', null, /no opt\/portico\/release\.json/],
    ['opt/portico/app/models/files/fr_eye.onnx', null, /fr_eye\.onnx of the release is missing/],
    ['opt/portico/app/dist/appliance/start.js', 'other', /start\.js is not as it was released/],
    ['opt/portico/app/dist/test/all.js', 'x', /all\.js is a test/],
    ['opt/portico/app/.npmrc', 'x', /\.npmrc is not of the release/],
    ['opt/portico/app/node_modules/typescript/package.json', '{}', /typescript is only for development/],
    ['opt/portico/app/node_modules/@img/sharp-darwin-arm64/x.js', 'x', /sharp-darwin-arm64\/x\.js is of another platform/],
    ['opt/portico/app/node_modules/@node-rs/argon2-linux-x64-musl/x.js', 'x', /is of another platform/],
    ['root/.npmrc', 'x', /\/root\/\.npmrc is neither of the base nor of the release/],
    ['usr/bin/g++', 'x', /g\+\+ is neither/],
  ] as const) t.ok((await faultsOfImage(image(t, { [path]: text }), LOCK)).some((fault) => found.test(fault)), String(found));
});

t.test('a program for another machine is known by its first bytes, whatever its name is', async (t) => {
  const elf = (machine: number) => { const head = Buffer.alloc(64); head.write('\x7fELF\x02\x01', 'latin1'); head.writeUInt16LE(machine, 18); return head; };
  const folder = t.testdir({ short: 'MZ', script: '#!/bin/sh\necho this is long enough', 'x.exe': `MZ${'x'.repeat(30)}` });
  for (const [name, bytes] of [['x64', elf(62)], ['arm64', elf(183)], ['mac', Buffer.concat([Buffer.from('cffaedfe', 'hex'), Buffer.alloc(30)])]] as const) writeFileSync(join(folder, name), bytes);
  t.equal(machineOf(join(folder, 'x64')), 62);
  t.equal(machineOf(join(folder, 'arm64')), 183);
  t.equal(machineOf(join(folder, 'mac')), -1);
  t.equal(machineOf(join(folder, 'x.exe')), -1);
  t.equal(machineOf(join(folder, 'short')), null);
  t.equal(machineOf(join(folder, 'script')), null);
  const built = image(t);
  writeFileSync(join(built.directory, 'opt/portico/app/node_modules/a/index.js'), elf(process.arch === 'arm64' ? 62 : 183));
  t.ok((await faultsOfImage(built, LOCK)).some((fault) => /another machine/.test(fault)));
});

t.test('the release, whole, on its base has no fault, and its size is that of its files', async (t) => {
  const { directory, base, volumes } = image(t);
  t.strictSame(await faultsOfImage({ directory, base, volumes }, LOCK), []);
  t.equal(sizeOf(join(directory, 'opt/portico/app')), Object.values(FILES).join('').length);
});

t.test('USER: a name that the image does not know is refused; a number is taken as Docker takes it', async (t) => {
  const folder = t.testdir({ etc: { passwd: 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\n', group: 'root:x:0:\nvideo:x:44:\n' } });
  for (const user of ['portico', 'node:nobody', '']) t.throws(() => idsOf(folder, user), /no such user/, user);
  t.strictSame(idsOf(folder, 'node'), { uid: 1000, gid: 1001, home: '/home/node' });
  t.strictSame(idsOf(folder, '1000:1000'), { uid: 1000, gid: 1000, home: '/home/node' });
  t.strictSame(idsOf(folder, '4242'), { uid: 4242, gid: 0, home: '/' }, 'a number that nobody has is in the group of root');
  t.strictSame(idsOf(folder, 'node:video'), { uid: 1000, gid: 44, home: '/home/node' });
});
