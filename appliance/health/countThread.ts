/** Entry of the thread that counts rows for the support bundle; says what it counted and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { refuseEgress } from '../kit/index.js';
import { openReader, type ReaderTicket } from '../storage/index.js';
import { countRows } from './bundle.js';

refuseEgress([]);

const db = openReader(workerData as ReaderTicket);
try {
  parentPort?.postMessage(countRows(db));
} finally {
  db.close();
}
