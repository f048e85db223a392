/** Real file systems as sticks have them: ext4 on a loop device, FAT and exFAT by FUSE. */
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes, createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import { applyStick, openBox } from '../../provisioning/box.js';
import { machine, type System } from '../../provisioning/system.js';
import { packFolder } from '../support/packs.js';
import { everything, machineThat, newBox, NOW, put, settingsText } from '../support/stick.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const GUARDED = 'nosuid,nodev,noexec';
const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
const has = (...tools: string[]) => tools.every((tool) => run('sh', '-c', `command -v ${tool}`).status === 0);
const isRoot = process.getuid?.() === 0;
const isMounted = (folder: string) => readFileSync('/proc/mounts', 'utf8').split('\n').some((line) => line.split(' ')[1] === folder);
const optionsOf = (folder: string) => readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')).find(([, where]) => where === folder)?.[3]?.split(',') ?? [];

interface Volume {
  name: string;
  megabytes: number;
  format(image: string): ReturnType<typeof run>;
  mount(image: string, folder: string, writable: boolean): ReturnType<typeof run>;
  unmount(folder: string): ReturnType<typeof run>;
  skip: string | false;
}

const fuse = existsSync('/dev/fuse') && has('fusermount');
const loops = (): boolean => {
  if (!isRoot || !has('losetup', 'mkfs.ext4')) return false;
  const folder = temporaryDirectory(t);
  const image = sized(join(folder, 'probe'), 4);
  mkdirSync(join(folder, 'on'));
  run('mkfs.ext4', '-q', image);
  const mounted = run('mount', '-o', 'loop,ro', image, join(folder, 'on')).status === 0;
  if (mounted) run('umount', join(folder, 'on'));
  return mounted;
};
/** A device for an image, as a stick is one; it goes by itself when nothing is mounted from it any more. */
const withLoop = (image: string, mount: (device: string) => ReturnType<typeof run>) => {
  const made = run('losetup', '--find', '--show', image);
  if (made.status !== 0) return made;
  const mounted = mount(made.stdout.trim());
  run('losetup', '--detach', made.stdout.trim());
  return mounted;
};
const ext4: Volume = {
  name: 'ext4', megabytes: 16, skip: loops() ? false : 'takes root and loop devices',
  format: (image) => run('mkfs.ext4', '-q', '-L', 'PORTICO', image),
  mount: (image, folder, writable) => withLoop(image, (device) => run('mount', '-o', `${GUARDED},${writable ? 'rw' : 'ro'}`, device, folder)),
  unmount: (folder) => run('umount', folder),
};
const fat: Volume = {
  name: 'FAT', megabytes: 40, skip: isRoot && fuse && has('fusefat', 'mkfs.vfat') ? false : 'takes root, FUSE, fusefat and dosfstools',
  format: (image) => run('mkfs.vfat', '-F', '32', '-n', 'PORTICO', image),
  mount: (image, folder, writable) => run('fusefat', '-o', `${writable ? 'rw+' : 'ro'},${GUARDED}`, image, folder),
  unmount: (folder) => run('fusermount', '-u', folder),
};
const exfat: Volume = {
  name: 'exFAT', megabytes: 40, skip: isRoot && fuse && ext4.skip === false && has('mount.exfat-fuse', 'mkfs.exfat') ? false : 'takes root, FUSE, exfat-fuse and exfatprogs',
  format: (image) => run('mkfs.exfat', '-L', 'PORTICO', image),
  mount: (image, folder, writable) => withLoop(image, (device) => run('mount.exfat-fuse', '-o', `${writable ? 'rw' : 'ro'},${GUARDED}`, device, folder)),
  unmount: (folder) => run('umount', folder),
};

function sized(path: string, megabytes: number): string {
  closeSync(openSync(path, 'w'));
  truncateSync(path, megabytes * 1_048_576);
  return path;
}

/** A volume with files on it, mounted as the unit mounts it. */
async function plugIn(t: Test, volume: Volume, fill: (folder: string) => unknown) {
  const directory = temporaryDirectory(t);
  const image = sized(join(directory, 'stick.img'), volume.megabytes);
  const folder = join(directory, 'mounted');
  mkdirSync(folder);
  t.teardown(() => { if (isMounted(folder)) run('umount', '-l', folder); });
  const mount = (writable: boolean) => {
    const { status, stderr } = volume.mount(image, folder, writable);
    if (status !== 0 || !isMounted(folder)) throw new Error(`${volume.name}: ${stderr}`);
  };
  const formatted = volume.format(image);
  if (formatted.status !== 0) throw new Error(formatted.stderr);
  mount(true);
  await fill(folder);
  volume.unmount(folder);
  mount(false);
  return { folder, mount, unmount: () => volume.unmount(folder) };
}

/** What the unit would do; FUSE has no remount, so there the volume is taken off and put on again. */
function openingBy(volume: Volume, plugged: Awaited<ReturnType<typeof plugIn>>, box: Awaited<ReturnType<typeof newBox>>): System {
  const quiet = machineThat(() => true);
  const real = machine(box.paths, plugged.folder);
  if (volume === ext4) return { ...quiet, openStick: real.openStick, closeStick: real.closeStick };
  const again = (writable: boolean) => { plugged.unmount(); plugged.mount(writable); };
  return { ...quiet, openStick: async () => { again(true); return true; }, closeStick: async () => again(false) };
}

for (const volume of [ext4, fat, exfat]) {
  t.test(`${volume.name}: read-only while it is read, written for a moment, read-only again`, { skip: volume.skip, timeout: 120_000 }, async (t) => {
    const box = await newBox(t);
    const stick = await plugIn(t, volume, (folder) => put(folder, settingsText(1)));
    t.ok(optionsOf(stick.folder).includes('ro'), 'mounted read-only');
    t.throws(() => writeFileSync(join(stick.folder, 'x'), ''));
    const system = openingBy(volume, stick, box);
    t.match(await box.apply({ stick: stick.folder, system }), { outcome: 'applied', code: null, serial: 1 });
    for (const option of ['ro', 'nosuid', 'nodev', ...(volume === ext4 ? ['noexec', 'nosymfollow'] : [])]) t.ok(optionsOf(stick.folder).includes(option), `${option}: ${optionsOf(stick.folder).join()}`);
    t.match(JSON.parse(readFileSync(join(stick.folder, 'portico-result.json'), 'utf8')), { outcome: 'applied', serial: 1 });
    t.match(JSON.parse(readFileSync(join(stick.folder, 'box.json'), 'utf8')), { recipient: box.first.recipient });
    t.notOk(readdirSync(stick.folder).some((name) => name.endsWith('.new')));
    stick.unmount();
    stick.mount(false);
    t.match(await box.apply({ stick: stick.folder, system: { ...system, openStick: async () => { throw new Error('there is nothing to write'); } } }), { outcome: 'unchanged', code: null });
  });
}

t.test('names in capitals, as Windows may write them on FAT, are the same names', { skip: fat.skip }, async (t) => {
  const box = await newBox(t);
  const stick = await plugIn(t, fat, (folder) => {
    put(folder, settingsText(1));
    for (const name of ['portico.yaml', 'portico.yaml.sig']) {
      const bytes = readFileSync(join(folder, name));
      rmSync(join(folder, name));
      writeFileSync(join(folder, name.toUpperCase()), bytes);
    }
  });
  t.match(await box.apply({ stick: stick.folder, system: openingBy(fat, stick, box) }), { outcome: 'applied' });
});

t.test('a plain folder, as a trial at the console has it, is written to as it is: there is nothing to mount', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  const { openStick, closeStick } = machine(box.paths, box.stick);
  t.match(await box.apply({ system: { ...machineThat(() => true), openStick, closeStick } }), { outcome: 'applied', code: null });
  t.match(box.result(), { outcome: 'applied', serial: 1 });
});

t.test('a write-protected stick loses nothing: it is applied, and told', { skip: ext4.skip }, async (t) => {
  const box = await newBox(t);
  const stick = await plugIn(t, ext4, (folder) => put(folder, settingsText(1)));
  const system = { ...machineThat(() => true), openStick: async () => false };
  t.match(await box.apply({ stick: stick.folder, system }), { outcome: 'applied', code: 'stick_not_written' });
  t.match(JSON.parse(box.read('/var/lib/portico-box/public/stick.json')!), { outcome: 'applied', code: 'stick_not_written', serial: 1 });
  t.ok(existsSync(join(box.paths.outbox, 'portico-result.json')), 'the result waits');
});

t.test('a full stick loses nothing, and gets its result when there is room', { skip: ext4.skip }, async (t) => {
  const box = await newBox(t);
  const stick = await plugIn(t, ext4, (folder) => {
    put(folder, settingsText(1));
    const filler = openSync(join(folder, 'photos.bin'), 'w');
    for (const size of [1_048_576, 4_096]) {
      try {
        for (;;) writeFileSync(filler, randomBytes(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
    closeSync(filler);
  });
  const system = openingBy(ext4, stick, box);
  t.match(await box.apply({ stick: stick.folder, system }), { outcome: 'applied', code: 'stick_not_written' });
  const there = readdirSync(stick.folder);
  t.strictSame(there.filter((name) => name.endsWith('.new')), [], 'no half of a file');
  t.notOk(there.includes('box.json') && there.includes('portico-result.txt'), 'there was no room for all');
  for (const name of there.filter((each) => each.endsWith('.json'))) JSON.parse(readFileSync(join(stick.folder, name), 'utf8'));
  await system.openStick();
  rmSync(join(stick.folder, 'photos.bin'));
  await system.closeStick();
  t.match(await box.apply({ stick: stick.folder, system }), { outcome: 'unchanged', code: null });
  t.match(JSON.parse(readFileSync(join(stick.folder, 'portico-result.json'), 'utf8')), { outcome: 'applied', serial: 1 });
});

t.test('pulled out while a pack is copied: nothing changed, and the same stick goes through afterwards', { skip: exfat.skip, timeout: 120_000 }, async (t) => {
  const box = await newBox(t);
  let manifestSha256 = '';
  const stick = await plugIn(t, exfat, async (folder) => {
    const pack = await packFolder(join(folder, 'models/own-pack'), (manifest) => {
      for (const model of manifest.models) if (model.rewrite !== undefined) Object.assign(model, { sha256: model.rewrite.sha256, bytes: model.rewrite.bytes, rewrite: undefined });
    });
    manifestSha256 = createHash('sha256').update(readFileSync(join(pack, 'manifest.json'))).digest('hex');
    put(folder, settingsText(1, `models: { pack: own-pack, manifestSha256: ${manifestSha256} }\n`));
  });
  /** The one who serves this volume; found by the device, which only this test has mounted. */
  const [device] = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')).find(([, where]) => where === stick.folder)!;
  const servers = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(device!);
    } catch {
      return false;
    }
  });
  t.equal(servers.length, 1);
  const pulled = await openBox(box.root, stick.folder, {
    clock: new TestClock(NOW),
    at: (step) => { if (step.includes('staging') && step.endsWith('manifest.json') && step.startsWith('write')) process.kill(Number(servers[0]), 'SIGKILL'); },
  });
  const before = box.read('/etc/portico/box.env');
  t.match(await box.apply({ ...pulled, stick: stick.folder, system: { ...machineThat(() => true), openStick: async () => false } }), { outcome: 'refused', code: 'stick_interrupted' });
  t.equal(box.read('/etc/portico/box.env'), before);
  t.notOk(existsSync(box.paths.staging));
  t.match(JSON.parse(box.read('/var/lib/portico-box/public/stick.json')!), { outcome: 'refused', code: 'stick_interrupted' });
  run('umount', '-l', stick.folder);
  stick.mount(false);
  t.match(await box.apply({ stick: stick.folder, system: openingBy(exfat, stick, box) }), { outcome: 'applied', code: null });
});

t.test('pulled out before the result is written: applied, and told', { skip: ext4.skip }, async (t) => {
  const box = await newBox(t);
  const stick = await plugIn(t, ext4, (folder) => put(folder, settingsText(1)));
  const real = openingBy(ext4, stick, box);
  const system = { ...real, openStick: async () => { run('umount', '-l', stick.folder); return real.openStick(); } };
  t.match(await box.apply({ stick: stick.folder, system }), { outcome: 'applied', code: 'stick_not_written' });
  t.strictSame(readdirSync(stick.folder), [], 'nothing is written into the folder under it');
});

t.test('the box\'s own disk fills up, before or in the middle: everything is as it was, and with room again the stick goes through', { skip: isRoot ? false : 'takes root' }, async (t) => {
  const box = await newBox(t);
  const root = join(temporaryDirectory(t), 'small');
  mkdirSync(root);
  if (run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', root).status !== 0) throw new Error('no tmpfs');
  t.teardown(() => run('umount', '-l', root));
  cpSync(box.root, root, { recursive: true });
  mkdirSync(join(root, 'run'), { recursive: true });
  if (run('mount', '-t', 'tmpfs', 'tmpfs', join(root, 'run')).status !== 0) throw new Error('no tmpfs'); // /run is never on the disk
  t.teardown(() => run('umount', '-l', join(root, 'run')));
  const clock = new TestClock(NOW);
  const open = async (at: (step: string) => void = () => undefined) => ({ ...(await openBox(root, box.stick, { clock, at })), stick: box.stick, dryRun: false, version: '0.1.0' });
  put(box.stick, settingsText(1));
  t.match(await applyStick(await open()), { outcome: 'applied' });
  const filler = join(root, 'filler');
  const fill = () => {
    const file = openSync(filler, 'w');
    try {
      for (;;) writeFileSync(file, Buffer.alloc(4_096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  };
  const state = () => everything(root, /portico-box\/(public|outbox)\/|filler$|^.*\/run\//);
  const before = state();
  put(box.stick, settingsText(2, '', '新名字'));
  fill();
  t.match(await applyStick(await open()), { outcome: 'refused', code: 'storage_full' });
  t.strictSame([...state()], [...before]);
  rmSync(filler);
  t.match(await applyStick(await open((step) => { if (step.startsWith('write') && step.endsWith('etc/portico/box.env') && !step.includes('generations')) fill(); })), { outcome: 'rolled_back', code: 'storage_full' }, 'it had begun');
  t.strictSame([...state()], [...before], 'undone without room');
  t.match(JSON.parse(readFileSync(join(box.stick, 'portico-result.json'), 'utf8')), { outcome: 'rolled_back', code: 'storage_full', serial: 2 }, 'told on the stick, though the box could not keep it');
  rmSync(filler);
  t.match(await applyStick(await open()), { outcome: 'applied', serial: 2 });
});
