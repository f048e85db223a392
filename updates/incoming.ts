/** What is to be applied by itself: what head office sent, and what waits for a quiet hour. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import semver from 'semver';
import { isPorticoError } from '../appliance/kit/index.js';
import { openContainer } from './container.js';
import { readManifest } from './manifest.js';
import type { Places } from './places.js';
import { readUpdatesFrom } from './settings.js';
import { readJson, sha256Of, syncFolder, writeWhole } from './whole.js';

/** `fetched`: it came from head office, also when it has waited since. */
export interface Source { file: string; fetched: boolean }

const waitingPath = ({ work }: Places, fetched: boolean): string => join(work, fetched ? 'waiting-fetched.update' : 'waiting.update');

/** The newest by what it says of itself. Where updates come by stick only, what was fetched before that was said is cleared away. Null: there is none. */
export function nextSource(places: Places): Source | null {
  const inFolder = existsSync(places.incoming) ? readdirSync(places.incoming).filter((name) => name.endsWith('.update')).map((name) => join(places.incoming, name)) : [];
  let fetched = [...inFolder, waitingPath(places, true)].filter((file) => existsSync(file));
  if (readUpdatesFrom(places) === 'stick') {
    for (const file of fetched) clearAway(file);
    fetched = [];
  }
  const byHand = waitingPath(places, false);
  const all = [...fetched.map((file) => ({ file, fetched: true })), ...(existsSync(byHand) ? [{ file: byHand, fetched: false }] : [])];
  const [newest] = all.map((source) => ({ source, version: versionOf(source.file) })).sort((a, b) => semver.compare(b.version, a.version));
  return newest?.source ?? null;
}

/** Whoever signed it: that is looked at when it is taken. What cannot be read comes last, and is refused then. */
function versionOf(file: string): string {
  try {
    return readManifest(openContainer(file).manifest).version;
  } catch (error) {
    if (!isPorticoError(error)) throw error;
    return '0.0.0';
  }
}

export const isWaiting = (places: Places, { file, fetched }: Source): boolean => file === waitingPath(places, fetched);

/** Takes the place of what waited: one is applied, not two. */
export function keepWaiting(places: Places, candidate: string, fetched: boolean): void {
  renameSync(candidate, waitingPath(places, fetched));
  rmSync(waitingPath(places, !fetched), { force: true });
  syncFolder(places.work);
}

/** What was fetched lies in a folder of somebody else: that it stays there must not make a failure of what went well. */
export function clearAway(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Its version is not newer any more.
  }
}

/** Whatever the box, this file does not do. Without room, or with another version to be applied first, it may do tomorrow. */
const ON_ITS_MERITS = ['update_unsigned', 'update_damaged', 'update_older', 'update_other_machine', 'update_rehearsal_failed', 'update_health_failed', 'update_deletions_unread'];
export const failedOnItsMerits = (error: unknown): boolean => isPorticoError(error) && ON_ITS_MERITS.includes(error.code);

const knownFile = ({ open }: Places): string => join(open, 'update-known.json');

/** Tells whoever fetches, who may read nothing else of this, what need not come again. @param file null: nothing */
export async function tellKnown(places: Places, file: string | null): Promise<void> {
  if (file !== null && existsSync(file)) writeWhole(knownFile(places), `${JSON.stringify({ sha256: await sha256Of(file) })}\n`, 0o644);
  else rmSync(knownFile(places), { force: true });
}

/** @returns SHA-256 of a file that waits, or failed on its merits */
export function readKnown(places: Places): string | null {
  return (readJson(knownFile(places)) as { sha256: string } | null)?.sha256 ?? null;
}
