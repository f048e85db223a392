/** The whole process in a network namespace whose way out is counted: the box's day sends nothing. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const DAY = fileURLToPath(new URL('./day.js', import.meta.url));
const LEAK = fileURLToPath(new URL('./leak.js', import.meta.url));
const SCRIPT = join(fileURLToPath(new URL('../../../', import.meta.url)), 'test/egress/namespace.sh');

/** What left the namespace while a program ran in it; null when namespaces cannot be made here. */
function run(...args: string[]): { sent: number; unroutable: number; output: string; status: number | null } | { problem: string } {
  const { stdout, stderr, status, error } = spawnSync('unshare', ['--net', '--mount', 'sh', SCRIPT, ...args], { encoding: 'utf8', timeout: 60_000, env: plainEnvironment() });
  const [, sent] = /^sent (\d+)$/m.exec(stdout ?? '') ?? [];
  const [, four, six] = /^unroutable (\d+) (\d+)$/m.exec(stdout ?? '') ?? [];
  if (error !== undefined || sent === undefined) return { problem: (error?.message ?? stderr).trim().split('\n').at(-1) ?? 'no answer' };
  return { sent: Number(sent), unroutable: Number(four) + Number(six), output: `${stdout}${stderr}`, status };
}

/** Without the test runner's loaders. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LANG: 'C.UTF-8' };
}

const idle = run('true');
const skip = 'problem' in idle ? `no network namespace can be made here (${idle.problem}); the guard of the process is tested in test/kit/egress.test.ts` : false;

t.test('the recorder notices one connection, one datagram and one name asked for', { skip }, async (t) => {
  t.match(idle, { sent: 0, unroutable: 0 }, 'and counts nothing by itself');
  for (const kind of ['tcp', 'udp', 'dns']) {
    const seen = run(process.execPath, LEAK, kind);
    t.ok('sent' in seen && seen.sent > 0, `${kind}: ${JSON.stringify(seen)}`);
  }
});

t.test('C19: a box that starts, enrols, recognises, forgets and stops opens no connection out', { skip, timeout: 60_000 }, async (t) => {
  const seen = run(process.execPath, DAY);
  t.match(seen, { sent: 0, unroutable: 0, status: 0 }, JSON.stringify(seen));
  t.match('output' in seen && seen.output, /the day is over/);
});
