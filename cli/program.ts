/** All commands, as data: `portico.ts` runs them, the manual page is made of them. What a command needs is loaded when it runs. */
import { Command } from 'commander';
import { examplesOf } from './manual.js';
import { EPILOGUE, type Exit, type Output } from './output.js';
import * as audit from './commands/audit.js';
import * as backup from './commands/backup.js';
import * as fleet from './commands/fleet.js';
import * as exporting from './commands/export.js';
import * as gallery from './commands/gallery.js';
import * as health from './commands/health.js';
import * as man from './commands/man.js';
import * as models from './commands/models.js';
import * as pair from './commands/pair.js';
import * as papers from './commands/papers.js';
import * as provision from './commands/provision.js';
import * as stick from './commands/stick.js';
import * as update from './commands/update.js';
import * as wipe from './commands/wipe.js';

/** What a command does once its line was read. @returns how it ends; nothing: fine */
export type Action<Args extends unknown[]> = (output: Output, ...args: Args) => Promise<Exit | void> | Exit | void;
/** Wraps an action for commander: output by --json, errors in words, exit codes. */
export type Act = <Args extends unknown[]>(action: Action<Args>) => (...args: unknown[]) => Promise<void>;

const GROUPS = [health, backup, exporting, stick, provision, update, models, gallery, audit, papers, fleet, pair, wipe, man];

export function makeProgram(act: Act): Command {
  const program = new Command('portico').description('Commands for whoever looks after the box.').addHelpText('after', EPILOGUE)
    .option('--json', 'one JSON object on standard output instead of text; no progress bars').exitOverride().showHelpAfterError('(portico --help, or portico COMMAND --help)');
  for (const { register } of GROUPS) register(program, act);
  for (const group of program.commands) group.addHelpText('after', examplesOf(group));
  return program;
}
