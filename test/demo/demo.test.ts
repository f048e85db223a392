/** The whole demo as a child process: real models, real sockets, ends by itself once three customers have come. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ENROLLED_NAMES, OWNER } from '../../demo/people.js';
import { temporaryDirectory } from '../support/scratch.js';

const MAIN = fileURLToPath(new URL('../../demo/main.js', import.meta.url));
/** After opening; a machine that needs more for three faces is broken. */
const SECONDS_MAX = 120;

function runDemo(args: string[]): Promise<{ exitCode: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PORTICO_HOST: '127.0.0.1', PORTICO_VISION_WORKERS: '1' },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, out, err }));
    t.teardown(() => { child.kill('SIGKILL'); });
  });
}

t.test('opens the store, invites, and names three customers and nobody else', async (t) => {
  const data = join(temporaryDirectory(t), 'demo');
  const { exitCode, out, err } = await runDemo(['--port', '0', '--data', data, '--until-visits', '3', '--seconds', String(SECONDS_MAX)]);
  t.equal(exitCode, 0, err);
  t.equal(err, '', 'no trouble');
  t.match(out, /https:\/\/localhost:\d+\/pair#[0-9A-Z]{4}-[0-9A-Z]{4}/);
  t.ok(out.includes(`PIN ${OWNER.pin}`));
  const lines = [...out.matchAll(/^\d\d:\d\d:\d\d {2}(visit\.opened|visit\.closed|sighting\.candidate) +(\S+) /gm)];
  const opened = new Set(lines.filter(([, type]) => type === 'visit.opened').map(([, , name]) => name));
  t.ok(opened.size >= 3, [...opened].join(' '));
  for (const [line, , name] of lines) t.ok(ENROLLED_NAMES.includes(name!), line);
});

t.test('says why it does not start, and touches nothing that is not its own', async (t) => {
  const folder = join(temporaryDirectory(t), 'mine');
  mkdirSync(folder);
  writeFileSync(join(folder, 'letter.txt'), 'keep');
  const { exitCode, err } = await runDemo(['--port', '0', '--data', folder]);
  t.equal(exitCode, 1);
  t.match(err, /The demo did not start\..*was not made by the demo/);
  t.strictSame(readdirSync(folder), ['letter.txt']);
  t.equal((await runDemo(['--seconds', 'soon'])).exitCode, 2);
});
