/** A rehearsal has the box's own settings and a copy of its data, and nobody may hear of it. */
import t from 'tap';
import { loadConfig } from '../../appliance/config/index.js';
import { toEnvironment, checkFile, SETTINGS_FILE } from '../../provisioning/index.js';
import { APART } from '../../updates/rehearsal.js';
import { FULL } from '../support/settingsFile.js';

t.test('a box with every setting that leads outside has none of them in a rehearsal', async (t) => {
  const settings = toEnvironment(checkFile(SETTINGS_FILE, Buffer.from(FULL)).value!);
  const real = loadConfig(settings);
  for (const each of [real.backup, real.export, real.headOfficeUrl]) t.not(each, null, 'the box itself has it');
  const apart = loadConfig({ ...settings, ...APART });
  t.strictSame([apart.egressAllow, apart.metricsAllow], [[], []]);
  t.match(apart, { backup: null, export: null, headOfficeUrl: null, mdns: false, logDirectory: null, boxStateDirectory: null, host: '127.0.0.1', trustPort: 0 });
});
