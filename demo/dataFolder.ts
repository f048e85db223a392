/** The demo's own data folder, thrown away at each start. Nothing that the demo did not make is ever deleted. */
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MARKER = 'portico-demo';

/**
 * Makes an empty folder that carries the demo's marker.
 * @throws Error when the folder holds anything but a former demo, or a demo that still runs
 */
export function makeFreshDataFolder(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (!found.isDirectory()) throw new Error(`${folder} is not a folder. Nothing was deleted.`);
    const marker = join(folder, MARKER);
    if (existsSync(marker)) {
      const pid = Number(readFileSync(marker, 'utf8'));
      if (isRunning(pid)) throw new Error(`Another demo (process ${pid}) runs on ${folder}. Stop it first, or delete the folder if it is not one.`);
      rmSync(folder, { recursive: true });
    } else if (readdirSync(folder).length > 0) {
      throw new Error(`${folder} was not made by the demo. Nothing was deleted; move it away or choose another with --data.`);
    }
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, MARKER), String(process.pid));
}

/** Tells the next start that nobody uses the folder any more. */
export function releaseDataFolder(folder: string): void {
  writeFileSync(join(folder, MARKER), '');
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's process
  }
}
