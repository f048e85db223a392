/** What is no update for this box is refused before anything of it is written; a hostile payload writes nothing outside its folder. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { makeSigningKey } from '../../provisioning/index.js';
import { applyUpdate, checkBundle, runningVersion, type Manifest, type Places } from '../../updates/index.js';
import { openContainer } from '../../updates/container.js';
import { isPorticoError, systemClock } from '../../appliance/kit/index.js';
import { Database } from '../../appliance/storage/index.js';
import { BLOCK, makeBundleFile as make, makePlaces as makeBox, plain, sha256, stillMachine as machine, tar, type Entry, type Made } from '../support/bundles.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { ORGANISATION } from '../support/stick.js';

const CLI = fileURLToPath(new URL('../../cli/portico.js', import.meta.url));
const key = ORGANISATION;

async function refused(t: Test, code: string, file: string, places = makeBox(t), now = true): Promise<void> {
  await t.rejects(applyUpdate({ places, machine, clock: systemClock, pinned: key.publicKey, file, now }), { code });
  t.equal(runningVersion(places), '1.0.0');
  t.strictSame(readdirSync(places.releases), ['1.0.0'], 'nothing was unpacked, or it is gone again');
  t.match(JSON.parse(readFileSync(join(places.open, 'update.json'), 'utf8')), { outcome: 'refused', errorCode: code });
}

t.test('who did not sign it', async (t) => {
  await t.test('nobody', async (t) => refused(t, 'update_unsigned', await make(t, { by: null })));
  await t.test('another organisation', async (t) => refused(t, 'update_unsigned', await make(t, { by: makeSigningKey() })));
  await t.test('ours, and somebody changed it since', async (t) => refused(t, 'update_unsigned', await make(t, { alter: (bytes) => Buffer.from(bytes.toString().replace('1.1.0', '9.9.9')) })));
  await t.test('ours, but for something else', async (t) => refused(t, 'update_damaged', await make(t, { manifest: { kind: 'settings' as 'update' } })));
});

t.test('a version that is not newer, or for another machine', async (t) => {
  const of = (manifest: Partial<Manifest>) => async (t: Test) => make(t, { manifest });
  await t.test('older', async (t) => refused(t, 'update_older', await of({ version: '0.9.9' })(t)));
  await t.test('the same', async (t) => refused(t, 'update_older', await of({ version: '1.0.0' })(t)));
  await t.test('the same, said differently', async (t) => refused(t, 'update_damaged', await of({ version: '1.0.0+build' })(t)));
  await t.test('a trial version of the same', async (t) => refused(t, 'update_older', await of({ version: '1.0.0-rc.1' })(t)));
  await t.test('newer than what runs, older than what ran', async (t) => {
    const places = makeBox(t);
    mkdirSync(places.work, { recursive: true });
    writeFileSync(join(places.work, 'memory.json'), JSON.stringify({ newest: '1.4.0', failed: null }));
    await refused(t, 'update_older', await of({ version: '1.3.9' })(t), places);
  });
  await t.test('too far ahead', async (t) => refused(t, 'update_needs_another', await of({ minVersion: '1.0.1' })(t)));
  await t.test('of another kind', async (t) => refused(t, 'update_other_machine', await of({ arch: process.arch === 'x64' ? 'arm64' : 'x64' })(t)));
  await t.test('a version that is a path', async (t) => refused(t, 'update_damaged', await of({ version: '1.1.0-../../x' })(t)));
});

t.test('a damaged file', async (t) => {
  await t.test('cut off', async (t) => {
    const file = await make(t);
    truncateSync(file, readFileSync(file).length - 1_500);
    await refused(t, 'update_damaged', file);
  });
  await t.test('one byte of the payload', async (t) => {
    const file = await make(t);
    const bytes = readFileSync(file);
    const at = bytes.length - 2 * BLOCK - BLOCK + 40;
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(file, bytes);
    await refused(t, 'update_damaged', file);
  });
  await t.test('something behind', async (t) => {
    const file = await make(t);
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from('more')]));
    await refused(t, 'update_damaged', file);
  });
  await t.test('no update at all', async (t) => {
    const file = join(temporaryDirectory(t), 'x.update');
    writeFileSync(file, 'PK\x03\x04 nothing of the kind'.repeat(100));
    await refused(t, 'update_damaged', file);
  });
  await t.test('a link', async (t) => {
    const folder = temporaryDirectory(t);
    symlinkSync(await make(t), join(folder, 'link.update'));
    await refused(t, 'update_damaged', join(folder, 'link.update'));
  });
  await t.test('a folder', async (t) => refused(t, 'update_damaged', temporaryDirectory(t)));
});

t.test('any bytes at all are a damaged update, said in words and never as a fault of the program', { timeout: 60_000 }, async (t) => {
  const folder = temporaryDirectory(t);
  const file = join(folder, 'x.update');
  const good = readFileSync(await make(t));
  const says = async (bytes: Uint8Array) => {
    writeFileSync(file, bytes);
    return checkBundle(file, null).then(() => 'fine', (error: unknown) => (isPorticoError(error) ? error.code : String(error)));
  };
  const refusedOr = (...codes: string[]) => async (bytes: Uint8Array) => codes.includes(await says(bytes));
  await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 0, maxLength: 50_000, size: 'max' }), refusedOr('update_damaged')), { numRuns: 80 });
  // Base 256, which tar has for large numbers: the size begins at byte 124 of a header.
  const header = fc.tuple(fc.nat(BLOCK - 1), fc.uint8Array({ minLength: 1, maxLength: 12 })).map(([at, bytes]) => {
    const changed = Buffer.from(good);
    // Within the header: what reaches the manifest behind it is unsigned, and rightly called so.
    changed.set(bytes.subarray(0, BLOCK - at), at);
    return changed;
  });
  await fc.assert(fc.asyncProperty(header, refusedOr('update_damaged', 'fine')), { numRuns: 150 });
  t.equal(await says(Buffer.from(good).fill(0xff, 124, 136)), 'update_damaged');
  const anywhere = fc.tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 600 })).map(([at, bytes]) => Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + bytes.length)]));
  await fc.assert(fc.asyncProperty(anywhere, refusedOr('update_damaged', 'update_unsigned', 'fine')), { numRuns: 150 });
  // Rightly signed, with a payload of any bytes in its gzip.
  const payloads = fc.uint8Array({ minLength: 1, maxLength: 3_000, size: 'max' });
  await fc.assert(fc.asyncProperty(payloads, async (bytes) => (await says(readFileSync(await make(t, { payload: gzipSync(bytes) })))) === 'update_damaged'), { numRuns: 40 });
  writeFileSync(file, Buffer.alloc(50_000, 0xff));
  await refused(t, 'update_damaged', file);
  const said = spawnSync(process.execPath, [CLI, 'update', 'check', file, '--root', folder], { encoding: 'utf8' });
  t.match(said, { status: 1, stderr: /^update_damaged: / });
});

t.test('a hostile payload, rightly signed: nothing lies outside its folder afterwards', async (t) => {
  const outside = temporaryDirectory(t);
  const secret = join(outside, 'secret');
  writeFileSync(secret, 'untouched');
  const entry = (path: string, more: Partial<Entry> = {}): Entry => ({ path, content: Buffer.from('x'), ...more });
  const said = (path: string) => ({ [path]: { bytes: 1, sha256: sha256(Buffer.from('x')), executable: false } });
  const cases: [string, Made][] = [
    ['a path that climbs out', { entries: [...plain(), entry('../escaped')] }],
    ['the same, in the manifest too', { entries: [...plain(), entry('../escaped')], files: said('../escaped') }],
    ['a path from the root', { entries: [...plain(), entry(secret)], files: said(secret) }],
    ['a path with a backslash', { entries: [...plain(), entry('app\\..\\x')], files: said('app\\..\\x') }],
    ['a name of the prototype', { entries: [...plain(), entry('constructor')] }],
    ['a symbolic link', { entries: [...plain(), { path: 'app/link', type: 'SymbolicLink', linkpath: outside }], files: said('app/link') }],
    ['a file through a link', { entries: [{ path: 'app', type: 'SymbolicLink', linkpath: outside }, ...plain()] }],
    ['a hard link', { entries: [...plain(), { path: 'app/hard', type: 'Link', linkpath: secret }], files: said('app/hard') }],
    ['a device', { entries: [...plain(), { path: 'app/null', type: 'CharacterDevice' }], files: said('app/null') }],
    ['a pipe', { entries: [...plain(), { path: 'app/pipe', type: 'FIFO' }], files: said('app/pipe') }],
    ['a file that nobody announced', { entries: [...plain(), entry('app/more')] }],
    ['a file twice', { entries: [...plain(), plain()[0]!] }],
    ['a file that is missing', { entries: plain().slice(1) }],
    ['a file with another content', { entries: [{ path: 'app/dist/appliance/start.js', content: Buffer.from('stage') }, ...plain().slice(1)] }],
    ['a file that is larger', { entries: [{ path: 'app/dist/appliance/start.js', content: Buffer.alloc(5_000_000) }, ...plain().slice(1)] }],
    ['a bomb: 300 MB of zeros behind', { payload: gzipSync(Buffer.concat([tar(plain()), Buffer.alloc(300_000_000)])) }],
    ['a bomb in a bomb', { payload: gzipSync(gzipSync(Buffer.alloc(200_000_000))) }],
    ['a file that is a folder too', { files: said('bin/node/x') }],
    ['more files than there are', { files: Object.fromEntries(Array.from({ length: 50_001 }, (_, i) => [`app/f${i}`, { bytes: 0, sha256: sha256(Buffer.alloc(0)), executable: false }])) }],
    ['more bytes than there is disk', { files: { 'app/big': { bytes: 2_999_999_999, sha256: sha256(Buffer.alloc(0)), executable: false }, 'app/bigger': { bytes: 2_999_999_999, sha256: sha256(Buffer.alloc(0)), executable: false } } }],
    ['no program in it', { manifest: { files: {} } }],
  ];
  for (const [what, made] of cases) {
    await t.test(what, async (t) => {
      const file = await make(t, made);
      await refused(t, 'update_damaged', file);
      await t.rejects(checkBundle(file, key.publicKey), { code: 'update_damaged' }, 'portico update check says the same');
      t.equal(readFileSync(secret, 'utf8'), 'untouched');
      t.strictSame(readdirSync(outside), ['secret']);
    });
  }
  await t.test('and a good one is taken', async (t) => {
    const { manifest, keyId } = await checkBundle(await make(t), key.publicKey);
    t.equal(manifest.version, '1.1.0');
    t.equal(keyId, key.keyId);
  });
});

t.test('a disk without room: said before anything is unpacked', { skip: process.getuid?.() === 0 ? false : 'only root may mount a small disk' }, async (t) => {
  const places = makeBox(t);
  const mounted = join(temporaryDirectory(t), 'small');
  mkdirSync(mounted);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mounted], { stdio: 'pipe' });
  t.teardown(() => execFileSync('umount', [mounted]));
  const small: Places = { ...places, releases: join(mounted, 'releases'), current: join(mounted, 'current') };
  mkdirSync(join(small.releases, '1.0.0'), { recursive: true });
  copyFileSync(join(places.releases, '1.0.0/release.json'), join(small.releases, '1.0.0/release.json'));
  symlinkSync('releases/1.0.0', small.current);
  await refused(t, 'update_no_room', await make(t), small);
  t.match(JSON.parse(readFileSync(join(small.open, 'update.json'), 'utf8')), { errorCode: 'update_no_room' });
});

t.test('in opening hours it waits; a second one takes its place; what waits is applied by itself later', async (t) => {
  const places = makeBox(t, 'PORTICO_OPENING_HOURS="Mo-Su 00:00-24:00"\nPORTICO_TIME_ZONE=Asia/Shanghai\n');
  const options = { places, machine, clock: systemClock, pinned: key.publicKey };
  t.strictSame(await applyUpdate({ ...options, file: await make(t) }), { outcome: 'waiting', from: '1.0.0', to: '1.1.0' });
  t.ok(existsSync(join(places.work, 'waiting.update')));
  t.match(JSON.parse(readFileSync(join(places.open, 'update.json'), 'utf8')), { outcome: 'waiting', what: '1.1.0' });
  t.strictSame(await applyUpdate({ ...options, file: null }), { outcome: 'waiting', from: '1.0.0', to: '1.1.0' }, 'still open');
  t.strictSame(await applyUpdate({ ...options, file: await make(t, { manifest: { version: '1.2.0' } }) }), { outcome: 'waiting', from: '1.0.0', to: '1.2.0' });
  t.equal(openContainer(join(places.work, 'waiting.update')).manifest.includes('1.2.0'), true);
  // Its hours are not known any more: it waits for the night, here by a clock at noon.
  writeFileSync(join(places.settings, 'box.env'), 'PORTICO_TIME_ZONE=Asia/Shanghai\n');
  t.match(await applyUpdate({ ...options, clock: new TestClock(Date.parse('2026-11-20T04:00:00Z')), file: null }), { outcome: 'waiting' });
  // Night: it begins, and fails on these programs, which are none.
  const db = Database.open({ file: join(places.data, 'portico.db'), key: '0'.repeat(64) });
  db.exec('CREATE TABLE migration (number INTEGER PRIMARY KEY, sha256 TEXT)');
  db.close();
  writeFileSync(join(places.data, 'db-key'), '0'.repeat(64), { mode: 0o600 });
  await t.rejects(applyUpdate({ ...options, clock: new TestClock(Date.parse('2026-11-20T19:20:00Z')), file: null }), { code: 'update_rehearsal_failed' });
  t.notOk(existsSync(join(places.work, 'waiting.update')), 'and is not tried again by itself');
  t.strictSame(await applyUpdate({ ...options, file: null }), { outcome: 'none', from: '1.0.0', to: null });
});
