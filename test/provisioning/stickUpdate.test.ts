/** An update on a stick, with settings beside it or alone. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readOpeningHours } from '../../appliance/config/index.js';
import { applyStick, firstBoot, openBox } from '../../provisioning/box.js';
import { applyUpdate, isQuietAt, placesBelow, runningVersion } from '../../updates/index.js';
import { makeBundleFile, makePlaces, stillMachine } from '../support/bundles.js';
import { childMachine, endWith, makeRoot, makeUpdate, PATIENCE } from '../support/releases.js';
import { everything, machineThat, newBox, OTHER, put, settingsText } from '../support/stick.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const NAME = `portico-1.1.0-${process.arch}.update`;
const updating = { machine: stillMachine };
const text = (stick: string) => readFileSync(join(stick, 'portico-result.txt'), 'utf8');

t.test('unsigned, another organisation\'s, no plain file, older, or on a box that belongs to nobody: not applied, and told', async (t) => {
  const box = await newBox(t);
  makePlaces(t, '', box.root);
  const lay = async (made: Parameters<typeof makeBundleFile>[1]) => { rmSync(join(box.stick, NAME), { force: true }); renameSync(await makeBundleFile(t, made), join(box.stick, NAME)); };
  await lay({});
  t.match(await box.apply({ updating }), { outcome: 'refused', code: 'update_unsigned', update: { outcome: 'refused' } }, 'the box belongs to nobody yet');
  put(box.stick, settingsText(1));
  await lay({ by: null });
  t.match(await box.apply({ updating }), { outcome: 'applied', serial: 1, code: 'update_unsigned', update: { file: NAME, outcome: 'refused', code: 'update_unsigned' } }, 'the settings hold all the same');
  for (const name of ['portico.yaml', 'portico.yaml.sig']) rmSync(join(box.stick, name));

  const cases: [string, Parameters<typeof makeBundleFile>[1]][] = [
    ['update_unsigned', { by: null }], ['update_unsigned', { by: OTHER }], ['update_older', { manifest: { version: '0.9.0' } }],
    ['update_other_machine', { manifest: { arch: process.arch === 'x64' ? 'arm64' : 'x64' } }], ['update_needs_another', { manifest: { minVersion: '1.0.9' } }],
  ];
  for (const [code, made] of cases) {
    await lay(made);
    t.match(await box.apply({ updating }), { outcome: 'refused', code, update: { outcome: 'refused', code } });
    t.match(box.result(), { outcome: 'refused', update: { file: NAME, code } });
    t.match(JSON.parse(box.read('/var/lib/portico-box/public/stick.json')!), { outcome: 'refused', errorCode: code, update: { outcome: 'refused', code } });
    t.match(text(box.stick), /更新：没有安装[\s\S]*was not applied/);
    t.equal(runningVersion(placesBelow(box.root)), '1.0.0');
  }
  rmSync(join(box.stick, NAME));
  symlinkSync('/etc/passwd', join(box.stick, NAME));
  t.match(await box.apply({ updating }), { outcome: 'refused', code: 'stick_file_refused' });
});

t.test('a stick of which nothing is done brings no update either; a dry run says what would be', async (t) => {
  const box = await newBox(t);
  makePlaces(t, '', box.root);
  put(box.stick, settingsText(3));
  t.match(await box.apply({ updating }), { outcome: 'applied', update: null });
  copyFileSync(await makeBundleFile(t), join(box.stick, NAME));
  t.match(await box.apply({ updating, dryRun: true }), { update: { outcome: 'looked_at', from: '1.0.0', to: '1.1.0' } });
  put(box.stick, settingsText(2));
  t.match(await box.apply({ updating }), { outcome: 'refused', code: 'stick_serial_old', update: { file: NAME, outcome: 'left' } });
  put(box.stick, settingsText(4, '', '新名字'));
  t.match(await box.apply({ updating, system: machineThat(() => false) }), { outcome: 'rolled_back', update: { outcome: 'left' } });
  t.notOk(existsSync(join(box.root, 'var/lib/portico-box/public/update.json')), 'it was never begun');
});

t.test('of several it is the newest for this machine', async (t) => {
  const box = await newBox(t);
  makePlaces(t, '', box.root);
  put(box.stick, settingsText(1));
  const bundle = await makeBundleFile(t);
  const newest = `portico-1.10.0-${process.arch}.update`;
  for (const name of [`portico-1.9.0-${process.arch}.update`, newest, 'portico-2.0.0-riscv64.update', '._portico-9.0.0-x64.update']) copyFileSync(bundle, join(box.stick, name));
  t.match(await box.apply({ dryRun: true, updating }), { update: { file: newest, outcome: 'refused', code: 'update_unsigned' } });
});

t.test('a store that has not said its hours is updated at night, not while somebody serves a customer', async (t) => {
  const box = await newBox(t);
  makePlaces(t, '', box.root);
  put(box.stick, settingsText(1));
  await box.apply();
  copyFileSync(await makeBundleFile(t), join(box.stick, NAME));
  t.match(await box.apply({ updating }), { update: { outcome: 'waiting', to: '1.1.0', due: '2026-11-21 03:20' } }, 'it is 16:00 there');
  t.match(text(box.stick), /非营业时间自动安装，预计门店时间 2026-11-21 03:20[\s\S]*outside opening hours, at about 2026-11-21 03:20/);
  const openings = [[], readOpeningHours('Mo-Su 22:00-06:00')] as const;
  const quiet = (hour: string) => openings.map((each) => isQuietAt(each, Date.parse(`2026-11-21T${hour}:00+08:00`), 'Asia/Shanghai'));
  t.strictSame(['02:59', '03:00', '04:59', '05:00', '12:00'].map(quiet), [[false, false], [true, false], [true, false], [false, false], [false, true]], 'who said them is believed');
});

t.test('while the store is open it waits and says until when; then it is applied by itself; plugged in again it is no news', { timeout: 240_000 }, async (t) => {
  const root = await makeRoot(temporaryDirectory(t), '1.0.0', { PORTICO_OPENING_HOURS: 'Mo-Su 09:00-23:00', PORTICO_TIME_ZONE: 'Asia/Shanghai' });
  const { places } = root;
  const machine = endWith(t, childMachine(places));
  await machine.start();
  const stick = temporaryDirectory(t);
  mkdirSync(stick, { recursive: true });
  const clock = new TestClock(Date.parse('2026-11-20T08:00:00Z'));
  const box = await openBox(root.base, stick, { clock, updating: { machine, patience: PATIENCE } });
  await firstBoot(box.paths, box.disk, null);
  const apply = () => applyStick({ ...box, credentials: null, stick, dryRun: false, version: '1.0.0' });
  copyFileSync(await makeUpdate(root, '1.1.0'), join(stick, NAME));

  t.match(await apply(), { outcome: 'unchanged', code: null, update: { outcome: 'waiting', from: '1.0.0', to: '1.1.0', due: '2026-11-20 23:20' } });
  t.match(text(stick), /预计门店时间 2026-11-20 23:20[\s\S]*about 2026-11-20 23:20 by the store's clock/);
  t.match(JSON.parse(readFileSync(box.paths.stickJson, 'utf8')), { outcome: 'waiting', what: '1.1.0', update: { outcome: 'waiting', due: '2026-11-20 23:20' } });
  t.equal(runningVersion(places), '1.0.0');

  clock.move(7 * 3_600_000 + 20 * 60_000);
  t.match(await applyUpdate({ places, machine, clock, pinned: root.key.publicKey, patience: PATIENCE, file: null }), { outcome: 'applied', to: '1.1.0' }, 'as the timer does it');
  t.match(await apply(), { outcome: 'applied', code: null, update: { outcome: 'applied', from: '1.0.0', to: '1.1.0' } });
  const told = everything(stick);
  clock.move(60_000);
  t.match(await apply(), { outcome: 'applied' });
  t.strictSame([...everything(stick)], [...told], 'the stick that stays in is not written to again');
  t.equal(await machine.isUp(), true);
});
