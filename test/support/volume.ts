/** File systems of a test's own, small enough to fill and able to fail. They take root; a test that has none says so and is skipped. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import { temporaryDirectory } from './scratch.js';

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout.trim();
}

/** Why there can be no volumes here; null: there can. */
export function whyNoVolumes(): string | null {
  if (process.getuid?.() !== 0) return 'mounting takes root';
  if (spawnSync('mkfs.ext4', ['-V']).error !== undefined) return 'mkfs.ext4 is not installed';
  if (spawnSync('losetup', ['-f']).status !== 0) return 'there are no loop devices';
  return null;
}

export interface Volume {
  folder: string;
  /** As the kernel does after an error of the disk: every file stays open, and nothing is taken any more. Only mounting anew ends it. */
  fail(): void;
  unmount(): void;
  /** Checked and mounted again. */
  mount(how?: 'rw' | 'ro'): void;
  remount(how: 'rw' | 'ro'): void;
}

/** An ext4 in a file. @param mib its size */
export function ext4(t: Pick<Test, 'teardown'>, mib: number): Volume {
  const place = temporaryDirectory(t);
  const [image, folder] = [join(place, 'image'), join(place, 'volume')];
  mkdirSync(folder);
  run('truncate', '-s', `${mib}M`, image);
  run('mkfs.ext4', '-q', '-m', '0', image);
  let mounted = false;
  const mount = (how: 'rw' | 'ro' = 'rw') => {
    spawnSync('e2fsck', ['-p', image]);
    run('mount', '-o', 'loop,errors=remount-ro', image, folder);
    mounted = true;
    if (how === 'ro') run('mount', '-o', 'remount,ro', folder); // mounted so at once, the loop device itself would take nothing for good
  };
  const unmount = () => {
    if (mounted) run('umount', folder);
    mounted = false;
  };
  mount();
  t.teardown(unmount);
  return {
    folder, mount, unmount,
    fail: () => {
      const device = basename(run('losetup', '-j', image, '-n', '-O', 'NAME'));
      writeFileSync(join('/sys/fs/ext4', device, 'trigger_fs_error'), 'injected by a test');
      if (!/\b(emergency_ro|ro)\b/.test(readFileSync('/proc/mounts', 'utf8').split('\n').find((line) => line.includes(` ${folder} `))!.split(' ')[3]!)) throw new Error('it did not fail');
    },
    remount: (how) => { run('mount', '-o', `remount,${how}`, folder); },
  };
}

/** A file system in memory. @param mib its size */
export function tmpfs(t: Pick<Test, 'teardown'>, mib: number): { folder: string } {
  const folder = temporaryDirectory(t);
  run('mount', '-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder);
  t.teardown(() => run('umount', folder));
  return { folder };
}

/** Takes all the room that is left, down to the last block. @returns gives it back */
export function fillUp(folder: string): () => void {
  const file = join(folder, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=64K']);
  spawnSync('dd', ['if=/dev/zero', `of=${file}.more`, 'bs=512']);
  return () => { for (const name of readdirSync(folder)) if (name.startsWith('filler')) spawnSync('rm', [join(folder, name)]); };
}
