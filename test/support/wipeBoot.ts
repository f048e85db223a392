/** What a box runs when it starts, of a wipe that was cut off: the command of its unit. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../models/manifest.js';

/** @param root of the box, put before every path */
export function atBoot(root: string): { status: number | null; stdout: string; stderr: string } {
  const unit = readFileSync(join(packageRoot(), 'systemd/portico-wipe.service'), 'utf8');
  const args = /^ExecStart=\S+\/node \S+\/portico\.js (.+)$/m.exec(unit)![1]!.split(' ');
  return spawnSync(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), ...args, '--root', root], { encoding: 'utf8' });
}
