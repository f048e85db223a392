/** ONNX Runtime sends its makers word of each process, unless it is told not to; before it sends, it leaves a number for the device and a queue. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { temporaryDirectory } from '../support/scratch.js';

const CHILD = fileURLToPath(new URL('../support/runtimeChild.js', import.meta.url));

/** What a process leaves in its home and its folder for temporary files. Nothing of the test's own environment: the runtime is silent where it sees CI. */
function leftBy(t: Test, how: 'runtime' | 'model' | 'room'): string[] {
  const home = temporaryDirectory(t);
  execFileSync(process.execPath, [CHILD, how], { env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home, ORT_DISABLE_TELEMETRY: '0' }, stdio: ['ignore', 'ignore', 'pipe'] });
  return readdirSync(home, { recursive: true, encoding: 'utf8' });
}

t.test('the runtime by itself does: this test would see it', { skip: process.platform === 'win32' ? 'there it is the system that collects' : false }, async (t) => {
  t.ok(leftBy(t, 'runtime').some((name) => name.includes('onnxruntime')));
});

t.test('C19: recognition does not, in its threads nor in the main one, whatever is set', async (t) => {
  t.strictSame(leftBy(t, 'room'), []);
  t.strictSame(leftBy(t, 'model'), []);
});
