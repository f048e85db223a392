import type { Command } from 'commander';
import { EXIT } from '../output.js';
import type { Act } from '../program.js';

export function register(program: Command, act: Act): void {
  const audit = program.command('audit').description('the audit log: who did what to whom, chained by hashes');
  audit
    .command('verify')
    .description('whether the log is whole, and every consent, notice, assessment and deletion as it tells them; the box may be running')
    .option('--expect <number:hash>', 'an entry as a receipt or an audit pack has it: that one must stand in the log')
    .action(act(async (output, options: { expect?: string }) => {
      const [{ loadConfig }, { parseHead, verifyAudit }] = await Promise.all([import('../../appliance/config/index.js'), import('../audit.js')]);
      const whole = await verifyAudit(loadConfig(), options.expect === undefined ? null : parseHead(options.expect), output.line, output.result);
      return whole ? EXIT.fine : EXIT.refused;
    }));
  audit
    .command('export')
    .description('the whole log as CSV')
    .argument('<file>', 'a new file; - for standard output')
    .action(act(async (output, file: string) => {
      const [{ loadConfig }, { exportAudit }] = await Promise.all([import('../../appliance/config/index.js'), import('../audit.js')]);
      await exportAudit(loadConfig(), file, output.line);
      if (file !== '-') output.result({ written: file });
    }));
}
