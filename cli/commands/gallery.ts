import type { Command } from 'commander';
import type { Act } from '../program.js';

/** Templates and the vault that holds their keys. */
export function register(program: Command, act: Act): void {
  program
    .command('gallery')
    .description('the templates of the enrolled customers')
    .command('rekey')
    .description('a new secret for the box, and every template turned by it; needs no new photos; the box must be stopped')
    .action(act(async (output) => {
      const { loadConfig, systemClock, rekeyGallery } = await tools();
      output.result({ templates: rekeyGallery(loadConfig(), systemClock, output) });
    }));
  program
    .command('vault')
    .description('the file with the customers\' keys, which is never part of a backup')
    .command('new')
    .description('an empty vault where the old one is lost: all templates are forgotten, all consents end; the box must be stopped')
    .option('--deletions <file>', 'deletions.jsonl of the newest audit pack: dossiers deleted since the copy are deleted again; - for standard input')
    .action(act(async (output, options: { deletions?: string }) => {
      const { loadConfig, systemClock, newVault } = await tools();
      output.result({ ...newVault(loadConfig(), systemClock, output, options.deletions ?? null) });
    }));
}

async function tools() {
  const [config, kit, vault] = await Promise.all([import('../../appliance/config/index.js'), import('../../appliance/kit/index.js'), import('../vault.js')]);
  return { ...config, ...kit, ...vault };
}
