/** The door of the room: bytes of a picture in, faces with sealed embeddings out. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { loadManifest, modelOf, type ModelManifest, type ModelRole } from '../../models/manifest.js';
import { readModel } from '../../models/verify.js';
import { Embedding, PorticoError, type Logger } from '../kit/index.js';
import { checkByteLength } from './decode.js';
import type { WorkerSetup } from './messages.js';
import { WorkerPool } from './pool.js';
import type { RawAnalysis } from './pipeline.js';
import type { FrameAnalysis } from './types.js';

export { iou } from './geometry.js';
export * from './quality.js';
export type * from './types.js';

/** Faces of a frame that are looked at unless the caller says otherwise: a front desk seldom sees more at once. */
export const MAX_FACES = 8;
/** Workers beyond this bring nothing on the boxes we know. */
const WORKERS_MAX = 4;
/**
 * Raised when a change to alignment or embedding makes new templates differ from old ones while the model stays.
 */
const RECIPE = 'r1';

export interface Vision {
  /**
   * Checks and loads the models into worker threads and runs each once.
   * @throws PorticoError model_missing, model_corrupt {file, expected, found} or vision_unavailable
   */
  start(): Promise<void>;
  /**
   * Finds and reads the faces of one picture. The bytes are copied before this returns.
   * @param options.maxFaces the largest so many, default 8
   * @param options.tiles look for small faces too, at about three times the price; default false
   * @throws PorticoError of the `image_` family for a bad picture; vision_unavailable when the queue (64) is full,
   *   the worker died on it, or the room is not running
   */
  analyse(image: Uint8Array, options?: { maxFaces?: number; tiles?: boolean }): Promise<FrameAnalysis>;
  /** Pack, start of the embedder's hash and recipe: templates of one name may be compared. Known after `start()`. */
  readonly modelPack: string;
  /** Whether a picture given now would be looked at. */
  readonly available: boolean;
  /** Pictures that wait for a worker. */
  readonly queueLength: number;
  /** Refuses what waits, finishes what is under way, ends the workers. */
  stop(): Promise<void>;
}

export interface VisionOptions {
  /** Folder with the .onnx files. */
  modelsDir: string;
  /** Default: models/manifest.json of this package. */
  manifestPath?: string;
  /** Worker threads, one core each; default: the cores, at most 4. */
  workers?: number;
  log?: Logger;
}

export function createVision(options: VisionOptions): Vision {
  return new VisionRoom(options);
}

class VisionRoom implements Vision {
  readonly #options: VisionOptions;
  #running: { pool: WorkerPool; modelPack: string } | null = null;

  constructor(options: VisionOptions) {
    this.#options = options;
  }

  get modelPack(): string {
    return this.#running?.modelPack ?? '';
  }

  get available(): boolean {
    return this.#running?.pool.available ?? false;
  }

  get queueLength(): number {
    return this.#running?.pool.queueLength ?? 0;
  }

  async start(): Promise<void> {
    if (this.#running !== null) throw new Error('vision is already running');
    const { modelsDir, manifestPath, log } = this.#options;
    const manifest = await loadManifest(manifestPath);
    const setup: WorkerSetup = {
      manifest,
      models: {
        detector: await readShared(modelsDir, manifest, 'detector'),
        landmarks: await readShared(modelsDir, manifest, 'landmarks'),
        embedder: await readShared(modelsDir, manifest, 'embedder'),
      },
    };
    const pool = new WorkerPool({ spawn: () => spawnWorker(setup), workers: this.#workerCount(), log });
    await pool.start();
    const modelPack = `${manifest.id}+${modelOf(manifest, 'embedder').sha256.slice(0, 8)}.${RECIPE}`;
    this.#running = { pool, modelPack };
    log?.info({ modelPack, workers: this.#workerCount() }, 'vision: ready');
  }

  async analyse(image: Uint8Array, options: { maxFaces?: number; tiles?: boolean } = {}): Promise<FrameAnalysis> {
    if (this.#running === null) throw new PorticoError('vision_unavailable');
    const { maxFaces = MAX_FACES, tiles = false } = options;
    // Before the copy: what is too large must not cost memory.
    checkByteLength(image.length);
    return seal(await this.#running.pool.run(new Uint8Array(image), { maxFaces, tiles }));
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.pool.stop();
  }

  #workerCount(): number {
    return this.#options.workers ?? Math.min(WORKERS_MAX, availableParallelism());
  }
}

/** A worker thread with its models; exported for the pool's test. */
export function spawnWorker(setup: WorkerSetup): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    workerData: setup,
    name: 'portico-vision',
    // A loader of the main thread (a test runner's, say) would cost seconds in each worker and is no use there.
    execArgv: [],
  });
}

async function readShared(dir: string, manifest: ModelManifest, role: ModelRole): Promise<Uint8Array> {
  const bytes = await readModel(dir, modelOf(manifest, role));
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

function seal(raw: RawAnalysis): FrameAnalysis {
  const faces = raw.faces.map(({ sum, ...face }) => ({ ...face, embedding: new Embedding(sum) }));
  return { ...raw, faces };
}
