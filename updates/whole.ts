/** Files written whole: after a power cut there is the old one or the new one. */
import { createHash } from 'node:crypto';
import { chmodSync, closeSync, constants, createReadStream, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OVERWRITE = Buffer.alloc(1_048_576);

/** Waits until what a folder lists is on the disk. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export function syncFile(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export function writeWhole(file: string, text: string | Buffer, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true, mode: mode === 0o644 ? 0o755 : 0o700 });
  rmSync(`${file}.new`, { force: true });
  try {
    writeFileSync(`${file}.new`, text, { mode, flush: true, flag: 'wx' });
  } catch (error) {
    rmSync(`${file}.new`, { force: true }); // of a full disk half of it would stay
    throw error;
  }
  chmodSync(`${file}.new`, mode); // whatever the umask
  renameSync(`${file}.new`, file);
  syncFolder(dirname(file));
}

/** A link that leads to the one or the other, never nowhere. */
export function linkWhole(link: string, target: string): void {
  rmSync(`${link}.new`, { force: true });
  symlinkSync(target, `${link}.new`);
  renameSync(`${link}.new`, link);
  syncFolder(dirname(link));
}

export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Writes zeros over a file where it stands, then takes it away. Flash memory may keep the old blocks all the same: what lies there is encrypted.
 * A link is taken away and not followed.
 */
export function overwriteAndRemove(file: string): void {
  let handle: number | null = null;
  try {
    // Without waiting: a pipe that nobody reads would hold a wipe for good.
    handle = openSync(file, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'ELOOP' && code !== 'ENXIO') throw error; // a link, a pipe or a socket: nothing to write over
  }
  if (handle !== null) {
    try {
      const { size } = fstatSync(handle);
      for (let at = 0; at < size; at += OVERWRITE.length) writeSync(handle, OVERWRITE, 0, Math.min(OVERWRITE.length, size - at), at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }
  rmSync(file, { force: true });
}

/** The same with everything below a folder, and the folder. */
export function overwriteFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) overwriteFolder(path);
    else overwriteAndRemove(path);
  }
  rmSync(folder, { recursive: true, force: true });
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Bytes that may still be written where a folder is; of folders not made yet, where they will be. */
export function roomAt(folder: string): number {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  const { bavail, bsize } = statfsSync(at);
  return bavail * bsize;
}
