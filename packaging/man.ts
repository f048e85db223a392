/** `npm run build:man`: the manual page of `portico`, out of its own commands, to dist/portico.1 or a file that is named. */
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manualOf } from '../cli/manual.js';
import { makeProgram } from '../cli/program.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MARKED_MAN = join(dirname(createRequire(import.meta.url).resolve('marked-man/package.json')), 'bin/marked-man.js');

/** @returns roff, for man(1) */
export function manPage(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const roff = execFileSync(process.execPath, [MARKED_MAN, '--name', 'portico', '--section', '1', '--manual', 'Portico', '--man-version', version], {
    input: manualOf(makeProgram(() => async () => undefined)), encoding: 'utf8',
  });
  // Day and month of the making would make every build another one.
  return roff.replace(/^(\.TH "PORTICO" "1" )"[^"]*"/m, '$1""');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? join(ROOT, 'dist/portico.1');
  writeFileSync(`${file}.new`, manPage());
  renameSync(`${file}.new`, file);
}
