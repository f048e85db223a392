/** What is applied by itself, and what is not fetched again: by what files say of themselves, and only while the settings let them come that way. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { lockDataDirectory } from '../../appliance/storage/index.js';
import { applyUpdate, readJournal, readKnown, settleRunning, type Places } from '../../updates/index.js';
import { writeJournal } from '../../updates/journal.js';
import { makeBundleFile, makePlaces, sha256, stillMachine, type Made } from '../support/bundles.js';
import { temporaryDirectory } from '../support/scratch.js';
import { ORGANISATION } from '../support/stick.js';

const OPEN = 'PORTICO_OPENING_HOURS="Mo-Su 00:00-24:00"\nPORTICO_TIME_ZONE=Asia/Shanghai\n';
const next = (places: Places) => applyUpdate({ places, machine: stillMachine, clock: systemClock, pinned: ORGANISATION.publicKey, file: null });
async function fetched(t: Test, places: Places, name: string, made: Made = {}): Promise<string> {
  mkdirSync(places.incoming, { recursive: true });
  const file = join(places.incoming, name);
  copyFileSync(await makeBundleFile(t, made), file);
  return file;
}
const from = (places: Places, from: string) => writeFileSync(join(places.settings, 'updates.json'), JSON.stringify({ from, headOffice: 'https://hq.example.cn/' }));

t.test('where updates come by stick, nothing that was fetched is applied, also not what waits since before', async (t) => {
  const places = makePlaces(t, OPEN);
  from(places, 'somewhere');
  const file = await fetched(t, places, 'a.update');
  await t.rejects(next(places), { code: 'config_invalid' }, 'a broken file does not mean that anything goes');
  from(places, 'stick');
  t.match(await next(places), { outcome: 'none' });
  t.notOk(existsSync(file));
  from(places, 'headOffice');
  await fetched(t, places, 'a.update');
  t.match(await next(places), { outcome: 'waiting', to: '1.1.0' });
  from(places, 'stick');
  t.match(await next(places), { outcome: 'none' }, 'the store closed, and the settings had changed');
  const given = await makeBundleFile(t);
  t.match(await applyUpdate({ places, machine: stillMachine, clock: systemClock, pinned: ORGANISATION.publicKey, file: given }), { outcome: 'waiting' });
  t.match(await next(places), { outcome: 'waiting', to: '1.1.0' }, 'what a stick brought waits on');
});

t.test('the newest by its version is taken, whatever the files are called', async (t) => {
  const places = makePlaces(t, OPEN);
  await fetched(t, places, 'portico-1.9.0-x64.update', { manifest: { version: '1.9.0' } });
  await fetched(t, places, 'portico-1.10.0-x64.update', { manifest: { version: '1.10.0' } });
  writeFileSync(join(places.incoming, 'zzz.update'), 'none at all');
  t.match(await next(places), { outcome: 'waiting', to: '1.10.0' });
  t.match(await next(places), { outcome: 'waiting', to: '1.10.0' }, 'also of what waits and what was fetched');
});

t.test('what failed on its merits is known by its content; what may do tomorrow is not', async (t) => {
  const places = makePlaces(t, OPEN);
  const apply = async (code: string, made: Made) => {
    const bytes = readFileSync(await fetched(t, places, 'a.update', made));
    await t.rejects(next(places), { code });
    return sha256(bytes);
  };
  t.equal(await apply('update_unsigned', { by: null }), readKnown(places));
  await apply('update_needs_another', { manifest: { minVersion: '1.0.1' } });
  t.equal(readKnown(places), null, 'the other one may come');
  t.equal(await apply('update_other_machine', { manifest: { arch: 'other' } }), readKnown(places));
  const waits = sha256(readFileSync(await fetched(t, places, 'a.update')));
  t.match(await next(places), { outcome: 'waiting' });
  t.equal(readKnown(places), waits, 'what waits need not come again');
});

t.test('one night without room does not keep an update away for ever', { skip: process.getuid?.() === 0 ? false : 'only root may mount a small disk' }, async (t) => {
  const places = makePlaces(t);
  const mounted = temporaryDirectory(t);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mounted], { stdio: 'pipe' });
  t.teardown(() => execFileSync('umount', [mounted]));
  const small: Places = { ...places, releases: join(mounted, 'releases'), current: join(mounted, 'current') };
  mkdirSync(join(small.releases, '1.0.0'), { recursive: true });
  writeFileSync(join(small.releases, '1.0.0/release.json'), '{"version":"1.0.0"}');
  symlinkSync('releases/1.0.0', small.current);
  await fetched(t, small, 'a.update');
  await t.rejects(next(small), { code: 'update_no_room' });
  t.equal(readKnown(small), null);
});

t.test('while somebody is at it nothing is judged beside it, by a journal that was read before', async (t) => {
  const places = makePlaces(t);
  mkdirSync(places.work, { recursive: true });
  writeJournal(places, { phase: 'trying', from: '0.9.0', to: '1.0.0', sha256: 'x', tries: 1, code: null });
  const lock = lockDataDirectory(join(places.work, 'update.lock'));
  t.equal(await settleRunning({ places, machine: stillMachine, clock: systemClock }), 'nothing');
  t.equal(readJournal(places)?.phase, 'trying');
  lock.release();
});
