/** The releases below a folder, by their names. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { STORE_ID_PATTERN } from '../appliance/contract/index.js';
import type { FleetFault } from './faults.js';

export interface ListedFile {
  /** Below the folder that was looked through. */
  readonly file: string;
  /** As the name says; what was signed has to say the same. */
  readonly day: string;
}
export interface ListedStore { readonly store: string; readonly files: readonly ListedFile[] }

/** As archiveNameOf makes it: a day has no second reading, so a store's id may hold what it likes. */
const RELEASE_NAME = /^portico-release-(.+)-(\d{4}-\d{2}-\d{2})\.zip$/;
const RELEASE_LIKE = /^portico-release-.*\.zip$/;
const STORE_ID = new RegExp(STORE_ID_PATTERN);

/**
 * At any depth; stores by their ids, files by their days. What is not called like a release is passed by, a file that is still on its way (.part) too.
 * Links are not followed: one that is called like a release is a fault.
 */
export function listReleases(folder: string): { stores: ListedStore[]; files: number; faults: FleetFault[] } {
  const stores = new Map<string, ListedFile[]>();
  const faults: FleetFault[] = [];
  let files = 0;
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    let entries;
    try {
      entries = readdirSync(at, { withFileTypes: true });
    } catch (error) {
      if (at === folder) throw error;
      faults.push({ code: 'release_unreadable', file: relative(folder, at), details: { reason: (error as NodeJS.ErrnoException).code ?? 'unknown' } });
      continue;
    }
    for (const entry of entries) {
      if (entry.isDirectory()) folders.push(join(at, entry.name));
      else if (RELEASE_LIKE.test(entry.name)) {
        files += 1;
        const file = relative(folder, join(at, entry.name));
        const [, store = '', day = ''] = RELEASE_NAME.exec(entry.name) ?? [];
        if (!entry.isFile()) faults.push({ code: 'release_unreadable', file, details: { reason: 'it is no plain file' } });
        else if (!STORE_ID.test(store)) faults.push({ code: 'release_misnamed', file, details: {} });
        else if (stores.get(store)?.push({ file, day }) === undefined) stores.set(store, [{ file, day }]);
      }
    }
  }
  const sorted = [...stores].sort(([one], [other]) => compare(one, other))
    .map(([store, each]) => ({ store, files: each.sort((one, other) => compare(one.day, other.day) || compare(one.file, other.file)) }));
  return { stores: sorted, files, faults };
}

/** By code units: the same on every machine, whatever its language. */
export const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
