/** `portico restore` on a box that systemd runs: its data folder and its sealed key are found, not asked for. */
import { existsSync } from 'node:fs';
import { databaseKeyOf, openBox, sealDatabaseKey, settleRestoredKey } from '../provisioning/box.js';
import { boxPaths } from '../provisioning/boxPaths.js';
import { PorticoError, type Clock } from '../appliance/kit/index.js';
import type { Output } from './output.js';
import { restore, type Restored } from './restore.js';

/** Whether this machine, or the one below `root`, is a box: its first boot has said who it is. */
export const isBox = (root: string): boolean => existsSync(boxPaths(root).boxJson);

/**
 * The key is sealed to this machine as at the first boot, and never lies on its disk in clear. The old sealed key stays until the new data are in place; a power cut in
 * between is settled at the next boot, before the service starts. Where nothing can be sealed, below another root, the key lies in the data folder, as all keys there do.
 * @param step told before each step, for the tests that cut it off
 * @throws PorticoError needs_root, and as `restore`: db_in_use while the service runs
 */
export async function restoreBox(file: string, options: { keyFile: string; replace: boolean; signedBy?: string; root: string }, clock: Clock, output: Pick<Output, 'line' | 'progress'>, step?: (name: string) => void): Promise<Restored> {
  const { keyFile, replace, root, ...known } = options;
  if (root === '/' && process.getuid?.() !== 0) throw new PorticoError('needs_root');
  const { paths, disk, credentials } = await openBox(root, '', step === undefined ? {} : { at: step });
  await settleRestoredKey(paths, disk, credentials); // one that was cut off
  const key = await databaseKeyOf(paths, credentials);
  // Between the rename that says yes and the key's place nobody's Ctrl-C is heard: it is over in a moment.
  const deaf = () => undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  try {
    const restored = await restore(file, { dataDirectory: paths.data, credentialsDirectory: null, ...(key === undefined ? {} : { key }) }, {
      keyFile, replace, keyOut: null, ...known,
      ...(credentials === null ? {} : { sealing: { seal: (made: string) => sealDatabaseKey(credentials, made), settle: async () => { await settleRestoredKey(paths, disk, credentials); } } }),
    }, clock, output, (name) => {
      if (name === 'commit') for (const signal of signals) process.on(signal, deaf);
      step?.(name);
    });
    output.line('Compare the settings, then: systemctl start portico');
    return restored;
  } finally {
    for (const signal of signals) process.off(signal, deaf);
  }
}
