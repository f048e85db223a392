/** What the package does when it goes: the scripts themselves, in a root folder of their own, with a backup disk that is plugged in. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { packageRoot } from '../../models/manifest.js';
import { temporaryDirectory } from '../support/scratch.js';

const isRoot = process.getuid?.() === 0;
const mayMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
const SCRIPTS = join(packageRoot(), 'packaging/deb');

/** Runs a script as dpkg would. Programs are this machine's, read-only; every other path is the folder's. @param lines of shell, in that root */
function within(root: string, lines: string[]): { status: number | null; stderr: string; stdout: string } {
  const mounts = ['mount --bind "$0" "$0"', 'mount --bind /usr "$0/usr"', 'mount -o remount,bind,ro "$0/usr"', 'mount -t tmpfs run "$0/run"', 'mount --bind /dev "$0/dev"'];
  return spawnSync('unshare', ['--mount', 'sh', '-ec', `${mounts.join('; ')}; exec chroot "$0" /bin/sh -ec "$1"`, root, lines.join('\n')], { encoding: 'utf8', env: { DPKG_MAINTSCRIPT_PACKAGE: 'portico', PATH: '/fake:/usr/sbin:/usr/bin:/sbin:/bin' } });
}

function makeRoot(t: Test, files: readonly string[]): string {
  const root = temporaryDirectory(t);
  for (const folder of ['usr', 'run', 'dev', 'fake', 'scripts']) mkdirSync(join(root, folder));
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  for (const name of ['prerm', 'postrm']) writeFileSync(join(root, 'scripts', name), readFileSync(join(SCRIPTS, name)));
  for (const name of ['systemctl', 'deb-systemd-invoke']) {
    writeFileSync(join(root, 'fake', name), `#!/bin/sh\necho "$@" >>/said\n`);
    chmodSync(join(root, 'fake', name), 0o755);
  }
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), 'x');
  }
  return root;
}

t.test('purged with the backup disk plugged in: the box is gone, to the end, and not one backup', { skip: mayMount ? false : 'only root can mount' }, async (t) => {
  const doomed = ['var/lib/portico/portico.db', 'var/lib/portico/db-key', 'etc/credstore.encrypted/portico-db-key', 'etc/portico/portico.yaml', 'etc/systemd/network/10-portico.network', 'etc/systemd/system/portico.service.d/50-portico.conf'];
  const root = makeRoot(t, doomed);
  const { status, stdout, stderr } = within(root, [
    'mkdir -p /run/portico/backup /run/portico/stick; mount -t tmpfs PORTICO-BAK /run/portico/backup; echo x >/run/portico/backup/portico-1.age', 'sh /scripts/postrm purge', 'ls /run/portico/backup',
  ]);
  t.equal(status, 0, stderr);
  t.equal(stdout, 'portico-1.age\n', 'what lies on another disk is not touched');
  for (const path of doomed) t.notOk(existsSync(join(root, path)), path);
  t.equal(within(root, ['mkdir -p /run/portico/stick', 'sh /scripts/postrm purge', 'test ! -e /run/portico']).status, 0, 'without a disk nothing of it stays in /run');
});

t.test('removed: disks and sticks are given back, after the service; an upgrade leaves them', { skip: mayMount ? false : 'only root can mount' }, async (t) => {
  const stopped = (how: string): string[] => {
    const root = makeRoot(t, []);
    const { status, stderr } = within(root, ['mkdir -p /run/systemd/system', `sh /scripts/prerm ${how}`]);
    t.equal(status, 0, stderr);
    return readFileSync(join(root, 'said'), 'utf8').trim().split('\n');
  };
  const removed = stopped('remove');
  t.equal(removed.at(-1), 'stop portico-stick@*.service portico-backup-disk@*.service portico-export-disk@*.service');
  t.ok(removed.includes('stop portico.service'));
  t.notOk(stopped('upgrade 2.0.0').some((line) => /(backup|export)-disk/.test(line)));
});
