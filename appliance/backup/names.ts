/** Pure rules: what files are called, which of them go, when a backup is due. */
import { join } from 'node:path';
import { dayAfter, instantOf, storeClock } from '../kit/index.js';

const SECOND_MS = 1_000;

/**
 * What a box's files are called: the store's id (eight digits of the box's own where it has none), and eight digits of its vault's. Two boxes may write for one
 * store into one place, such as a spare that was restored for practice: neither touches what the other wrote.
 */
export interface Naming { storeId: string; vault: string }

const startOf = ({ storeId, vault }: Naming): string => `portico-${storeId}-${vault.slice(0, 8)}-`;

/** `portico-STORE-VAULT-YYYYMMDD-HHMMSS.age`, the time in UTC: it sorts, and no hour comes twice. */
export function fileNameOf(naming: Naming, atMs: number): string {
  const [day, time] = new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, '').split('T') as [string, string];
  return `${startOf(naming)}${day}-${time}.age`;
}

/** The list of deletions beside the backups, written anew with each. */
export const deletionsNameOf = (naming: Naming): string => `${startOf(naming)}deletions.age`;

/** The lists of all boxes that wrote for this store. */
export function deletionListsOf({ storeId }: Pick<Naming, 'storeId'>, names: readonly string[]): string[] {
  const start = `portico-${storeId}-`;
  return names.filter((name) => name.startsWith(start) && /^[0-9a-f]{8}-deletions\.age$/.test(name.slice(start.length))).sort();
}

/** While it is being written. */
export const partOf = (name: string): string => `${name}.part`;

/** When a backup of this box was made, ms since 1970; null: another file. */
export function madeAtOf(naming: Naming, name: string): number | null {
  const start = startOf(naming);
  if (!name.startsWith(start)) return null;
  const match = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})\.age$/.exec(name.slice(start.length));
  if (match === null) return null;
  const atMs = Date.parse(`${match.slice(1, 4).join('-')}T${match.slice(4, 7).join(':')}Z`);
  return Number.isNaN(atMs) ? null : atMs;
}

/** A name that is not taken: two backups in one second are told apart. */
export function freeNameOf(naming: Naming, atMs: number, taken: readonly string[]): string {
  let name = fileNameOf(naming, atMs);
  for (let ms = atMs; taken.includes(name); name = fileNameOf(naming, ms)) ms += SECOND_MS;
  return name;
}

/** What a run that was cut off left at the target: of this box alone. */
export function leftOver(naming: Naming, names: readonly string[]): string[] {
  return names.filter((name) => name.endsWith('.part') && (name === partOf(deletionsNameOf(naming)) || madeAtOf(naming, name.slice(0, -'.part'.length)) !== null));
}

/**
 * Which files go. `made` always stays; of the others those from the future count as the oldest: the clock stood wrong then, or
 * stands wrong now.
 * @param keep how many stay, `made` among them
 */
export function toRemove(naming: Naming, names: readonly string[], made: string, keep: number, now: number): string[] {
  const rank = (name: string) => {
    const atMs = madeAtOf(naming, name)!;
    return atMs > now ? -atMs : atMs;
  };
  const others = names.filter((name) => name !== made && madeAtOf(naming, name) !== null).sort((a, b) => rank(b) - rank(a));
  return others.slice(Math.max(0, keep - 1));
}

/**
 * Whether the last time that a backup should have been made went by without one.
 * @param doneMs when the last good one was begun; null: there is none @param at HH:MM in the store's time zone
 */
export function isDue(doneMs: number | null, now: number, at: string, timeZone: string): boolean {
  const { day } = storeClock(now, timeZone);
  const today = instantOf(day, at, timeZone);
  const last = today <= now ? today : instantOf(dayAfter(day, -1), at, timeZone);
  // One from the future was made while the clock stood wrong: it says nothing.
  return doneMs === null || doneMs < last || doneMs > now;
}

/** In the data folder: copies lie there for minutes. */
export const workFolderOf = (dataDirectory: string): string => join(dataDirectory, 'backup-work');
