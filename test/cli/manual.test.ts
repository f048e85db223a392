/** The command line as a whole: exit codes, --json, help, and the manual page made of the same commands. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import t from 'tap';
import { EXAMPLES } from '../../cli/examples.js';
import { EXIT } from '../../cli/output.js';
import { manualOf } from '../../cli/manual.js';
import { makeProgram } from '../../cli/program.js';
import { manPage } from '../../packaging/man.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory } from '../support/scratch.js';

const PORTICO = fileURLToPath(new URL('../../cli/portico.js', import.meta.url));
const portico = (args: string[], env: Record<string, string> = {}) => spawnSync(process.execPath, [PORTICO, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 60_000 });
const program = makeProgram(() => async () => undefined);
/** Every command that does something, with its words: `backup key new`. */
const leaves = (command: Command, before: string[] = []): [string, Command][] => (command.commands.length === 0 ? [[before.join(' '), command]]
  : command.commands.filter((each) => each.name() !== 'help').flatMap((each) => leaves(each, [...before, each.name()])));

t.test('a wrong line ends with 2, says what is wrong and where help is', async (t) => {
  for (const args of [['fly'], ['audit', 'fly'], ['receipt', 'verify', 'x'], ['audit', 'verify', '--loud'], ['audit', 'verify', '--expect', 'nonsense']]) {
    const { status, stderr, stdout } = portico(args, { PORTICO_DATA_DIR: temporaryDirectory(t) });
    t.equal(status, EXIT.usage, `${args.join(' ')}: ${stderr}`);
    t.ok(stderr.length > 0);
    t.equal(stdout, '');
  }
});

t.test('a setting that is wrong ends with 1, in words, and with --json in values', async (t) => {
  const env = { PORTICO_PORT: 'many' };
  t.match(portico(['audit', 'verify'], env), { status: EXIT.refused, stderr: /^config_invalid: / });
  const { status, stdout } = portico(['--json', 'audit', 'verify'], env);
  t.equal(status, EXIT.refused);
  t.match(JSON.parse(stdout), { error: { code: 'config_invalid', details: { setting: 'PORTICO_PORT' } } });
});

t.test('with --json there is one object on standard output, of values and not of lines', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const rooms = openRooms(t, { dataDirectory });
  rooms.audit.record('signed_in', { staffId: 's', deviceId: 'd' });
  const { status, stdout } = portico(['--json', 'audit', 'verify'], { PORTICO_DATA_DIR: dataDirectory });
  t.equal(status, EXIT.fine, stdout);
  const found = JSON.parse(stdout) as Record<string, unknown>;
  t.match(found, { whole: true, firstBroken: null, head: { hash: /^[0-9a-f]{64}$/ }, records: [{ kind: 'consents', checked: 0, broken: 0 }] });
  t.equal(stdout.trim().split('\n').length, 1);
  t.match(JSON.parse(portico(['--json', 'man']).stdout), { manual: /# portico\(1\)/ });
});

t.test('every command has a sentence of its own, and every group shows what people type', async (t) => {
  for (const [name, command] of leaves(program)) t.ok(command.description().length > 15, name);
  for (const group of program.commands.filter((each) => each.name() !== 'help')) {
    t.ok((EXAMPLES[group.name()] ?? []).length > 0, `${group.name()} has an example`);
    const { status, stdout } = portico([group.name(), '--help']);
    t.equal(status, EXIT.fine);
    t.match(stdout, 'Examples:', group.name());
  }
});

t.test('the manual has every command, argument and option, and every exit code', async (t) => {
  const text = manualOf(program);
  let looked = 0;
  for (const [name, command] of leaves(program)) {
    t.ok(text.includes(`\`portico ${name}\``), name);
    for (const { flags } of command.options) t.ok(text.includes(`\`${flags}\``), `${name} ${flags}`);
    looked += 1 + command.options.length;
  }
  for (const code of Object.values(EXIT)) t.ok(text.includes(`* \`${code}\``), `exit code ${code}`);
  t.ok(looked > 15, `${looked} looked for`);
  t.ok(portico(['man']).stdout.startsWith('# portico(1)'), 'without a terminal: the text itself');
});

const groff = spawnSync('groff', ['--version']).status === 0;
t.test('groff renders the page without a warning, and nothing of it is lost', { skip: groff ? false : 'no groff on this machine: apt install groff-base' }, async (t) => {
  const file = join(temporaryDirectory(t), 'portico.1');
  writeFileSync(file, manPage());
  const { status, stderr, stdout } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z', file], { encoding: 'utf8' });
  t.match({ status, stderr, stdout }, { status: 0, stderr: '', stdout: '' });
  const page = spawnSync('groff', ['-man', '-Tascii', '-P-cbou', '-rLL=300n', file], { encoding: 'utf8' }).stdout;
  for (const heading of ['NAME', 'SYNOPSIS', 'COMMANDS', 'EXIT STATUS', 'FILES']) t.match(page, new RegExp(`^${heading}$`, 'm'));
  const flat = page.replaceAll(/\s+/g, ' ');
  for (const [name, command] of leaves(program)) {
    t.ok(flat.includes(`portico ${name}`), name);
    for (const { flags } of command.options) t.ok(flat.includes(flags), `${name} ${flags}`);
  }
  if (existsSync('/usr/bin/man')) t.match(spawnSync('man', ['--warnings', '-l', file], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', MANWIDTH: '100' } }), { status: 0, stderr: '' });
});
