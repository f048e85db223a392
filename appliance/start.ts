#!/usr/bin/env node
/** `npm start`: the real box. Starts it, says what to do next, stops it cleanly. */
import qrcode from 'qrcode';
import { loadConfig } from './config/index.js';
import { isPorticoError } from './kit/index.js';
import { startAppliance, type Appliance } from './main.js';

process.umask(0o077); // whatever is written is for the box alone

let appliance: Appliance;
try {
  appliance = await startAppliance(loadConfig());
} catch (error) {
  if (!isPorticoError(error)) throw error;
  const details = Object.entries(error.details ?? {}).map(([name, value]) => `\n  ${name}: ${String(value)}`).join('');
  process.stderr.write(`\nPortico did not start. ${error.message} (${error.code})${details}\n`);
  process.exit(1);
}

const [url] = appliance.urls;
const lines = [
  '', `Portico is running.  ${appliance.urls.join('   ')}`,
  ...(appliance.trustUrls.length === 0 ? [] : [`1. On each iPad, once: open ${appliance.trustUrls[0]} in Safari and follow the three steps.`]),
];
if (appliance.ownerCode !== null) {
  const pairUrl = `${url}/pair#${appliance.ownerCode}`;
  lines.push(
    `2. Owner: open ${pairUrl}`,
    `   or scan this with the iPad's camera. The pairing code ${appliance.ownerCode} works once, for 24 hours; starting again makes a new one.`, '',
    await qrcode.toString(pairUrl, { type: 'terminal', small: true }),
  );
}
process.stdout.write(`${lines.join('\n')}\n`);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void appliance.stop().then(() => process.exit(0));
  });
}
