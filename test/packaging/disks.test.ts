/** The disks for backups and for releases, mounted by the script that the units run: real volumes, in a /run and a list of mounts of the test's own. */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { packageRoot } from '../../models/manifest.js';
import { temporaryDirectory } from '../support/scratch.js';
import { whyNoVolumes } from '../support/volume.js';

const skip = whyNoVolumes() ?? (spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true']).status === 0 ? false : 'no list of mounts of a test\'s own here');
const SCRIPT = join(packageRoot(), 'systemd/libexec/disk');
/** Stands for the service's user, whom this machine may not have. */
const USER = 65_534;

/** A volume of that name, as a device. */
function device(t: Test, label: string): string {
  const image = join(temporaryDirectory(t), 'image');
  spawnSync('truncate', ['-s', '8M', image]);
  spawnSync('mkfs.ext4', ['-q', '-L', label, image]);
  const made = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  t.teardown(() => spawnSync('losetup', ['--detach', made.stdout.trim()]));
  return basename(made.stdout.trim());
}

/** @param lines of shell, after which all that was mounted is gone */
function inARunOfItsOwn(t: Test, lines: string[]): string[] {
  const programs = temporaryDirectory(t);
  writeFileSync(join(programs, 'id'), `#!/bin/sh\necho ${USER}\n`);
  chmodSync(join(programs, 'id'), 0o755);
  const { stdout, stderr, status } = spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-ec', ['mount -t tmpfs run /run', `disk() { sh ${SCRIPT} "$@" >/dev/null 2>&1; }`, ...lines].join('\n')],
    { encoding: 'utf8', env: { PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin` } });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

t.test('each disk is mounted at its own place, for the service alone, so that nothing on it can act', { skip }, async (t) => {
  for (const [kind, label] of [['backup', 'PORTICO-BAK'], ['export', 'PORTICO-OUT']] as const) {
    const name = device(t, label);
    const target = `/run/portico/${kind}`;
    const [options, owner] = inARunOfItsOwn(t, [`disk mount ${kind} ${name}`, `findmnt --noheadings --output OPTIONS ${target}`, `stat -c '%u %a' ${target}`]);
    for (const option of ['rw', 'nosuid', 'nodev', 'noexec', 'nosymfollow']) t.ok(options!.split(',').includes(option), `${kind}: ${option}`);
    t.equal(owner, `${USER} 700`);
  }
});

t.test('neither is taken for the other, nor any other volume for one of them; a second one waits', { skip }, async (t) => {
  const [backup, release, second, stick] = [device(t, 'PORTICO-BAK'), device(t, 'PORTICO-OUT'), device(t, 'PORTICO-OUT'), device(t, 'PORTICO')];
  const where = (line: string) => `${line} || echo "no: ${line}"`;
  t.strictSame(inARunOfItsOwn(t, [
    where(`disk mount backup ${release}`), where(`disk mount export ${backup}`), where(`disk mount export ${stick}`),
    `disk mount export ${release}`, where(`disk mount export ${second}`), `disk mount backup ${backup}`,
    // Of another disk, and of the other kind: nothing is given back.
    `disk unmount export ${second}`, `disk unmount backup ${release}`, 'findmnt --noheadings --output SOURCE /run/portico/export', 'findmnt --noheadings --output SOURCE /run/portico/backup',
    `disk unmount export ${release}`, where('mountpoint --quiet /run/portico/export'), 'mountpoint --quiet /run/portico/backup', `disk mount export ${second}`, 'findmnt --noheadings --output SOURCE /run/portico/export',
  ]), [
    `no: disk mount backup ${release}`, `no: disk mount export ${backup}`, `no: disk mount export ${stick}`, `no: disk mount export ${second}`,
    `/dev/${release}`, `/dev/${backup}`, 'no: mountpoint --quiet /run/portico/export', `/dev/${second}`,
  ]);
});
