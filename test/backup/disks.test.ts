/** Real disks: one that is full, pulled out, read-only, missing; and a full disk under the box itself. Loop devices, so it needs root. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBackup } from '../../appliance/backup/run.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { backupsOf, filledStore, namesIn, orderOf, toFolder, type FilledStore } from './store.js';

const NAME = 'portico-sh-01-c0ffee01-20260615-040000.age';
const BOX = { staffId: null, deviceId: null };

/** A disk of its own, mounted; taken away when the test is over. */
function disk(t: Pick<Test, 'teardown'>, megabytes: number): string {
  const home = temporaryDirectory(t);
  const [image, folder] = [join(home, 'disk.img'), join(home, 'mount')];
  mkdirSync(folder);
  execFileSync('truncate', ['-s', `${megabytes}M`, image]);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image], { stdio: 'ignore' });
  execFileSync('mount', ['-o', 'loop', image, folder], { stdio: 'ignore' });
  t.teardown(() => { try { execFileSync('umount', ['-l', folder], { stdio: 'ignore' }); } catch { /* pulled out already */ } });
  return folder;
}

function whyNoDisks(): string | false {
  if (process.getuid?.() !== 0) return 'only root may mount disks';
  const undo: (() => unknown)[] = [];
  try {
    disk({ teardown: ((fn: () => unknown) => undo.push(fn)) as never }, 16);
    return false;
  } catch {
    return 'no loop devices, or no mkfs.ext4, here';
  } finally {
    for (const step of undo.reverse()) step();
  }
}
const skip = whyNoDisks();
const run = (store: FilledStore, folder: string) => backupsOf(store, toFolder(folder, true)).begin('night', BOX).done;
/** In this thread, which waits at each step for what the test does to the disk. @returns what it failed of */
const runHere = (store: FilledStore, folder: string, onStep: (step: string) => void): Promise<string> =>
  makeBackup(orderOf(store, toFolder(folder, true)), onStep).then(() => 'accepted', (error: unknown) => (isPorticoError(error) ? error.code : String(error)));
const content = (folder: string) => namesIn(folder).filter((name) => name !== 'lost+found');

t.test('a disk that is not plugged in, too small, filled up meanwhile, read-only or pulled out: said in its own words, and nothing half is called a backup', { skip }, async (t) => {
  const store = await filledStore(t, { megabytes: 24 });
  const folder = disk(t, 200);
  const empty = temporaryDirectory(t);
  t.match(await run(store, empty), { outcome: 'failed', errorCode: 'backup_target_missing' }, 'the folder below the mount');
  t.strictSame(content(empty), []);
  const memory = temporaryDirectory(t); // where the stick has the disk mounted: in /run, which is memory
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'none', memory]);
  t.teardown(() => execFileSync('umount', ['-l', memory]));
  mkdirSync(join(memory, 'backup'));
  t.match(await run(store, join(memory, 'backup')), { outcome: 'failed', errorCode: 'backup_target_missing' }, 'the folder below the stick\'s mount');
  t.strictSame(content(join(memory, 'backup')), []);

  t.match(await run(store, disk(t, 16)), { outcome: 'failed', errorCode: 'backup_target_full' }, 'too small from the beginning');
  let filled = false;
  const fill = (step: string) => {
    if (step !== 'send' || filled) return;
    filled = true;
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${join(folder, 'film.mkv')}`, 'bs=1M', 'count=300'], { stdio: 'ignore' });
    } catch {
      // It is full now.
    }
  };
  t.equal(await runHere(store, folder, fill), 'backup_target_full', 'somebody filled it meanwhile');
  t.strictSame(content(folder), ['film.mkv'], 'the part is gone');
  rmSync(join(folder, 'film.mkv'));

  t.match(await run(store, folder), { outcome: 'done', fileName: NAME }, 'and with room it is made');
  execFileSync('mount', ['-o', 'remount,ro', folder]);
  store.clock.move(60_000);
  t.match(await run(store, folder), { outcome: 'failed', errorCode: 'backup_target_refused' }, 'read-only');
  execFileSync('mount', ['-o', 'remount,rw', folder]);

  let pulled = false;
  const pull = (step: string) => {
    if (step !== 'send' || pulled) return;
    pulled = true;
    execFileSync('umount', ['-l', folder]);
  };
  t.equal(await runHere(store, folder, pull), 'backup_target_missing', 'pulled out while it was written');
  t.strictSame(content(folder), [], 'the folder below took nothing');
});

t.test('a full disk under the box: no backup is made, the good one of before stays, and with room the next one is made', { skip }, async (t) => {
  const dataDirectory = disk(t, 256);
  const store = await filledStore(t, { dataDirectory, megabytes: 16 });
  const folder = temporaryDirectory(t);
  t.match(await run(store, folder), { outcome: 'done' });
  execFileSync('dd', ['if=/dev/zero', `of=${join(dataDirectory, 'film.mkv')}`, 'bs=1M', 'count=130'], { stdio: 'ignore' });
  store.clock.move(60_000);
  t.match(await run(store, folder), { outcome: 'failed', errorCode: 'storage_full' });
  t.strictSame(namesIn(folder), [NAME, 'portico-sh-01-c0ffee01-deletions.age']);
  t.notOk(existsSync(join(dataDirectory, 'backup-work')));
  rmSync(join(dataDirectory, 'film.mkv'));
  t.match(await run(store, folder), { outcome: 'done' });
  // Full only once the copy is there.
  let filled = false;
  const fill = (step: string) => {
    if (step !== 'read back' || filled) return;
    filled = true;
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${join(dataDirectory, 'film.mkv')}`, 'bs=1M', 'count=300'], { stdio: 'ignore' });
    } catch {
      // It is full now.
    }
  };
  store.clock.move(60_000);
  t.equal(await runHere(store, folder, fill), 'storage_full');
  rmSync(join(dataDirectory, 'film.mkv'));
  writeFileSync(join(dataDirectory, 'probe'), 'x');
  t.match(await run(store, folder), { outcome: 'done' });
  store.rooms.close();
});
