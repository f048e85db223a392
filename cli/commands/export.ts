import type { Command } from 'commander';
import { EXIT, UsageError } from '../output.js';
import type { Act } from '../program.js';

export function register(program: Command, act: Act): void {
  program
    .command('export')
    .description('the nightly release for head office: without options what was sent and what waits; the box may be running')
    .option('--day <day>', 'a store day, YYYY-MM-DD, with --dry-run')
    .option('--dry-run', 'for the privacy officer: the release of the day beside the true figures. Nothing is made or sent; it is written down in the audit log')
    .option('--officer <name>', 'the privacy officer (default: it is asked for)')
    .option('--pin-file <file>', 'a file with the PIN in its first line (default: it is asked for, and not shown)')
    .action(act(async (output, options: { day?: string; dryRun?: boolean; officer?: string; pinFile?: string }) => {
      if ((options.day === undefined) !== (options.dryRun !== true)) throw new UsageError('--day and --dry-run go together: a release is made at night by itself, once.');
      const [{ loadConfig }, { compareDay, listReleases }, { systemClock }] = await Promise.all([import('../../appliance/config/index.js'), import('../export.js'), import('../../appliance/kit/index.js')]);
      if (options.day === undefined) {
        const { waiting, dead } = listReleases(loadConfig(), systemClock, output);
        return waiting + dead > 0 ? EXIT.warning : EXIT.fine;
      }
      await compareDay(loadConfig(), systemClock, { day: options.day, officer: options.officer ?? null, pinFile: options.pinFile ?? null }, output);
      return EXIT.fine;
    }));
}
