import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAlive, PorticoError } from '../appliance/kit/index.js';
import type { BoxPaths } from './boxPaths.js';
import { Disk, readIfThere } from './disk.js';

/**
 * One at a time: a second stick, or the look at boot while the first is being applied, is told to come back. In /run: a power cut clears it.
 * @returns lets go. @throws PorticoError stick_busy
 */
export function takeLock({ lock }: BoxPaths): () => void {
  new Disk().folder(dirname(lock)); // 0755: the service looks in here for its backup disk
  for (let tries = 0; tries < 2; tries++) {
    try {
      const file = openSync(lock, 'wx', 0o600);
      try {
        writeSync(file, String(process.pid));
      } finally {
        closeSync(file);
      }
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(readIfThere(lock)?.toString('utf8') ?? '');
      if (holder !== process.pid && Number.isInteger(holder) && holder > 0 && isAlive(holder)) break;
      rmSync(lock, { force: true }); // of a process that was killed
    }
  }
  throw new PorticoError('stick_busy');
}
