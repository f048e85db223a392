/**
 * The search thread: a read-only connection of its own to the encrypted file, so that the server's event loop
 * never waits for a search. Each question sees what is committed at that moment.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isPorticoError } from '../kit/index.js';
import { openReader, type ReaderTicket } from '../storage/index.js';

export interface SearchQuestion { id: number; probe: Float32Array; modelId: string; count: number }
export interface SearchMatch { customerId: string; score: number }
export type SearchAnswer = { id: number; matches: SearchMatch[] } | { id: number; failed: string };

const db = openReader(workerData as ReaderTicket);
const port = parentPort!;

port.on('message', (message: SearchQuestion | 'close') => {
  if (message === 'close') {
    db.close();
    port.close();
    return;
  }
  try {
    const probe = Buffer.from(message.probe.buffer, message.probe.byteOffset, message.probe.byteLength);
    // sqlite-vec's cosine distance is 1 - cosine similarity.
    const matches = db.all<SearchMatch>(
      `SELECT template.customer_id AS customerId, 1 - near.distance AS score
       FROM (SELECT template_id, distance FROM template_vector
             WHERE embedding MATCH ? AND model_id = ? AND k = ?) AS near
       JOIN template ON template.id = near.template_id
       ORDER BY near.distance`, probe, message.modelId, message.count);
    port.postMessage({ id: message.id, matches } satisfies SearchAnswer);
  } catch (error) {
    port.postMessage({ id: message.id, failed: isPorticoError(error) ? error.code : 'internal' } satisfies SearchAnswer);
  }
});
port.postMessage('ready');
