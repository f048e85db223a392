/** What the service's address filter lets through besides the LAN: hosts by name have other addresses tomorrow. */
import { isIP } from 'node:net';
import type { BoxPaths } from './boxPaths.js';
import { checkFile, SETTINGS_FILE } from './check.js';
import { readIfThere, type Disk } from './disk.js';
import { hostsOutside } from './render.js';
import type { Settings } from './settings.js';
import type { System } from './system.js';

/** The settings in use; null: none. */
export function appliedSettings(paths: BoxPaths): Settings | null {
  const bytes = readIfThere(paths.at(paths.settings));
  return bytes === null ? null : checkFile(SETTINGS_FILE, bytes).value;
}

/** In memory: a power cut clears it. After the drop-in with the fixed ones by its name, and added to what that one lets through. */
const DROP_IN = '/run/systemd/system/portico.service.d/60-addresses.conf';

/**
 * Looks up head office and the servers for backups and releases and lets the running service reach them, until the box restarts. The name itself is guarded by the
 * service (PORTICO_EGRESS_ALLOW); this is the wall around it.
 * @returns the hosts that nobody knows now
 */
export async function allowAddresses(paths: BoxPaths, disk: Disk, system: Pick<System, 'addressesOf' | 'run'>): Promise<string[]> {
  const settings = appliedSettings(paths);
  const unknown: string[] = [];
  const found = new Set<string>();
  for (const host of settings === null ? [] : hostsOutside(settings)) {
    if (isIP(host) !== 0) continue; // in the unit's drop-in
    const addresses = await system.addressesOf(host);
    if (addresses.length === 0) unknown.push(host);
    for (const address of addresses) found.add(address);
  }
  const file = paths.at(DROP_IN);
  // Only these, and all of them each time: what the settings allow no more is not kept alive from here.
  const text = found.size === 0 ? null : `[Service]\n${[...found].map((address) => `IPAddressAllow=${address}\n`).join('')}`;
  if ((readIfThere(file)?.toString('utf8') ?? null) === text) return unknown;
  if (text === null) disk.remove(file);
  else disk.write(file, text, 0o644);
  await system.run(['systemctl', 'daemon-reload']);
  return unknown;
}
