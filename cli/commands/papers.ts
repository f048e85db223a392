import type { Command } from 'commander';
import type { Act } from '../program.js';

/** What the box signed, checked without the box. */
export function register(program: Command, act: Act): void {
  program.command('receipt').description('receipts of deletion')
    .command('verify')
    .description('checks the signature of a receipt and prints what was signed')
    .argument('<file>', 'the PDF, a file with the signed text, the text itself, or - for standard input')
    .requiredOption('--key <file>', 'public key of the box: what /api/v1/keys answers, or PEM')
    .action(act(async (output, file: string, options: { key: string }) => {
      const { checkReceipt } = await import('../papersCheck.js');
      await checkReceipt(file, options.key, output);
    }));
  program.command('pack').description('audit packs')
    .command('verify')
    .description('checks signature, files, audit log and consents of an audit pack')
    .argument('<file>', 'the zip archive')
    .option('--key <file>', 'public key of the box, known from elsewhere')
    .action(act(async (output, file: string, options: { key?: string }) => {
      const { checkPack } = await import('../papersCheck.js');
      await checkPack(file, options.key ?? null, output);
    }));
}
