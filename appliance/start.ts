#!/usr/bin/env node
/** `npm start`: the real box. Starts it, says what to do next, stops it cleanly. */
import qrcode from 'qrcode';
import { parseArgs } from 'node:util';
import { loadConfig } from './config/index.js';
import { isPorticoError } from './kit/index.js';
import { startAppliance, type Appliance } from './main.js';

process.umask(0o077); // whatever is written is for the box alone

const { values: options } = parseArgs({ options: { pair: { type: 'boolean', default: false } } });

let appliance: Appliance;
/** Then what is printed goes into the journal, which others read and which is kept: nothing secret. */
let underSystemd: boolean;
try {
  const config = loadConfig();
  underSystemd = config.notifySocket !== null;
  appliance = await startAppliance(config, { ownMachine: true });
} catch (error) {
  if (!isPorticoError(error)) throw error;
  const details = Object.entries(error.details ?? {}).map(([name, value]) => `\n  ${name}: ${String(value)}`).join('');
  process.stderr.write(`\nPortico did not start. ${error.message} (${error.code})${details}\n`);
  process.exit(1);
}

const [url] = appliance.urls;
const lines = [
  '', `Portico is running.  ${appliance.urls.join('   ')}`,
  ...(appliance.trustUrls.length === 0 ? [] : [`1. On each iPad, once: open ${appliance.trustUrls[0]} in Safari and follow the steps.`,
    '   Compare the fingerprint that the iPad shows with this one (SHA-256 of the box\'s root):', ...appliance.rootFingerprint.split('\n').map((line) => `     ${line}`)]),
];
if (underSystemd) {
  if (appliance.ownerCode !== null) lines.push('2. Owner: plug in the store\'s USB stick; the first code was printed when it was made.');
} else if (appliance.ownerCode !== null) {
  lines.push('2. Owner: scan this, or open the address. The code works once, for 24 hours; starting again makes a new one.');
  lines.push(...(await invitation(appliance.ownerCode)));
} else if (appliance.ownerCodeWaits && !options.pair) {
  lines.push(`2. Owner: open ${url}/pair and enter the code that was printed when the USB stick was made. It works once.`,
    '   If it is lost: stop, then start with --pair.');
} else if (options.pair) {
  const { code, expiresAt } = appliance.makePairingCode();
  lines.push(`2. An iPad: scan this, or open the address, until ${expiresAt}. The code works once.`);
  lines.push(...(await invitation(code)));
} else {
  lines.push('2. Another iPad: a manager finds a code in Settings. If no iPad is left: stop, then "npm start -- --pair".');
}
process.stdout.write(`${lines.join('\n')}\n`);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping) process.exit(1); // asked twice: now
    stopping = true;
    void appliance.stop().then(() => process.exit(0));
  });
}

/** Address and, on a terminal, QR code of the pairing page with a code in it. */
async function invitation(code: string): Promise<string[]> {
  const address = `${url}/pair#${code}`;
  const picture = process.stdout.isTTY ? ['', await qrcode.toString(address, { type: 'terminal', small: true })] : [];
  return [`   ${address}`, ...picture];
}
