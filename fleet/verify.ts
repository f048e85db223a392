/** All releases of a fleet: each checked in worker threads, each store's among one another, and merged into tables that a warehouse reads. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { FleetFault } from './faults.js';
import type { FleetKeys } from './keys.js';
import { compare, listReleases, type ListedStore } from './listing.js';
import { FleetTables } from './output.js';
import type { StoreReport, WorkOrder, WorkResult } from './work.js';
import type { FromFleetWorker } from './worker.js';

export interface FleetOptions {
  /** Where releases lie, at any depth. */
  readonly folder: string;
  readonly keys: FleetKeys;
  /** Where the merged tables go; null: nothing is merged. */
  readonly out: string | null;
  /** The folder begins later than the boxes did: what is before the first release of a chain is not missed. */
  readonly partial?: boolean;
  /** Threads; as many as there are cores. */
  readonly workers?: number;
  readonly progress?: (done: number, of: number) => void;
}
export interface FleetReport {
  /** Called like a release. */
  readonly files: number;
  readonly verified: number;
  readonly copies: number;
  readonly merged: number;
  readonly cells: number;
  readonly tooNew: number;
  readonly stores: readonly StoreReport[];
  /** By file. Empty: all is well. */
  readonly faults: readonly FleetFault[];
  /** Whether tables were written: not of a folder without a single release that can be merged. */
  readonly written: boolean;
}

/** Of one piece of work: some seconds, and a row group of a good size. A store is never divided. */
const FILES_A_PIECE = 2_000;
/** Pieces that may be done before one that comes ahead of them is: what waits is held in memory. */
const PIECES_AHEAD = 2;

/**
 * One bad file stops nothing and is never merged.
 * @throws Error of the system when the folder cannot be read or the tables cannot be written
 */
export async function verifyFleet(options: FleetOptions): Promise<FleetReport> {
  const listed = listReleases(options.folder);
  const pieces = piecesOf(listed.stores);
  let keysOfTwoStores: readonly string[] = [];
  for (;;) {
    const tables = options.out === null || listed.stores.length === 0 ? null : new FleetTables(options.out);
    try {
      const results = await workThrough(pieces, options, keysOfTwoStores, tables);
      const found = signersOfTwoStores(results);
      if (found.length > keysOfTwoStores.length) {
        // What was merged of them is in the tables by now: once more without them. There is no third time, since all signers were seen.
        keysOfTwoStores = found;
        continue;
      }
      const report = reportOf(results, listed);
      const written = tables !== null && report.merged > 0;
      if (written) tables.finish();
      return { ...report, written };
    } finally {
      tables?.discard();
    }
  }
}

/** Stores one after another, as many as make a piece. */
function piecesOf(stores: readonly ListedStore[]): ListedStore[][] {
  const pieces: ListedStore[][] = [];
  let files = FILES_A_PIECE;
  for (const store of stores) {
    if (files + store.files.length > FILES_A_PIECE) {
      pieces.push([]);
      files = 0;
    }
    pieces.at(-1)!.push(store);
    files += store.files.length;
  }
  return pieces;
}

/** What is left of a piece when its tables are written. */
type Rest = Omit<WorkResult, 'tables'>;

function workThrough(
  pieces: readonly ListedStore[][], { folder, keys, out, partial = false, workers = availableParallelism(), progress }: FleetOptions,
  keysOfTwoStores: readonly string[], tables: FleetTables | null,
): Promise<Rest[]> {
  if (pieces.length === 0) return Promise.resolve([]);
  const order: WorkOrder = { folder, keys, partial, keysOfTwoStores, merge: out !== null };
  const threads = Array.from({ length: Math.min(workers, pieces.length) }, () => new Worker(new URL('./worker.js', import.meta.url), { workerData: order, name: 'releases' }));
  const done: Rest[] = [];
  const waiting = new Map<number, WorkResult>();
  const idle = new Set(threads);
  const files = pieces.flat().reduce((sum, store) => sum + store.files.length, 0);
  let next = 0;
  let filesDone = 0;

  return new Promise<Rest[]>((resolve, reject) => {
    const handOut = () => {
      for (const thread of idle) {
        if (next === pieces.length || next - done.length >= threads.length * PIECES_AHEAD) return;
        idle.delete(thread);
        const number = next++;
        const onMessage = (message: FromFleetWorker) => {
          if (message.type === 'files') {
            filesDone += message.files;
            progress?.(filesDone, files);
            return;
          }
          thread.off('message', onMessage);
          idle.add(thread);
          waiting.set(number, message.result);
          take();
        };
        thread.on('message', onMessage);
        thread.postMessage(pieces[number]!);
      }
    };
    /** In the order of the stores, whoever was done first. */
    const take = () => {
      try {
        for (let result = waiting.get(done.length); result !== undefined; result = waiting.get(done.length)) {
          waiting.delete(done.length);
          const { tables: parts, ...rest } = result;
          if (parts !== null) tables?.append(parts);
          done.push(rest);
        }
      } catch (error) {
        reject(error as Error);
        return;
      }
      if (done.length === pieces.length) resolve(done);
      else handOut();
    };
    for (const thread of threads) {
      thread.once('error', reject);
      thread.once('exit', () => reject(new Error('a thread that checks releases ended by itself')));
    }
    handOut();
  }).finally(() => Promise.all(threads.map((thread) => thread.terminate())));
}

function signersOfTwoStores(results: readonly Rest[]): string[] {
  const stores = new Map<string, string>();
  const found = new Set<string>();
  for (const [kid, store] of results.flatMap(({ signers }) => signers)) {
    if (stores.has(kid) && stores.get(kid) !== store) found.add(kid);
    stores.set(kid, store);
  }
  return [...found];
}

function reportOf(results: readonly Rest[], listed: { files: number; faults: readonly FleetFault[] }): Omit<FleetReport, 'written'> {
  const stores = results.flatMap((result) => result.stores);
  const faults = [...listed.faults, ...results.flatMap((result) => result.faults)].sort((one, other) => compare(one.file, other.file) || compare(one.code, other.code));
  const sum = (of: (store: StoreReport) => number) => stores.reduce((before, store) => before + of(store), 0);
  return {
    files: listed.files, verified: sum(({ verified }) => verified), copies: sum(({ copies }) => copies), merged: sum(({ merged }) => merged), cells: sum(({ cells }) => cells),
    tooNew: faults.filter(({ code }) => code === 'release_too_new').length, stores, faults,
  };
}
