/** Writing on a laptop and on its sticks: a file is there whole or not at all. */
import { closeSync, existsSync, fsyncSync, linkSync, lstatSync, openSync, realpathSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { PorticoError } from '../../appliance/kit/index.js';

/** Replaces what was there. Readable by its owner only, where the file system knows owners. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  put(path, content, (written) => renameSync(written, path));
}

/** @throws PorticoError key_file_exists {file}: nothing is ever overwritten */
export function writeNew(path: string, content: string | Uint8Array): void {
  put(path, content, (written) => {
    try {
      linkSync(written, path);
    } catch (error) {
      if (isThere(path)) throw new PorticoError('key_file_exists', { file: path }, { cause: error });
      renameSync(written, path); // FAT has no links
    }
  });
}

/** Also a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function put(path: string, content: string | Uint8Array, settle: (written: string) => void): void {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.new`);
  const descriptor = openSync(beside, 'wx', 0o600);
  try {
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    settle(beside);
  } finally {
    rmSync(beside, { force: true });
  }
  syncFolder(dirname(path));
}

/** Windows cannot, and need not. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } catch {
    // Some file systems of sticks refuse it; the file itself was synced.
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file, which need not be there yet, would lie in a folder or below it, whatever links lead there. */
export function isInside(file: string, folder: string): boolean {
  const path = relative(realpathSync(folder), real(resolve(file)));
  return path === '' || (path.split(/[/\\]/)[0] !== '..' && !isAbsolute(path));
}

function real(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const above = dirname(path);
  return above === path ? path : join(real(above), basename(path));
}
