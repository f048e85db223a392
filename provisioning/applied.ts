/** The walk from one generation to the next, and back. */
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BoxPaths } from './boxPaths.js';
import { isFull, type Disk } from './disk.js';
import { folderOf, prepareGeneration, readJournal, reportOf, switchTo, undo, type Journal } from './generation.js';
import { readOrganisation, writeOrganisation, type Organisation } from './organisation.js';
import { commandsFor, SERVICE, type Target } from './render.js';
import type { StickFile } from './stickFiles.js';
import { RESULT_FILES } from './stickOut.js';
import type { System } from './system.js';

/** Generations kept: the one in use and the one before it. */
const KEPT = 2;

export interface Change {
  organisation: Organisation;
  targets: readonly Target[];
  file: StickFile;
  /** A checked model pack in staging; null: none. */
  pack: string | null;
}

export interface Applied {
  /** `undone`: the box was not well, or its disk was full, and everything is as it was. `undoing`: the journal stands, and settling goes on from there. */
  outcome: 'well' | 'undone' | 'undoing';
  /** Whether the disk filled up after the switch had begun. */
  full: boolean;
  commands: string[][];
  failed: string[][];
}

export const packFolder = (paths: BoxPaths, serial: number): string => join(paths.models, String(serial));

/**
 * All or nothing. Until the journal is written nothing of the box has changed; until organisation.json names the serial, everything can be undone;
 * from then on it holds.
 * @param system null: nothing is run, and nobody is asked whether the box is well
 * @throws what the file system throws: before the switch nothing has changed; from then on it is thrown only where it is not a full disk, after going back
 */
export async function applyChange(paths: BoxPaths, disk: Disk, system: System | null, change: Change): Promise<Applied> {
  const { organisation: { serial } } = change;
  let changed: Target[];
  try {
    changed = prepareGeneration(paths, disk, serial, change.targets);
    disk.write(join(folderOf(paths, serial), change.file.name), change.file.bytes, 0o600);
    disk.write(join(folderOf(paths, serial), `${change.file.name}.sig`), change.file.signature ?? '', 0o600);
    if (change.pack !== null) {
      chmodSync(change.pack, 0o755);
      disk.folder(paths.at(paths.models));
      disk.removeTree(paths.at(packFolder(paths, serial)));
      disk.rename(change.pack, paths.at(packFolder(paths, serial)));
    }
  } catch (error) {
    sweep(paths, disk);
    throw error;
  }
  const journal: Journal = { serial, startedAt: change.organisation.appliedAt, changed: changed.map(({ path }) => path) };
  const commands = commandsFor(journal.changed);
  const failed: string[][] = [];
  try {
    switchTo(paths, disk, journal, changed);
    if (system !== null && changed.length > 0) {
      const before = commands.some((command) => command.includes(SERVICE)) ? await system.startOf() : null;
      for (const command of commands) if (!(await system.run(command))) failed.push(command);
      if (failed.length > 0 || !(await system.isWell(before))) return { outcome: await tryToGoBack(paths, disk, system, journal), full: false, commands, failed };
    }
    writeOrganisation(paths, disk, change.organisation);
  } catch (error) {
    const begun = readJournal(paths) !== null;
    const outcome = await tryToGoBack(paths, disk, system, journal);
    if (!begun || !isFull(error)) throw error;
    return { outcome, full: true, commands, failed };
  }
  finish(paths, disk);
  return { outcome: 'well', full: false, commands, failed };
}

/** What fails here is done again by `settle`: the journal goes last. */
async function tryToGoBack(paths: BoxPaths, disk: Disk, system: System | null, journal: Journal): Promise<'undone' | 'undoing'> {
  try {
    await goBack(paths, disk, system, journal);
    return 'undone';
  } catch {
    return readJournal(paths) === null ? 'undone' : 'undoing';
  }
}

/** Everything as before, and told to whom it concerns. @param system null: nothing is run */
export async function goBack(paths: BoxPaths, disk: Disk, system: Pick<System, 'run'> | null, journal: Journal): Promise<void> {
  undo(paths, disk, journal.serial);
  for (const command of commandsFor(journal.changed)) await system?.run(command);
  finish(paths, disk);
}

/** The journal goes first: what follows is only tidying, and done again by whoever comes next. */
export function finish(paths: BoxPaths, disk: Disk): void {
  const journal = readJournal(paths);
  for (const path of journal?.changed ?? []) disk.tidy(paths.at(path));
  disk.remove(paths.journal);
  sweep(paths, disk);
}

/** Removes staging, generations and model packs that were never applied, and all but the last two that were. */
export function sweep(paths: BoxPaths, disk: Disk): void {
  for (const path of [paths.journal, paths.organisation, paths.stickJson, paths.boxJson, paths.supportGrant, paths.supportKeys, ...RESULT_FILES.map((name) => join(paths.outbox, name))]) disk.tidy(path);
  const applied = readOrganisation(paths)?.serial ?? 0;
  const of = (folder: string) => numbersIn(folder).map((serial) => ({ serial, path: join(folder, String(serial)) }));
  const generations = of(paths.generations);
  const kept = generations.map(({ serial }) => serial).filter((serial) => serial <= applied).sort((a, b) => b - a).slice(0, KEPT);
  for (const { serial, path } of [...generations, ...of(paths.at(paths.models))]) if (!kept.includes(serial)) disk.removeTree(path);
  for (const serial of kept) disk.tidy(reportOf(paths, serial));
  disk.removeTree(paths.staging);
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).filter((name) => /^\d{1,10}$/.test(name)).map(Number);
  } catch {
    return [];
  }
}
