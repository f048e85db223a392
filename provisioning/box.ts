/** The box's side of the stick, as the command line uses it. (The door of the folder is for both sides, and for laptops.) */
import { resolve } from 'node:path';
import { PorticoError, systemClock, type Clock } from '../appliance/kit/index.js';
import { boxPaths, type BoxPaths } from './boxPaths.js';
import { systemdCredentials, type Credentials } from './credentials.js';
import { Disk } from './disk.js';
import { takeLock } from './lock.js';
import { reportText as textOf, type StickReport } from './report.js';
import { settle, type Settled } from './settle.js';
import type { Updating } from './stickUpdate.js';
import { machine, type System } from './system.js';
import { placesBelow, systemdMachine } from '../updates/index.js';

export { allowAddresses } from './addresses.js';
export { applyStick, type ApplyOptions } from './apply.js';
export { firstBoot, type FirstBoot } from './firstboot.js';
export { databaseKeyOf, sealDatabaseKey, settleRestoredKey } from './restoredKey.js';
export type { StickReport } from './report.js';
export { resetImage } from './resetImage.js';

export interface OpenedBox { paths: BoxPaths; disk: Disk; clock: Clock; credentials: Credentials | null; system: System | null; updating: Updating | null }

/**
 * @param root put before every path; other than / nothing is run
 * @param stick where the stick is mounted
 * @param options for tests: who is told of each step, what time it is, and what machine this is
 */
export async function openBox(root: string, stick: string, options: { at?: (step: string) => void; clock?: Clock; system?: System; updating?: Updating } = {}): Promise<OpenedBox> {
  const paths = boxPaths(resolve(root));
  return {
    paths, disk: new Disk(options.at), clock: options.clock ?? systemClock, credentials: await systemdCredentials(paths),
    system: options.system ?? (paths.root === '/' ? machine(paths, stick) : null),
    updating: options.updating ?? (paths.root === '/' ? { machine: systemdMachine(placesBelow('/')) } : null),
  };
}

/** `settle`, alone. @throws PorticoError stick_busy */
export async function settleBox({ paths, disk, clock, system }: OpenedBox): Promise<Settled> {
  const release = takeLock(paths);
  try {
    return await settle(paths, disk, clock, system);
  } finally {
    release();
  }
}

export const reportText = (report: StickReport): string => textOf(report, (code) => new PorticoError(code).message);
