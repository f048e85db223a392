/** What sticks have written outside Portico's own folder, taken back: the name, the network, the service's drop-in that asks for a key that is gone. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { overwriteAndRemove } from '../updates/index.js';
import { syncFolder, writeWhole } from '../updates/whole.js';
import { OUTSIDE } from './render.js';

/** @returns those of `paths` that are there, and not as on a box that belongs to no store; from the root of the box */
export const staleOf = (root: string, paths: Iterable<string>): string[] => [...paths].filter((path) => {
  const fresh = OUTSIDE.get(path) ?? null;
  return existsSync(join(root, path)) && (fresh === null || readFileSync(join(root, path), 'utf8') !== fresh);
});

/** What stays there stays whole: a power cut leaves no box without a name. */
export function takeBack(root: string, path: string): void {
  const [file, fresh] = [join(root, path), OUTSIDE.get(path) ?? null];
  if (fresh !== null) return writeWhole(file, fresh, 0o644);
  overwriteAndRemove(file);
  syncFolder(dirname(file));
}
