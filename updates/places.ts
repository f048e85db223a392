import { join } from 'node:path';

/** Where things are on a box. */
export interface Places {
  /** Put in front of every path; the box itself: / */
  readonly root: string;
  /** Release trees, each named by its version. */
  readonly releases: string;
  /** The link to the one that runs. */
  readonly current: string;
  readonly settings: string;
  readonly data: string;
  /** Root's own: nobody else reads or writes here. */
  readonly state: string;
  /** Of `state`, what belongs to an update. */
  readonly work: string;
  /** Root writes, everybody reads. */
  readonly open: string;
  /** Where an unprivileged service leaves what it fetched. */
  readonly incoming: string;
  readonly credentials: string;
  readonly logs: string;
  /** The key of this machine, under which credentials are sealed; with its TPM, where there is one. */
  readonly hostSecret: string;
}

/** @param root put in front of every path: a test's folder, or a mounted disk */
export function placesBelow(root: string): Places {
  const at = (path: string) => join(root, path);
  return Object.freeze({
    root,
    releases: at('opt/portico/releases'), current: at('opt/portico/current'), settings: at('etc/portico'), data: at('var/lib/portico'),
    state: at('var/lib/portico-box'), work: at('var/lib/portico-box/update'), open: at('var/lib/portico-box/public'),
    incoming: at('var/lib/portico-update/incoming'), credentials: at('etc/credstore.encrypted'), logs: at('var/log/portico'),
    hostSecret: at('var/lib/systemd/credential.secret'),
  });
}
