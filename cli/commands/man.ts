import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Act } from '../program.js';

/** Written by `npm run build:man`. */
const PAGE = fileURLToPath(new URL('../../portico.1', import.meta.url));

export function register(program: Command, act: Act): void {
  program.command('man').description('the manual page, which has all of this').action(act(async (output) => {
    const { manualOf } = await import('../manual.js');
    const text = manualOf(program);
    output.result({ manual: text });
    // A pager only where there is somebody to turn the pages.
    if (process.stdout.isTTY && !process.argv.includes('--json') && existsSync(PAGE) && spawnSync('man', ['-l', PAGE], { stdio: 'inherit' }).status === 0) return;
    output.line(text);
  }));
}
