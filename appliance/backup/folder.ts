import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isPorticoError, PorticoError } from '../kit/index.js';
import type { Bytes } from './sealing.js';
import type { Target, TargetSettings } from './target.js';

type Folder = Extract<TargetSettings, { kind: 'folder' }>;

/** A disk that was pulled says so in many ways. */
const GONE = ['ENOENT', 'ENOTDIR', 'EIO', 'ENODEV', 'ENXIO', 'ESTALE', 'ENOTCONN', 'ETIMEDOUT', 'EHOSTDOWN'];
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const REFUSED = ['EROFS', 'EACCES', 'EPERM'];
/** Of statfs(2). The folder below an unplugged disk of the stick's is in /run: another device than the data's, and no disk. */
const TMPFS = 0x01021994;

/** @throws PorticoError backup_target_missing, backup_target_refused */
export async function openFolder({ folder, mounted }: Folder, dataDirectory: string): Promise<Target> {
  const deviceOf = async (path: string) => (await stat(path)).dev;
  const device = await told(async () => {
    if (!(await stat(folder)).isDirectory()) throw new PorticoError('backup_target_missing', { folder });
    return deviceOf(folder);
  });
  if (mounted && (device === await deviceOf(dataDirectory) || (await statfs(folder)).type === TMPFS)) throw new PorticoError('backup_target_missing', { folder, reason: 'not mounted' });
  /** By path each time: where the disk was pulled, the folder below it would take what was meant for the disk. */
  const at = async (name: string): Promise<string> => {
    if (await deviceOf(folder) !== device) throw new PorticoError('backup_target_missing', { folder });
    return join(folder, name);
  };
  const flush = async () => {
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } catch (error) {
      if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes(codeOf(error))) throw error; // FAT and some servers cannot
    } finally {
      await directory.close();
    }
  };
  return {
    names: () => told(async () => readdir(await at(''))),
    sizeOf: (name) => told(async () => (await stat(await at(name))).size),
    freeBytes: () => told(async () => {
      const { bavail, bsize } = await statfs(await at(''));
      return bavail * bsize;
    }),
    write: (name, content) => told(async () => {
      const file = await open(await at(name), 'wx', 0o600);
      try {
        for await (const chunk of content) await file.writeFile(chunk);
        await file.sync();
      } finally {
        await file.close();
      }
      await flush();
    }),
    read: (name) => reading(at, name),
    rename: (from, to) => told(async () => {
      await rename(await at(from), await at(to));
      await flush();
    }),
    remove: (name) => told(async () => rm(await at(name), { force: true })),
    close: async () => undefined,
  };
}

async function* reading(at: (name: string) => Promise<string>, name: string): Bytes & AsyncGenerator<Uint8Array> {
  const path = await told(() => at(name));
  try {
    yield* createReadStream(path, { highWaterMark: 262_144 }) as Bytes;
  } catch (error) {
    throw inOurWords(error);
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inOurWords(error);
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');

function inOurWords(cause: unknown): unknown {
  if (isPorticoError(cause)) return cause;
  const reason = codeOf(cause);
  if (GONE.includes(reason)) return new PorticoError('backup_target_missing', { reason }, { cause });
  if (FULL.includes(reason)) return new PorticoError('backup_target_full', { reason }, { cause });
  if (REFUSED.includes(reason)) return new PorticoError('backup_target_refused', { reason }, { cause });
  return cause;
}
