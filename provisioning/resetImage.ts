/** A disk that is to be copied: nothing stays on it that makes one box this box. */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PorticoError } from '../appliance/kit/index.js';
import { overwriteAndRemove, overwriteFolder, placesBelow } from '../updates/index.js';
import type { BoxPaths } from './boxPaths.js';
import type { Disk } from './disk.js';
import { takeLock } from './lock.js';
import { staleOf, takeBack } from './outside.js';
import { HOST_NAME, OUTSIDE, SERVICE } from './render.js';
import type { System } from './system.js';

/** What may write while files go. The journal's own daemon goes on in memory. */
const STOP: readonly (readonly string[])[] = [
  ['systemctl', 'stop', 'portico-update-fetch.timer', 'portico-update-apply.timer', 'portico-addresses.timer', 'portico-update-fetch.service', 'portico-update-apply.service', SERVICE],
  ['journalctl', '--relinquish-var'],
];

/** Of `folder`, all names that fit. */
const within = (folder: string, fits: RegExp): string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => fits.test(name)).map((name) => join(folder, name)) : []);

/**
 * Removes keys first, then data, logs and the machine's own id. Programs, /etc/portico/local.env and the host name stay. Each copy makes its own
 * when it starts, so this box is not started again before it is copied. Cut off, it is run again.
 * @param system null: below another root, nothing is stopped
 * @returns what was removed, from the root of the box
 * @throws PorticoError wipe_refused {reason}: the box belongs to an organisation, or its service does not stop; stick_busy
 */
export async function resetImage(paths: BoxPaths, disk: Disk, system: Pick<System, 'run'> | null): Promise<string[]> {
  const { at } = paths;
  if (existsSync(paths.organisation)) throw new PorticoError('wipe_refused', { reason: 'this box has had its stick and may hold customers\' data: "portico wipe" first, which signs for it' });
  for (const command of STOP) if (system !== null && !(await system.run(command))) throw new PorticoError('wipe_refused', { reason: `"${command.join(' ')}" did not succeed` });
  const places = placesBelow(paths.root);
  const release = takeLock(paths);
  try {
    const doomed = [
      // Keys: with the first three gone the data is noise.
      ...within(places.credentials, /^portico-/), ...within(at('/etc/credstore'), /^portico-/), paths.key, paths.dataKey, paths.hostSecret,
      ...within(at('/etc/ssh'), /^ssh_host_.*key(\.pub)?$/),
      places.data, places.state, at(paths.models), ...within(at('/var/lib/portico-update'), /./),
      ...within(places.logs, /./), ...within(at('/var/log/journal'), /./),
      ...within(places.settings, /^(?!local\.env$)/), at('/var/lib/systemd/random-seed'),
    ].filter((path) => existsSync(path));
    for (const path of doomed) remove(path);
    // Nothing of a store; but systemd-networkd, once it was switched on, needs a file, and the name is IT's.
    const outside = staleOf(paths.root, OUTSIDE.keys()).filter((path) => path !== HOST_NAME);
    for (const path of outside) takeBack(paths.root, path);
    // The folders themselves are the package's (tmpfiles.d): the next start makes them again.
    // Empty, not missing: systemd makes another one, and does not take the machine for one that was never set up.
    if (existsSync(at('/etc/machine-id'))) disk.write(at('/etc/machine-id'), '', 0o444);
    disk.remove(at('/var/lib/dbus/machine-id'));
    return [...doomed.map((path) => path.slice(at('/').length - 1)), ...outside];
  } finally {
    release();
  }
}

function remove(path: string): void {
  if (lstatSync(path).isDirectory()) overwriteFolder(path);
  else overwriteAndRemove(path);
}
