/** A thread of verifyFleet: some stores at a time, until it is ended. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ListedStore } from './listing.js';
import { workOn, type WorkOrder, type WorkResult } from './work.js';

export type FromFleetWorker = { type: 'files'; files: number } | { type: 'done'; result: WorkResult };

/** Files between two words about it: some hundredths of a second. */
const FILES_A_WORD = 50;

const port = parentPort!;
port.on('message', (stores: readonly ListedStore[]) => {
  let files = 0;
  const tell = () => {
    port.postMessage({ type: 'files', files } satisfies FromFleetWorker);
    files = 0;
  };
  void workOn(stores, workerData as WorkOrder, () => { if (++files === FILES_A_WORD) tell(); }).then((result) => {
    tell();
    const { tables } = result;
    const handedOver = tables === null ? [] : [tables.cells.bytes, tables.days.bytes, tables.csv.cells, tables.csv.days, tables.csv.months].map(({ buffer }) => buffer);
    port.postMessage({ type: 'done', result } satisfies FromFleetWorker, handedOver);
  });
});
