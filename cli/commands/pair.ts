import type { Command } from 'commander';
import type { Act } from '../program.js';

/** The way in for whoever stands at the console. */
export function register(program: Command, act: Act): void {
  program.command('pair')
    .description('a one-time code for an iPad, from the box that runs here: when no paired iPad is left')
    .option('--owner', 'the first iPad of a box that has no owner yet; earlier codes become void')
    .action(act(async (output, options: { owner?: boolean }) => {
      const [{ loadConfig }, { pairAtConsole }] = await Promise.all([import('../../appliance/config/index.js'), import('../pair.js')]);
      await pairAtConsole(loadConfig(), options.owner === true, process.stdout.isTTY, output);
    }));
}
