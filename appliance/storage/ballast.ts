import { existsSync, rmSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeWhole } from './whole.js';

/** For the log's index of both files (32 KiB each), and what a start writes. */
const BALLAST_BYTES = 1024 * 1024;
/** It is put back only where this much is left beside it. */
const FREE_BYTES_MIN = 64 * 1024 * 1024;

/** Room that is kept for one start: on a disk without one free block the engine cannot even open its files, and nobody could make room. */
export function keepBallast(file: string): void {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    if (!existsSync(file) && bavail * bsize >= FREE_BYTES_MIN) writeWhole(file, Buffer.alloc(BALLAST_BYTES));
  } catch {
    // without it this start goes on as well
  }
}

/** @returns whether there was any */
export function dropBallast(file: string): boolean {
  if (!existsSync(file)) return false;
  rmSync(file);
  return true;
}
