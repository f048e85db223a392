import type { Command } from 'commander';
import { PorticoError, systemClock } from '../../appliance/kit/index.js';
import { EXIT, UsageError } from '../output.js';
import type { Act } from '../program.js';

/** The end of a box's data. */
export function register(program: Command, act: Act): void {
  program.command('wipe').description('destroys all data of this box, keys first, and gives a signed certificate; as root')
    .option('--confirm <id>', 'id of the store or of the box, typed out')
    .option('--resume', 'at boot: goes on with a wipe that was cut off, and does nothing where there is none')
    .option('--certificate <folder>', 'where the certificate goes; default: the public folder of the box')
    .option('--keep-organisation', 'the box stays with this organisation: no other one\'s stick will do')
    .option('--without-certificate', 'where the database does not open any more: nothing can be signed')
    .option('--root <dir>', 'put before every path: a mounted disk, or a trial', '/')
    .action(act(async (output, options: { confirm?: string; resume?: boolean; certificate?: string; keepOrganisation?: boolean; withoutCertificate?: boolean; root: string }) => {
      if ((options.confirm === undefined) !== (options.resume === true)) throw new UsageError('Which box? --confirm and the id of the store or of the box. (--resume is for the start of the box.)');
      if (options.root === '/' && process.getuid?.() !== 0) throw new PorticoError('needs_root');
      const { boxPaths } = await import('../../provisioning/boxPaths.js');
      const { takeLock } = await import('../../provisioning/lock.js');
      const { wipeBox } = await import('../../provisioning/wipe.js');
      const { placesBelow, systemdMachine } = await import('../../updates/index.js');
      const places = placesBelow(options.root);
      const unlock = takeLock(boxPaths(options.root));
      const { certificate, resumed, idle } = await wipeBox({
        places, machine: systemdMachine(places), clock: systemClock, confirm: options.confirm ?? null, requestedBy: 'console', certificateFolder: options.certificate ?? null,
        keepOrganisation: options.keepOrganisation === true, withoutCertificate: options.withoutCertificate === true,
      }).finally(unlock);
      if (idle) {
        output.line('No wipe was cut off.');
        output.result({ certificate, resumed, idle });
        return EXIT.fine;
      }
      output.line(`The data of this box are destroyed${resumed ? '; a wipe that was cut off before is done' : ''}.`);
      output.line(certificate === null ? 'There is no certificate: the box could not sign one.' : `Certificate: ${certificate}`);
      output.result({ certificate, resumed, idle });
      return certificate === null ? EXIT.warning : EXIT.fine;
    }));
}
