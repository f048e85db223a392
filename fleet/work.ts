/** The work of one thread: the files of some stores are read, checked, and made into pieces of the merged tables. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReleaseDocument, ReleaseManifest } from '../appliance/contract/index.js';
import { ARCHIVE_BYTES_MAX, openRelease } from '../appliance/export/opening.js';
import { isPorticoError, PorticoError } from '../appliance/kit/index.js';
import { checkStore, type CheckedStore, type KnownRelease } from './chains.js';
import type { FleetFault } from './faults.js';
import type { FleetKeys } from './keys.js';
import type { ListedFile, ListedStore } from './listing.js';
import { tablesOf, type TableParts } from './tables.js';

export interface WorkOrder {
  readonly folder: string;
  readonly keys: FleetKeys;
  readonly partial: boolean;
  /** Thumbprints of keys that are known to have signed for two stores. */
  readonly keysOfTwoStores: readonly string[];
  /** Whether tables are wanted. */
  readonly merge: boolean;
}
export interface OpenedFile extends KnownRelease {
  readonly manifest: ReleaseManifest;
  readonly document: ReleaseDocument;
  /** release.csv, heading and all. */
  readonly csv: Buffer;
  readonly kid: string;
}
export interface StoreReport {
  readonly store: string;
  readonly files: number;
  /** Opened and found as the box signed them. */
  readonly verified: number;
  /** The same bytes once more. */
  readonly copies: number;
  readonly merged: number;
  readonly released: number;
  readonly skipped: number;
  readonly cells: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly chains: number;
  readonly daysWithout: number;
}
export interface WorkResult {
  readonly stores: readonly StoreReport[];
  readonly faults: readonly FleetFault[];
  /** Which key signed for whom. */
  readonly signers: readonly (readonly [kid: string, store: string])[];
  readonly tables: TableParts | null;
}

/** Signatures are checked in Node's own pool of threads: while it works on one file this thread works on others. */
const FILES_AT_ONCE = 8;

/** @param onFile after each file */
export async function workOn(stores: readonly ListedStore[], order: WorkOrder, onFile: () => void): Promise<WorkResult> {
  const faults: FleetFault[] = [];
  const reports: StoreReport[] = [];
  const taken: OpenedFile[][] = [];
  const signers = new Map<string, readonly [string, string]>();
  for (const { store, files } of stores) {
    const opened: OpenedFile[] = [];
    for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
      for (const result of await Promise.all(files.slice(at, at + FILES_AT_ONCE).map((file) => openFile(store, file, order)))) {
        onFile();
        if ('code' in result) {
          faults.push(result);
          continue;
        }
        signers.set(`${result.kid} ${store}`, [result.kid, store]);
        if (order.keysOfTwoStores.includes(result.kid)) faults.push({ code: 'key_of_two_stores', file: result.file, details: { key: result.kid } });
        else opened.push(result);
      }
    }
    const checked = checkStore(opened, order.partial);
    faults.push(...checked.faults);
    reports.push(reportOf(store, files.length, opened, checked));
    taken.push(checked.taken);
  }
  return { stores: reports, faults, signers: [...signers.values()], tables: order.merge ? tablesOf(taken) : null };
}

async function openFile(store: string, { file, day }: ListedFile, { folder, keys }: WorkOrder): Promise<OpenedFile | FleetFault> {
  try {
    const { manifest, document, files, sha256, kid } = await openRelease(read(join(folder, file)), keys.all);
    if (manifest.store !== store || manifest.day !== day) return { code: 'release_misnamed', file, details: { store: manifest.store, day: manifest.day } };
    if (keys.byStore !== null && !(Object.hasOwn(keys.byStore, store) && keys.byStore[store]!.includes(kid))) return { code: 'key_of_another_store', file, details: { key: kid } };
    return { file, day, sha256, chain: manifest.chain, epsilon: manifest.epsilon, manifest, document, csv: files.find(({ name }) => name === 'release.csv')!.bytes, kid };
  } catch (error) {
    if (isPorticoError(error, 'release_invalid') || isPorticoError(error, 'release_too_new')) return { code: error.code as FleetFault['code'], file, details: error.details as FleetFault['details'] };
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { code: 'release_unreadable', file, details: { reason: code } };
  }
}

/** @throws PorticoError release_invalid for what is too large to be one: it is not read */
function read(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size > ARCHIVE_BYTES_MAX) throw new PorticoError('release_invalid', { reason: `it has more than ${ARCHIVE_BYTES_MAX} bytes` });
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function reportOf(store: string, files: number, opened: readonly OpenedFile[], { taken, copies, chains, daysWithout }: CheckedStore<OpenedFile>): StoreReport {
  const released = taken.filter(({ document }) => document.status === 'released').length;
  return {
    store, files, verified: opened.length, copies, merged: taken.length, released, skipped: taken.length - released, cells: taken.reduce((sum, { document }) => sum + document.cells.length, 0),
    from: taken[0]?.day ?? null, to: taken.at(-1)?.day ?? null, chains, daysWithout,
  };
}
