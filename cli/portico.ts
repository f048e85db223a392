#!/usr/bin/env node
/** Commands for whoever looks after the box. Exit code 0: fine, 1: refused, 2: the command line is wrong. */
import { Command, CommanderError } from 'commander';
import { loadConfig } from '../appliance/config/index.js';
import { isPorticoError, systemClock } from '../appliance/kit/index.js';
import { exportAudit, parseHead, verifyAudit } from './audit.js';
import { checkModels, inWords, UsageError, type CheckOutput } from './modelsCheck.js';
import { checkPack, checkReceipt } from './papersCheck.js';
import { newVault, rekeyGallery } from './vault.js';

const terminal: CheckOutput = {
  line: (text) => console.log(text),
  progress(what, done, of) {
    if (!process.stderr.isTTY) return;
    const width = 30;
    const filled = Math.round((width * done) / of);
    process.stderr.write(`\r${what.padEnd(14)} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${of}${done === of ? '\n' : ''}`);
  },
};

process.umask(0o077); // whatever is written is for the box alone

const program = new Command('portico').description('Commands for whoever looks after the box.').exitOverride();
const models = program.command('models').description('the neural networks that the box recognises with');
models
  .command('check')
  .description('self-test and timing of a model pack; with photos also its error rates against the present pack, and its thresholds')
  .argument('<dir>', 'folder of the pack: .onnx files and manifest.json')
  .option('--faces <folder>', 'a folder of photos for each person')
  .option('--write', 'put the measured thresholds and gates into the manifest of the pack')
  .action(async (dir: string, options: { faces?: string; write?: boolean }) => {
    const { modelsDirectory } = loadConfig();
    await checkModels({ dir, presentDir: modelsDirectory, facesDir: options.faces ?? null, write: options.write ?? false }, terminal);
  });
program
  .command('gallery')
  .description('the templates of the enrolled customers')
  .command('rekey')
  .description('a new secret for the box, and every template turned by it; needs no new photos; the box must be stopped')
  .action(() => rekeyGallery(loadConfig(), systemClock, terminal));
program
  .command('vault')
  .description('the file with the customers\' keys, which is never part of a backup')
  .command('new')
  .description('an empty vault where the old one is lost: all templates are forgotten, all consents end; the box must be stopped')
  .option('--deletions <file>', 'deletions.jsonl of the newest audit pack: dossiers deleted since the copy are deleted again')
  .action((options: { deletions?: string }) => newVault(loadConfig(), systemClock, terminal, options.deletions ?? null));

program.command('receipt').description('receipts of deletion')
  .command('verify')
  .description('checks the signature of a receipt and prints what was signed')
  .argument('<file>', 'the PDF, a file with the signed text, the text itself, or - for standard input')
  .requiredOption('--key <file>', 'public key of the box: what /api/v1/keys answers, or PEM')
  .action((file: string, options: { key: string }) => checkReceipt(file, options.key, terminal));
program.command('pack').description('audit packs')
  .command('verify')
  .description('checks signature, files, audit log and consents of an audit pack')
  .argument('<file>', 'the zip archive')
  .option('--key <file>', 'public key of the box, known from elsewhere')
  .action((file: string, options: { key?: string }) => checkPack(file, options.key ?? null, terminal));
const audit = program.command('audit').description('the audit log: who did what to whom, chained by hashes');
audit
  .command('verify')
  .description('whether the log is whole, and every consent, notice, assessment and deletion as it tells them; the box may be running')
  .option('--expect <number:hash>', 'an entry as a receipt or an audit pack has it: that one must stand in the log')
  .action(async (options: { expect?: string }) => {
    const expected = options.expect === undefined ? null : parseHead(options.expect);
    if (!(await verifyAudit(loadConfig(), expected, terminal.line))) process.exitCode = 1;
  });
audit
  .command('export')
  .description('the whole log as CSV')
  .argument('<file>', 'a new file')
  .action(async (file: string) => exportAudit(loadConfig(), file, terminal.line));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what it has to say.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof UsageError) {
    console.error(error.message);
    process.exitCode = 2;
  } else if (isPorticoError(error)) {
    console.error(inWords(error));
    process.exitCode = 1;
  } else {
    console.error(error);
    process.exitCode = 1;
  }
}
