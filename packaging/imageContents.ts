/** What may lie in the image, and what must: the release as it was built, and beside it nothing that the base does not have. */
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';
import { sha256OfFile, TEST_FILE, type Release } from './releaseTree.js';

/** Where the release lies in the image. */
export const RELEASE = 'opt/portico';
/** e_machine of an ELF header, by Node's names (System V ABI, the processor supplements). */
const MACHINES: Record<string, number> = { x64: 62, arm64: 183 };
/** Folders and packages of platforms that are not this image's, as npm's packages call them: Debian has glibc. */
const OTHERS = /(^|[-_/.])(darwin|win32|freebsd|android|linuxmusl)[-_/](x64|arm64|arm|ia32|x86)|[-_]musl([-_/.]|$)/;

/**
 * What is wrong with an image, one sentence each; empty: nothing.
 * @param image.directory its root
 * @param image.base root of what it was made FROM
 * @param image.volumes paths in it that are there for volumes
 * @param lock package-lock.json of the project
 */
export async function faultsOfImage({ directory, base, volumes }: { directory: string; base: string; volumes: readonly string[] }, lock: string): Promise<string[]> {
  const faults: string[] = [];
  const releaseFile = join(directory, RELEASE, 'release.json');
  if (!existsSync(releaseFile)) return [`no ${RELEASE}/release.json: what is in it is not known`];
  const release = JSON.parse(readFileSync(releaseFile, 'utf8')) as Release;

  // First, as the reason for all that is found of such a package below.
  const { packages } = JSON.parse(lock) as { packages: Record<string, { dev?: boolean }> };
  for (const [path, { dev }] of Object.entries(packages)) {
    if (dev === true && existsSync(join(directory, RELEASE, 'app', path, 'package.json'))) faults.push(`${path} is only for development`);
  }

  // As it was built, whole, and nothing else: the image has a Node of its own, so that of the tree stays behind.
  const known = new Map(Object.entries(release.files).filter(([path]) => !path.startsWith('bin/')));
  const paths = filesOf(join(directory, RELEASE)).filter((path) => path !== 'release.json');
  const found = new Set(paths);
  faults.push(...[...known.keys()].filter((path) => !found.has(path)).map((path) => `${path} of the release is missing`));
  for (const path of paths) {
    const sum = known.get(path);
    if (sum === undefined) faults.push(`${path} is not of the release`);
    else if (sum !== await sha256OfFile(join(directory, RELEASE, path))) faults.push(`${path} is not as it was released`);
    if (TEST_FILE.test(path)) faults.push(`${path} is a test`);
    if (OTHERS.test(path)) faults.push(`${path} is of another platform`);
    const machine = machineOf(join(directory, RELEASE, path));
    if (machine !== null && machine !== MACHINES[process.arch]) faults.push(`${path} is a program for another machine`);
  }

  const before = new Set(filesOf(base));
  const allowed = [RELEASE, ...volumes.map((path) => path.replace(/^\//, ''))];
  for (const path of filesOf(directory, allowed)) if (!before.has(path)) faults.push(`/${path} is neither of the base nor of the release`);
  return faults;
}

/** Bytes of all plain files below a folder. */
export const sizeOf = (directory: string): number => filesOf(directory).reduce((sum, path) => sum + lstatSync(join(directory, path)).size, 0);

/** Everything below a folder but folders, by path; what is below one of `without` is left out. */
function filesOf(directory: string, without: readonly string[] = [], below = ''): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const path = relative('', join(below, entry.name));
    if (without.includes(path)) return [];
    return entry.isDirectory() ? filesOf(directory, without, path) : [path];
  });
}

/** @returns e_machine of an ELF file; -1 for a program of Windows or macOS, by its first bytes; null for anything else */
export function machineOf(path: string): number | null {
  const head = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, head, 0, head.length, 0) < head.length) return null;
  } finally {
    closeSync(file);
  }
  if (head.readUInt32BE(0) === 0x7f454c46) return head[5] === 1 ? head.readUInt16LE(18) : head.readUInt16BE(18);
  if ([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe].includes(head.readUInt32BE(0))) return -1;
  return head.toString('latin1', 0, 2) === 'MZ' && /\.(exe|dll|node)$/.test(path) ? -1 : null;
}
