import type { Command } from 'commander';
import type { Act } from '../program.js';

export interface FleetOptions { keys: string; out?: string; partial: boolean; workers?: string }

/** At head office: the nightly releases of all stores. */
export function register(program: Command, act: Act): void {
  program.command('fleet').description('at head office: the nightly releases of all stores')
    .command('verify')
    .description('checks every release below a folder and each store\'s chain of them, and merges them into tables')
    .argument('<folder>', 'where the releases lie (portico-release-*.zip), at any depth')
    .requiredOption('--keys <file>', 'public keys of the boxes: stores.json, which says whose they are (docs/head-office.md), or a JWK set or PEM')
    .option('--out <folder>', 'write cells.parquet, cells.csv, days.parquet, days.csv and months.csv there')
    .option('--partial', 'the folder begins later than the boxes did: releases before the first one are not missed', false)
    .option('--workers <number>', 'threads; as many as there are cores')
    .action(act(async (output, folder: string, options: FleetOptions) => {
      const { checkFleet } = await import('../fleet.js');
      return checkFleet(folder, options, output);
    }));
}
