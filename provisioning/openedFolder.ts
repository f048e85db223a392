/** Files of a folder that an enemy may have filled: plain files only, no link followed at any step, nothing opened twice. */
import { closeSync, constants, createReadStream, existsSync, fstatSync, lstatSync, openSync, opendirSync, readSync, type BigIntStats, type ReadStream } from 'node:fs';
import { join } from 'node:path';

/** Windows knows neither of the two; there the look before opening has to do, and sticks are only written there, not believed. */
const NO_LINK = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** Names of an open folder's files are looked up in that very folder, whatever becomes of its path. Linux only. */
const OPEN_FILES = '/proc/self/fd';
/** More is no stick; of the rest nothing is looked at. */
const ENTRIES_MAX = 10_000;

/** Why something was not read. `gone`: it vanished, or the stick cannot be read there. */
export type Refusal = 'not_plain' | 'too_large' | 'gone';

export interface OpenedFile { readonly bytes: number; read(): Buffer; stream(): ReadStream; close(): void }

/** To be closed. */
export class OpenedFolder {
  readonly #path: string;
  readonly #descriptor: number | null;
  /** Names of what lies in it, as they are written there; at most 10,000. */
  readonly names: readonly string[];

  private constructor(path: string, descriptor: number | null) {
    this.#descriptor = descriptor;
    this.#path = descriptor === null ? path : join(OPEN_FILES, String(descriptor));
    this.names = namesOf(this.#path);
  }

  /** @param path of a folder that is trusted to be where it is, such as a mount point. @throws what the file system throws */
  static at(path: string): OpenedFolder {
    if (!existsSync(OPEN_FILES)) {
      if (!lstatSync(path).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
      return new OpenedFolder(path, null);
    }
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return new OpenedFolder(path, descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** A folder in it, under a name of `names`; null: it is none, or a link. */
  folder(name: string): OpenedFolder | null {
    const path = join(this.#path, name);
    try {
      if (!lstatSync(path).isDirectory()) return null;
      return this.#descriptor === null ? new OpenedFolder(path, null) : new OpenedFolder(path, openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
    } catch {
      return null;
    }
  }

  /**
   * Opens a plain file, under a name of `names`. What it is is asked before it is opened, for opening a device does something, and again of
   * what was opened.
   */
  file(name: string, bytesMax: number): OpenedFile | Refusal {
    const path = join(this.#path, name);
    let descriptor: number | null = null;
    try {
      const before = lstatSync(path, { bigint: true });
      if (!before.isFile()) return 'not_plain';
      descriptor = openSync(path, constants.O_RDONLY | NO_LINK);
      const stat = fstatSync(descriptor, { bigint: true });
      const refusal = !stat.isFile() || !isSame(before, stat) ? 'not_plain' : stat.size > BigInt(bytesMax) ? 'too_large' : null;
      if (refusal !== null) {
        closeSync(descriptor);
        return refusal;
      }
      return opened(descriptor, Number(stat.size));
    } catch (error) {
      if (descriptor !== null) closeSync(descriptor);
      // A link that came between the two looks.
      return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'not_plain' : 'gone';
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeGone(this.#descriptor);
  }
}

/** Of a stick that was pulled out even closing fails; the descriptor is free all the same (close(2)). */
function closeGone(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') throw error;
  }
}

/** FAT numbers its files anew at each look, on some systems; there device and size must do. */
const isSame = (a: BigIntStats, b: BigIntStats): boolean => a.dev === b.dev && a.size === b.size && (a.ino === b.ino || a.ino === 0n || b.ino === 0n);

function opened(descriptor: number, bytes: number): OpenedFile {
  return {
    bytes,
    read: () => {
      const content = Buffer.alloc(bytes);
      let filled = 0;
      while (filled < bytes) {
        const more = readSync(descriptor, content, filled, bytes - filled, filled);
        if (more === 0) break;
        filled += more;
      }
      return content.subarray(0, filled);
    },
    // No more than was promised, should the file grow.
    stream: () => createReadStream('', { fd: descriptor, autoClose: false, start: 0, end: Math.max(0, bytes - 1) }),
    close: () => closeGone(descriptor),
  };
}

function namesOf(path: string): string[] {
  const names: string[] = [];
  const folder = opendirSync(path);
  try {
    for (let entry = folder.readSync(); entry !== null && names.length < ENTRIES_MAX; entry = folder.readSync()) names.push(entry.name);
  } finally {
    folder.closeSync();
  }
  return names.sort();
}
