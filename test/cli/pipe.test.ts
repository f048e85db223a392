/** A command whose reader has had enough. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const CLI = fileURLToPath(new URL('../../cli/portico.js', import.meta.url));

t.test('whoever reads along and goes away ends nothing, and is told of no fault', async (t) => {
  for (const args of [['stick', 'schema'], ['man'], ['update', 'status', '--root', '/nowhere']]) {
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy(); // as `| head` does
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
    const [code, signal] = await once(child, 'close') as [number | null, string | null];
    t.notMatch(said, /EPIPE|Unhandled/, args.join(' '));
    t.strictSame([code, signal], [args[0] === 'update' ? 1 : 0, null], args.join(' '));
  }
});
