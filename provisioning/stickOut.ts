/** Results on their way to a stick: kept on the box until they are there. */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BoxPaths } from './boxPaths.js';
import type { Disk } from './disk.js';
import type { System } from './system.js';

/** The only names that a box ever writes to a stick. */
export const RESULT_FILES = [
  'portico-result.json', 'portico-result.txt', 'box.json', 'portico-root.crt', 'portico-onboarding.pdf',
  'portico-wipe-certificate.pdf', 'portico-wipe-certificate.jws', 'portico-wipe-certificate.keys.json',
] as const;
export type ResultFile = (typeof RESULT_FILES)[number];

export type ResultContents = ReadonlyMap<ResultFile, Uint8Array | string>;

/** Replaces what was waiting. */
export function layOut(paths: BoxPaths, disk: Disk, files: ResultContents): void {
  disk.removeTree(paths.outbox);
  for (const [name, bytes] of files) disk.write(join(paths.outbox, name), bytes, 0o600);
}

/**
 * Takes what is waiting to the stick; it stops waiting when all of it is there. The stick is opened for writing for that moment only, and not at
 * all when it has everything.
 * @param files straight from memory, where the box's own disk had no room for them; null: what is waiting
 * @returns false: full, write-protected, pulled out
 */
export async function takeToStick(
  paths: BoxPaths, disk: Disk, stick: string, system: Pick<System, 'openStick' | 'closeStick'> | null, files: ResultContents | null = null,
): Promise<boolean> {
  const waiting = RESULT_FILES.flatMap((name) => {
    const held = files?.get(name);
    if (files !== null) return held === undefined ? [] : [[name, Buffer.from(held)] as const];
    try {
      return [[name, readFileSync(join(paths.outbox, name))] as const];
    } catch {
      return [];
    }
  });
  const missing = waiting.filter(([name, bytes]) => !isThere(join(stick, name), bytes));
  const written = missing.length === 0 || (await writeAll(stick, missing, system));
  if (written) disk.removeTree(paths.outbox);
  return written;
}

async function writeAll(stick: string, files: readonly (readonly [string, Buffer])[], system: Pick<System, 'openStick' | 'closeStick'> | null): Promise<boolean> {
  if (system !== null && !(await system.openStick())) return false;
  try {
    for (const [name, bytes] of files) writeBeside(stick, name, bytes);
    return true;
  } catch {
    return false; // whatever a stick does when it is full, broken or gone
  } finally {
    await system?.closeStick();
  }
}

/** Whole beside the name and then renamed: neither a link of this name is followed nor what it points to touched. */
function writeBeside(stick: string, name: string, bytes: Buffer): void {
  const beside = join(stick, `${name}.new`);
  unlinkIfThere(beside);
  try {
    const file = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, join(stick, name));
  } catch (error) {
    unlinkIfThere(beside); // half of a file helps nobody, and takes room
    throw error;
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there, or not removable: what comes next says so.
  }
}

/** Whether the stick has exactly this already. Links are not followed; what is longer is not read. */
function isThere(path: string, bytes: Buffer): boolean {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(file);
      return stat.isFile() && stat.size === bytes.length && readFileSync(file).equals(bytes);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
