import type { Command } from 'commander';
import type { Act } from '../program.js';

interface OnBox { root: string }
const ROOT = ['--root <dir>', 'put before every path: a mounted disk, or a trial', '/'] as const;

/** New versions: made and signed at the organisation, checked anywhere, applied on the box. */
export function register(program: Command, act: Act): void {
  const update = program.command('update').description('new versions: signed, rehearsed on a copy of the data, gone back from when the box is not well');
  const work = () => import('../updateWork.js');

  update.command('bundle').description('makes an update of a release tree, not signed yet')
    .argument('<tree>', 'a release tree, with its release.json')
    .option('--to <folder>', 'where the file goes', '.')
    .option('--min-version <version>', 'what has to run on a box before')
    .action(act(async (output, tree: string, options: { to: string; minVersion?: string }) => (await work()).bundle(tree, options, output)));
  update.command('sign').description('signs an update with the key of the organisation')
    .argument('<file>').requiredOption('--key <file>', 'private key, as "portico stick keys" makes it')
    .option('--passphrase-file <file>', 'its first line is the passphrase; else it is asked for')
    .action(act(async (output, file: string, options: { key: string; passphraseFile?: string }) => (await work()).sign(file, options, output)));
  update.command('check').description('checks signature and content of an update; changes nothing')
    .argument('<file>').option(...ROOT)
    .action(act(async (output, file: string, options: OnBox) => (await work()).check(file, options, output)));
  update.command('apply').description('applies an update on the box; as root')
    .argument('[file]', 'else: what was fetched, or waits for a quiet hour')
    .option('--now', 'whatever the hour; else while the store is closed, or from 03:00 to 05:00 where its hours are not known')
    .option(...ROOT)
    .action(act(async (output, file: string | undefined, options: OnBox & { now?: boolean }) => (await work()).apply(file ?? null, options, output)));
  update.command('settle').description('at boot: what a power cut left in the middle becomes the old version or the new one; as root')
    .option('--running', 'after the service has started: judges a version that is on trial')
    .option(...ROOT)
    .action(act(async (output, options: OnBox & { running?: boolean }) => (await work()).settleBox(options, output)));
  update.command('fetch').description('fetches a newer version from head office; applies nothing')
    .option('--roots <file>', 'further certificates to trust, PEM')
    .option(...ROOT)
    .action(act(async (output, options: OnBox & { roots?: string }) => (await work()).fetchFrom(options, output)));
  update.command('status').description('what runs, and what became of the last update')
    .option(...ROOT)
    .action(act(async (output, options: OnBox) => (await work()).status(options, output)));
}

