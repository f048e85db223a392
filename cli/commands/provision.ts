import type { Command } from 'commander';
import { EXIT, type Exit, type Json, type Output } from '../output.js';
import type { StickReport } from '../../provisioning/box.js';
import type { Act } from '../program.js';

interface Below { root: string }

export function register(program: Command, act: Act): void {
  const provision = program.command('provision').description('the box\'s side of a settings stick; runs as root, by itself when a stick is plugged in and when the box starts');
  const below = (command: Command) => command.option('--root <folder>', 'put before every path; then nothing is restarted, and the commands are listed', '/');

  below(provision.command('apply'))
    .description('do what a stick asks for: all of it or nothing; the result is written to the stick')
    .requiredOption('--stick <folder>', 'where the stick is mounted')
    .option('--dry-run', 'show what would change, and change nothing', false)
    .action(act(async (output, options: Below & { stick: string; dryRun: boolean }) => {
      const { box, provisioning } = await open(options.root, options.stick);
      const report = await provisioning.applyStick({ ...box, stick: options.stick, dryRun: options.dryRun, version: await version() });
      for (const line of report.changes) output.line(line);
      if (report.changes.length > 0) output.line('');
      output.line(provisioning.reportText(report).replace(/\r\n/g, '\n').replace(/^\ufeff/, ''));
      if (report.commands.length > 0 && (options.dryRun || options.root !== '/')) output.line(`To be run:\n${report.commands.map((command) => `  ${command.join(' ')}`).join('\n')}`);
      if (options.root !== '/' && report.outcome === 'applied' && !options.dryRun) output.line(`Laid out below ${options.root}: nothing was started there, so there is no root certificate and no sheet for the iPads yet.`);
      output.result({ ...(report as unknown as { [key: string]: Json }) });
      return exitOf(report);
    }));

  below(provision.command('settle'))
    .description('at boot: finish or undo what a power cut interrupted, close support access that is over')
    .action(act(async (output, options: Below) => {
      const { box, provisioning } = await open(options.root, '');
      const settled = await provisioning.settleBox(box);
      say(output, { ...settled }, `stick: ${settled.stick}; support access: ${settled.support}`);
    }));

  below(provision.command('firstboot'))
    .description('make the keys that this box has for life; done again it changes nothing')
    .action(act(async (output, options: Below) => {
      const { box, provisioning } = await open(options.root, '');
      const made = await provisioning.firstBoot(box.paths, box.disk, box.credentials);
      say(output, { ...made }, `${made.boxId}\n${made.recipient}${made.sealed ? '' : '\nThis machine cannot seal secrets (systemd-creds): the keys lie in files that only their owner reads.'}`);
      return made.sealed ? EXIT.fine : EXIT.warning;
    }));

  below(provision.command('reset-image'))
    .description('before a disk is copied: removes all that makes this box one of its kind (keys, data, logs, ids); every copy makes its own when it starts')
    .requiredOption('--yes', 'yes: keys and data of this box are gone for good')
    .action(act(async (output, options: Below) => {
      const { box, provisioning } = await open(options.root, '');
      const removed = await provisioning.resetImage(box.paths, box.disk, box.system);
      say(output, { removed }, `${removed.map((path) => `removed ${path}\n`).join('')}Switch this machine off now and copy its disk. Started again, it makes new keys, and has to be reset again.`);
    }));

  below(provision.command('addresses'))
    .description('look up head office and the servers for backups and releases anew, and let the service reach them')
    .action(act(async (output, options: Below) => {
      const { box, provisioning } = await open(options.root, '');
      const unknown = box.system === null ? [] : await provisioning.allowAddresses(box.paths, box.disk, box.system);
      say(output, { unknown }, unknown.length === 0 ? 'all known' : `not known now: ${unknown.join(', ')}`);
      return unknown.length === 0 ? EXIT.fine : EXIT.warning;
    }));
}

/** @throws PorticoError needs_root */
async function open(root: string, stick: string) {
  const [provisioning, { PorticoError }] = await Promise.all([import('../../provisioning/box.js'), import('../../appliance/kit/index.js')]);
  if (root === '/' && process.getuid?.() !== 0) throw new PorticoError('needs_root');
  return { provisioning, box: await provisioning.openBox(root, stick) };
}

async function version(): Promise<string> {
  const [{ readFile }, { packageRoot }, { join }] = await Promise.all([import('node:fs/promises'), import('../../models/manifest.js'), import('node:path')]);
  return (JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

function say(output: Output, result: { [key: string]: Json }, line: string): void {
  output.line(line);
  output.result(result);
}

function exitOf({ outcome, code, warnings, requests, update }: StickReport): Exit {
  if (outcome === 'refused' || outcome === 'rolled_back' || [...requests, update].some((each) => each != null && each.code !== null)) return EXIT.refused;
  return code !== null || warnings.some((each) => each.code !== 'network_changed') ? EXIT.warning : EXIT.fine;
}
