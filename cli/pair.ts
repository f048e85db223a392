/** `portico pair`: a one-time code for an iPad, at the console of the box. */
import qrcode from 'qrcode';
import type { Config } from '../appliance/config/index.js';
import { ask } from './health.js';
import type { Output } from './output.js';

/**
 * @param owner the first iPad of a box without an owner
 * @param picture whether to draw the code too: on a terminal
 * @throws PorticoError box_not_running, box_not_ours, owner_exists, owner_needed
 */
export async function pairAtConsole(box: Config, owner: boolean, picture: boolean, output: Pick<Output, 'line' | 'result'>): Promise<void> {
  const made = JSON.parse((await ask(box, 'POST', `/console/pairing-codes/${owner ? 'owner' : 'device'}`)).toString('utf8')) as { code: string; expiresAt: string; url: string };
  output.line(`On the iPad, open this address or scan it, until ${made.expiresAt}. The code works once.\n  ${made.url}`);
  if (picture) output.line(await qrcode.toString(made.url, { type: 'terminal', small: true }));
  if (!owner) output.line('Then sign in as a manager and remove the iPad that was lost, in Settings.');
  output.result(made);
}
