import { closeSync, constants, existsSync, fchmodSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, chmodSync, unlinkSync, writeSync, fstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { FOLDER_MODES } from './boxPaths.js';

/**
 * Every change that the box's side makes to its disk goes through here: whole beside the target, flushed, renamed, the folder flushed.
 * A power cut at any moment leaves a file as it was or as it is to be.
 */
export class Disk {
  readonly #at: (step: string) => void;

  /** @param at told of each step before it is taken; a test ends its process there */
  constructor(at: (step: string) => void = () => undefined) {
    this.#at = at;
  }

  /** @param mode permission bits, whatever the umask is */
  write(path: string, bytes: Uint8Array | string, mode: number): void {
    this.#at(`write ${path}`);
    this.folder(dirname(path));
    const beside = `${path}.new`;
    this.tidy(path);
    const file = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      writeAll(file, typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
      fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#at(`rename ${path}`);
    renameSync(beside, path);
    flushFolder(dirname(path));
  }

  /** A file that need not be there. */
  remove(path: string): void {
    this.tidy(path);
    if (!existsSync(path)) return;
    this.#at(`remove ${path}`);
    rmSync(path, { force: true });
    flushFolder(dirname(path));
  }

  /** Removes what a power cut left beside a file: it never came to anything. */
  tidy(path: string): void {
    rmSync(`${path}.new`, { force: true, recursive: true });
  }

  /** A folder with all that is in it; need not be there. */
  removeTree(path: string): void {
    if (!existsSync(path)) return;
    this.#at(`remove ${path}`);
    rmSync(path, { recursive: true, force: true });
    flushFolder(dirname(path));
  }

  /** Puts a file that was kept into its place again, without taking room for it. Not there: it is back already. */
  moveBack(kept: string, path: string, mode: number): void {
    if (!existsSync(kept)) return;
    this.#at(`move back ${path}`);
    chmodSync(kept, mode);
    try {
      renameSync(kept, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      this.write(path, readFileSync(kept), mode); // /etc on a file system of its own
    }
    flushFolder(dirname(path));
  }

  /** Puts a finished folder into its place, where nothing may be. */
  rename(from: string, to: string): void {
    this.#at(`rename ${to}`);
    renameSync(from, to);
    flushFolder(dirname(to));
  }

  /** Makes a folder and those above it: 0755, but for those of FOLDER_MODES. */
  folder(path: string): void {
    if (existsSync(path)) return;
    this.folder(dirname(path));
    try {
      mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was quicker
    }
    chmodSync(path, FOLDER_MODES.find(([pattern]) => pattern.test(path))?.[1] ?? 0o755);
    flushFolder(dirname(path));
  }

  /**
   * Overwrites a file with zeros and removes it. On flash the old cells may live on for a while; what it held was never more than a key
   * under root's own eyes, and from here on it is sealed.
   */
  shred(path: string): void {
    if (!existsSync(path)) return;
    this.#at(`shred ${path}`);
    const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      writeAll(file, Buffer.alloc(fstatSync(file).size));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#at(`unlink ${path}`);
    unlinkSync(path);
    flushFolder(dirname(path));
  }
}

/** Whether there was no room. */
export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

/** @returns null: no such file */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}

function flushFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
