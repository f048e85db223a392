import type { Command } from 'commander';
import type { Act } from '../program.js';

/** How the box on this machine is. */
export function register(program: Command, act: Act): void {
  program.command('health')
    .description('how the box on this machine is: every check, what it found and what to do; exit code 3: something needs attention')
    .option('--check', 'run the slow checks first: both files of the database, and each recognition model')
    .action(act(async (output, options: { check?: boolean }) => {
      const { loadConfig, showHealth } = await tools();
      return showHealth(loadConfig(), options.check === true, output);
    }));
  program.command('support-bundle')
    .description('a zip archive for whoever helps: versions, checks, settings without secrets, the last log lines; nothing about anybody')
    .argument('<file>', 'where to write it, never over something that is there; - for standard output')
    .action(act(async (output, file: string) => {
      const { loadConfig, writeSupportBundle } = await tools();
      const written = await writeSupportBundle(loadConfig(), file, output);
      if (file !== '-') output.result(written);
    }));
}

async function tools() {
  const [config, health] = await Promise.all([import('../../appliance/config/index.js'), import('../health.js')]);
  return { ...config, ...health };
}
