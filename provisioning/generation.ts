/** One applied stick: what it wrote, what was there before, and the way between the two. */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BoxPaths } from './boxPaths.js';
import { readIfThere, type Disk } from './disk.js';
import type { Target } from './render.js';

/** A file as it stood before a stick, kept inside the generation. */
interface Before {
  path: string;
  /** Name in the folder `before`; null: there was no such file. */
  kept: string | null;
  mode: number;
}

/**
 * What is under way. There from before the first file changes until everything is as it shall be: whoever finds it after a power cut undoes the
 * change, unless organisation.json names the serial already.
 */
export interface Journal {
  serial: number;
  startedAt: string;
  /** Paths that change, from the root of the box. */
  changed: string[];
}

export const folderOf = (paths: BoxPaths, serial: number): string => join(paths.generations, String(serial));
/** What was told when its settings were applied. */
export const reportOf = (paths: BoxPaths, serial: number): string => join(folderOf(paths, serial), 'report.json');

/** Lays a generation down beside the running one: nothing of the box changes yet. @returns the targets that differ from what is there */
export function prepareGeneration(paths: BoxPaths, disk: Disk, serial: number, targets: readonly Target[]): Target[] {
  const folder = folderOf(paths, serial);
  disk.removeTree(folder); // of an attempt that ended before
  const changed = targets.filter(({ path, text }) => (readIfThere(paths.at(path))?.toString('utf8') ?? null) !== text);
  const before: Before[] = changed.map(({ path }) => {
    const bytes = readIfThere(paths.at(path));
    if (bytes === null) return { path, kept: null, mode: 0 };
    const kept = `${changed.findIndex((each) => each.path === path)}-${basename(path)}`;
    disk.write(join(folder, 'before', kept), bytes, 0o600);
    return { path, kept, mode: statSync(paths.at(path)).mode & 0o777 };
  });
  for (const { path, text, mode } of changed) if (text !== null) disk.write(join(folder, 'files', path), text, mode & 0o700);
  disk.write(join(folder, 'before.json'), `${JSON.stringify(before)}\n`, 0o600);
  return changed;
}

/** From the journal on: file by file. */
export function switchTo(paths: BoxPaths, disk: Disk, journal: Journal, changed: readonly Target[]): void {
  disk.write(paths.journal, `${JSON.stringify(journal)}\n`, 0o600);
  for (const { path, text, mode } of changed) {
    if (text === null) disk.remove(paths.at(path));
    else disk.write(paths.at(path), text, mode);
  }
}

/**
 * Every file as it stood before the generation. What was kept is moved back, not copied: on a full disk there is no room for copies. Done twice
 * it does no harm: what is not kept any more is back already.
 * @returns the paths
 */
export function undo(paths: BoxPaths, disk: Disk, serial: number): string[] {
  const folder = folderOf(paths, serial);
  const bytes = readIfThere(join(folder, 'before.json'));
  if (bytes === null) return []; // cut off before anything was changed
  const before = JSON.parse(bytes.toString('utf8')) as Before[];
  for (const { path, kept, mode } of before.reverse()) {
    if (kept === null) disk.remove(paths.at(path));
    else disk.moveBack(join(folder, 'before', kept), paths.at(path), mode);
  }
  return before.map(({ path }) => path);
}

export function readJournal({ journal }: BoxPaths): Journal | null {
  const bytes = readIfThere(journal);
  return bytes === null ? null : JSON.parse(bytes.toString('utf8')) as Journal;
}
