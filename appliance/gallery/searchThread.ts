/**
 * The search thread: the templates of one model pack in memory, read at start from the encrypted file over a read-only
 * connection of its own, so that the server's event loop never waits for a long search. Changes and questions come through
 * one port and are done in the order in which they were sent. What fails here ends the thread: TemplateSearch starts
 * another, which reads the file again.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isPorticoError, osThreadId, refuseEgress } from '../kit/index.js';
import { openReader, type Database, type ReaderTicket } from '../storage/index.js';
import { DIMENSIONS, SignIndex, type IndexHome, type IndexMatch } from './signIndex.js';

export interface SearchThreadData {
  readerTicket: ReaderTicket;
  modelId: string;
  /** No threshold is ever below this cosine: a best match under it leads to nothing and need not be found. */
  floor: number;
  /** How many changes there were before: those sent from now on are numbered from here. */
  changes: number;
  home: IndexHome;
}

/** `stored`: a template as it is; `blurred`: with noise of its own length, cosine .7; `stranger`: any direction. */
export type CheckProbe = 'stored' | 'blurred' | 'stranger';

export type Question =
  | { type: 'search'; probe: Float32Array; count: number }
  | { type: 'compare' }
  | { type: 'check'; probe: CheckProbe };
export type ToSearchThread =
  | { type: 'put'; change: number; templateId: number; vector: Float32Array }
  | { type: 'remove'; change: number; templateId: number }
  | { type: 'close' }
  | ({ id: number } & Question);
export type Answer =
  | { type: 'search'; matches: IndexMatch[] }
  | { type: 'compare'; rowsInFile: number; rowsInMemory: number; differing: number }
  | { type: 'check'; same: boolean }
  | { type: 'failed'; reason: string };
export type FromSearchThread = { type: 'ready'; osThreadId: number | null } | ({ id: number } & Answer);

/** Scores of the same two vectors differ by rounding only: float32 sums of 512 products. */
const SCORE_ROUNDING = 1e-5;

const { readerTicket, modelId, floor, changes, home } = workerData as SearchThreadData;
refuseEgress([]); // who holds the templates talks to nobody but the main thread
const db = openReader(readerTicket);
const index = new SignIndex(home);
load(db, index);
index.tellChanges(changes);

const port = parentPort!;
port.on('message', (message: ToSearchThread) => {
  switch (message.type) {
    case 'put':
      index.put(message.templateId, message.vector);
      message.vector.fill(0);
      index.tellChanges(message.change);
      break;
    case 'remove':
      index.remove(message.templateId);
      index.tellChanges(message.change);
      break;
    case 'close':
      index.clear();
      db.close();
      port.close();
      break;
    case 'search':
      port.postMessage({ id: message.id, type: 'search', matches: index.nearest(message.probe, message.count) } satisfies FromSearchThread);
      message.probe.fill(0);
      break;
    case 'compare':
    case 'check':
      port.postMessage({ id: message.id, ...fromFile(() => (message.type === 'compare' ? compare() : check(message.probe))) } satisfies FromSearchThread);
      break;
  }
});
port.postMessage({ type: 'ready', osThreadId: osThreadId() } satisfies FromSearchThread);

/**
 * Reads all vectors of the model pack, as they are at one moment. Past vec0's own interface: it opens the chunk anew
 * for each row, which takes 6 s for 100,000 templates (65 s with little cache), its chunk tables 0.9 s, all of it
 * decryption. A chunk has `size` places; `validity` has a bit for each (lowest first), `rowids` an int64.
 */
function load(from: Database, into: SignIndex): void {
  from.exec('BEGIN');
  const chunks = from.all<{ id: number; validity: Buffer; rowids: Buffer }>(
    'SELECT chunk_id AS id, validity, rowids FROM template_vector_chunks WHERE partition00 = ?', modelId);
  for (const { id, validity, rowids } of chunks) {
    const { vectors } = from.get<{ vectors: Buffer }>('SELECT vectors FROM template_vector_vector_chunks00 WHERE rowid = ?', id)!;
    const values = toFloats(vectors);
    for (let place = 0; place < validity.length * 8; place++) {
      if ((validity[place >> 3]! & (1 << (place & 7))) === 0) continue;
      into.put(Number(rowids.readBigInt64LE(place * 8)), values.subarray(place * DIMENSIONS, (place + 1) * DIMENSIONS));
    }
    vectors.fill(0);
  }
  from.exec('COMMIT');
}

/** Whether the templates of the file and those in memory are the same ones. */
function compare(): Answer {
  const inFile = new Set(db.all<{ id: number }>('SELECT id FROM template WHERE model_id = ?', modelId).map(({ id }) => id));
  const inMemory = index.templateIds();
  const both = inMemory.filter((id) => inFile.has(id)).length;
  return { type: 'compare', rowsInFile: inFile.size, rowsInMemory: inMemory.length, differing: inFile.size + inMemory.length - 2 * both };
}

/** Whether a random template is the same in the file, and a search finds the same best match as sqlite-vec. */
function check(kind: CheckProbe): Answer {
  const ids = index.templateIds();
  const templateId = ids[Math.floor(Math.random() * ids.length)];
  if (templateId !== undefined) {
    const row = db.get<{ embedding: Buffer }>('SELECT embedding FROM template_vector WHERE template_id = ? AND model_id = ?', templateId, modelId);
    if (row === undefined || !row.embedding.equals(toBytes(index.vectorOf(templateId)!))) return { type: 'check', same: false };
  }
  const stored = templateId === undefined ? undefined : index.vectorOf(templateId);
  let probe = noise();
  if (stored !== undefined && kind !== 'stranger') probe = kind === 'stored' ? stored.slice() : unit(probe.map((value, i) => value + stored[i]!));
  const [found] = index.nearest(probe, 1);
  // sqlite-vec's cosine distance is 1 - cosine similarity.
  const reference = db.get<{ score: number }>(
    'SELECT 1 - distance AS score FROM template_vector WHERE embedding MATCH ? AND model_id = ? AND k = 1', toBytes(probe), modelId);
  if (found === undefined || reference === undefined) return { type: 'check', same: found === undefined && reference === undefined };
  const lead = reference.score - found.score; // compared by score: two templates may be equally near
  return { type: 'check', same: Math.abs(lead) < SCORE_ROUNDING || (lead > 0 && reference.score < floor) };
}

/** A random direction: 512 values, L2 norm 1. */
function noise(): Float32Array {
  // The sum of uniform numbers is near enough to a normal one for a direction without preference.
  return unit(Float32Array.from({ length: DIMENSIONS }, () => Math.random() + Math.random() + Math.random() - 1.5));
}

function unit(values: Float32Array): Float32Array {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

function fromFile(read: () => Answer): Answer {
  try {
    return read();
  } catch (error) {
    return { type: 'failed', reason: isPorticoError(error) ? error.code : 'internal' };
  }
}

function toBytes(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function toFloats(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);
}
