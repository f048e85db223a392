/** Entry of a worker thread: owns one pipeline, answers one job after the other, leaves when told to stop. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { ModelBytes } from '../../models/verify.js';
import { isPorticoError, osThreadId, refuseEgress } from '../kit/index.js';
import type { FromWorker, ToWorker, WorkerFailure, WorkerSetup } from './messages.js';
import { Pipeline } from './pipeline.js';

if (parentPort === null) throw new Error('worker.ts must run in a worker thread');
const port = parentPort;
const { manifest, models } = workerData as WorkerSetup;

/** Of a thread that may wait, -20 (first) to 19 (last): a tenth of the weight of the others. */
const NICENESS = 10;

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) => {
  port.postMessage(message, transfer);
};

function toFailure(error: unknown): WorkerFailure {
  if (isPorticoError(error)) {
    return error.details === undefined ? { code: error.code } : { code: error.code, details: error.details };
  }
  const where = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return { code: 'internal', stack: where.join('\n') };
}

/**
 * Recognition may wait a moment, the thread that answers the iPads may not. On Linux a thread has a niceness of its own;
 * elsewhere, or where it is not allowed, everything stays as it is.
 */
function giveWayToTheMainThread(): void {
  try {
    const threadId = osThreadId();
    if (threadId !== null && threadId !== process.pid) setPriority(threadId, NICENESS);
  } catch {
    // Only speed was at stake.
  }
}

/** The runtime wants memory of its own, not shared memory. */
function unshared(shared: ModelBytes): ModelBytes {
  const { detector, landmarks, embedder, eyes } = shared;
  return { detector: detector.slice(), landmarks: landmarks?.slice() ?? null, embedder: embedder.slice(), eyes: eyes?.slice() ?? null };
}

async function answer(pipeline: Pipeline, message: Extract<ToWorker, { type: 'analyse' }>): Promise<void> {
  const { job } = message;
  try {
    const analysis = await pipeline.analyse(message.image, message.options);
    tell({ type: 'done', job, analysis }, analysis.faces.map((face) => face.sum.buffer as ArrayBuffer));
  } catch (error) {
    tell({ type: 'refused', job, error: toFailure(error) });
  }
}

async function test(pipeline: Pipeline, { job }: Extract<ToWorker, { type: 'test' }>): Promise<void> {
  try {
    tell({ type: 'tested', job, numbers: await pipeline.test() });
  } catch (error) {
    tell({ type: 'refused', job, error: toFailure(error) });
  }
}

refuseEgress([]); // who sees faces talks to nobody but the main thread
giveWayToTheMainThread();
try {
  const pipeline = await Pipeline.load(manifest, unshared(models));
  // One after the other: the pipeline's buffers serve one frame at a time, and stopping waits for the job under way.
  let last = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    last = last.then(async () => {
      if (message.type === 'analyse') return answer(pipeline, message);
      if (message.type === 'test') return test(pipeline, message);
      await pipeline.release();
      // Ends this thread only, and surely: closing the port alone waits for whatever a loader hook keeps open.
      process.exit(0);
    });
  });
  tell({ type: 'ready' });
} catch (error) {
  tell({ type: 'failed_to_start', error: toFailure(error) });
}
