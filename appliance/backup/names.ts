/** Pure rules: what files are called, which of them go, when a backup is due. */
import { join } from 'node:path';
import { dayAfter, instantOf, storeClock } from '../kit/index.js';

const SECOND_MS = 1_000;

/** What the store's files are called: its id, or eight digits of the box's own where it has none. */
export interface Naming { storeId: string }

/** `portico-STORE-YYYYMMDD-HHMMSS.age`, the time in UTC: it sorts, and no hour comes twice. */
export function fileNameOf({ storeId }: Naming, atMs: number): string {
  const [day, time] = new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, '').split('T') as [string, string];
  return `portico-${storeId}-${day}-${time}.age`;
}

/** The list of deletions beside the backups, written anew with each. */
export const deletionsNameOf = ({ storeId }: Naming): string => `portico-${storeId}-deletions.age`;

/** While it is being written. */
export const partOf = (name: string): string => `${name}.part`;

/** When a backup of this store was made, ms since 1970; null: another file. */
export function madeAtOf({ storeId }: Naming, name: string): number | null {
  const start = `portico-${storeId}-`;
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

/** What a run that was cut off left at the target: of this store alone. */
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
