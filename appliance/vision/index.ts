/** The door of the room: bytes of a picture in, faces with sealed embeddings out. */
import './noTelemetry.js';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { loadManifest, manifestPathFor, modelPackOf, type Calibration, type Gates, type ModelManifest } from '../../models/manifest.js';
import { changedModel, readModels } from '../../models/verify.js';
import { collectSeldom, Embedding, PorticoError, type Logger } from '../kit/index.js';
import { checkByteLength } from './bytes.js';
import type { PackExam } from './exam.js';
import type { ModelNumbers, WorkerSetup } from './messages.js';
import { WorkerPool } from './pool.js';
import type { RawAnalysis } from './pipeline.js';
import type { Box, FrameAnalysis, Point, Settled } from './types.js';

export { iou } from './geometry.js';
export * from './quality.js';
export type { PackExam } from './exam.js';
export type { ModelNumbers } from './messages.js';
export type * from './types.js';

/** Faces of a frame that are looked at unless the caller says otherwise: a front desk seldom sees more at once. */
export const MAX_FACES = 8;
/** Workers beyond this bring nothing on the boxes we know. */
const WORKERS_MAX = 4;

/** All models run within a tenth of a second; a photo that is being looked at comes before. */
const TEST_DEADLINE_MS = 20_000;

/** What a pack says about its own numbers. */
export interface VisionPack {
  /** For `usable`, `decidable` and `judgeForEnrolment`. */
  readonly gates: Gates;
  readonly calibration: Calibration;
}
export type { Calibration, Gates };

export interface VisionAnalyseOptions {
  /** The largest so many, default 8; settled ones do not count. */
  maxFaces?: number;
  /** Look for small faces too, at about three times the price; default false. */
  tiles?: boolean;
  /** Look whether eyes are closed (`quality.eyesClosed`): for photos to be enrolled; default false. */
  eyes?: boolean;
  /** People who were decided on: who still stands there alone and looks the same is not embedded again. */
  settled?: readonly Settled[];
  /**
   * Corners of an area, as shares 0..1 of the upright picture's width and height: a face whose centre lies outside is dropped as soon
   * as it is found, before its points or an embedding are taken. Default: the whole picture.
   */
  zone?: readonly Point[] | undefined;
}

export interface Vision {
  /**
   * Reads what the pack says about itself; after this `modelPack` and `pack` are known. `start()` does it if nobody did.
   * @throws PorticoError model_missing, model_corrupt, model_licence_missing or model_uncalibrated
   */
  prepare(): Promise<void>;
  /**
   * Checks and loads the models into a worker thread and runs each once; then it resolves, and the other workers follow.
   * @param othersAfter what these wait for; default: nothing
   * @throws PorticoError model_missing, model_corrupt {file, expected, found}, vision_unavailable, and those of `prepare`
   */
  start(othersAfter?: Promise<unknown>): Promise<void>;
  /**
   * Finds and reads the faces of one picture. The bytes are copied before this returns.
   * @throws PorticoError of the `image_` family for a bad picture; vision_unavailable when the queue (64) is full,
   *   the worker died on it, or the room is not running
   */
  analyse(image: Uint8Array, options?: VisionAnalyseOptions): Promise<FrameAnalysis>;
  /**
   * The face alone as a small JPEG without metadata, for a picture that the customer agreed to have kept.
   * @param image one that `analyse` accepted
   * @param box of the face in it
   */
  cutOut(image: Uint8Array, box: Box): Promise<Uint8Array>;
  /**
   * The whole picture as a JPEG without metadata, upright, at most 2048 pixels a side: for a photo of a thing.
   * @param image one that `analyse` accepted
   * @param turnDegrees further, clockwise: 0, 90, 180 or 270; default 0
   */
  plain(image: Uint8Array, turnDegrees?: number): Promise<Uint8Array>;
  /** Pack, start of the embedder's hash and recipe: templates of one name may be compared. Known after `prepare()`. */
  readonly modelPack: string;
  /** Gates and calibration of the pack; known after `prepare()`. @throws PorticoError vision_unavailable before */
  readonly pack: VisionPack;
  /** Whether a picture given now would be looked at. */
  readonly available: boolean;
  /** Pictures that wait for a worker. */
  readonly queueLength: number;
  /**
   * Runs each model over its pattern in every worker that is ready, and reads the files again.
   * @returns `changed`: a file that is not the one that was loaded, or null; `expected`: the numbers that the pack names, null where it names
   *   none; `found`: those of each worker, null of one that did not answer
   */
  selfTest(): Promise<{ changed: string | null; expected: ModelNumbers | null; found: (ModelNumbers | null)[] }>;
  /** Whether every worker that is ready has answered since this was last asked, or passes a self-test within the deadline; and there is one. */
  answers(deadlineMs: number): Promise<boolean>;
  /** Refuses what waits, finishes what is under way, ends the workers. */
  stop(): Promise<void>;
}

export interface VisionOptions {
  /** Folder with the .onnx files. */
  modelsDir: string;
  /** Default: the folder's own manifest.json when it has one, else models/manifest.json of this package. */
  manifestPath?: string;
  /** Start a pack that has no calibration yet; only for what measures one. */
  uncalibrated?: boolean;
  /** Worker threads, one core each; default: the cores, at most 4. */
  workers?: number;
  /** Called whenever a worker has started, also one that replaces another. */
  workerReady?: () => void;
  log?: Logger;
}

/** Nobody is like anybody: what stands in while a pack is being measured. */
const NO_CALIBRATION: Calibration = {
  measuredOn: 'nothing yet', fpir: [0.01, 0.001], table: [{ people: 1, cosine: [1, 1] }, { people: 2, cosine: [1, 1] }], perDecade: 0, floor: 0.99, cap: 1,
};

/** As `PackExam.open`; what it takes is loaded only then, for the box itself never needs it here. */
export async function examinePack(...pack: Parameters<typeof PackExam.open>): Promise<PackExam> {
  return (await import('./exam.js')).PackExam.open(...pack);
}

export function createVision(options: VisionOptions): Vision {
  return new VisionRoom(options);
}

class VisionRoom implements Vision {
  readonly #options: VisionOptions;
  #manifest: ModelManifest | null = null;
  #pack: VisionPack | null = null;
  #pool: WorkerPool | null = null;

  constructor(options: VisionOptions) {
    this.#options = options;
  }

  get modelPack(): string {
    return this.#manifest === null ? '' : modelPackOf(this.#manifest);
  }

  get pack(): VisionPack {
    if (this.#pack === null) throw new PorticoError('vision_unavailable');
    return this.#pack;
  }

  get available(): boolean {
    return this.#pool?.available ?? false;
  }

  get queueLength(): number {
    return this.#pool?.queueLength ?? 0;
  }

  async prepare(): Promise<void> {
    const { modelsDir, manifestPath } = this.#options;
    const manifest = await loadManifest(manifestPath ?? manifestPathFor(modelsDir));
    const calibration = manifest.calibration ?? (this.#options.uncalibrated === true ? NO_CALIBRATION : null);
    if (calibration === null) throw new PorticoError('model_uncalibrated', { pack: manifest.id });
    this.#manifest = manifest;
    this.#pack = Object.freeze({ gates: manifest.gates, calibration });
  }

  async start(othersAfter?: Promise<unknown>): Promise<void> {
    if (this.#pool !== null) throw new Error('vision is already running');
    if (this.#manifest === null) await this.prepare();
    const manifest = this.#manifest!;
    const { modelsDir, log } = this.#options;
    const { detector, landmarks, embedder, eyes } = await readModels(modelsDir, manifest);
    const setup: WorkerSetup = {
      manifest,
      models: {
        detector: shared(detector), landmarks: landmarks && shared(landmarks), embedder: shared(embedder), eyes: eyes && shared(eyes),
      },
    };
    collectSeldom();
    const pool = new WorkerPool({ spawn: () => spawnWorker(setup), workers: this.#workerCount(), log, workerReady: this.#options.workerReady });
    await pool.start(othersAfter);
    this.#pool = pool;
    log?.info({ modelPack: this.modelPack, workers: this.#workerCount() }, 'vision: ready');
  }

  async analyse(image: Uint8Array, options: VisionAnalyseOptions = {}): Promise<FrameAnalysis> {
    if (this.#pool === null) throw new PorticoError('vision_unavailable');
    const { maxFaces = MAX_FACES, tiles = false, eyes = false, settled = [], zone } = options;
    // Before the copy: what is too large must not cost memory.
    checkByteLength(image.length);
    return seal(await this.#pool.run(new Uint8Array(image), {
      maxFaces, tiles, eyes, zone, settled: settled.map(({ box, glance }) => ({ box, glance: glance.values() })),
    }));
  }

  async selfTest(): ReturnType<Vision['selfTest']> {
    if (this.#pool === null || this.#manifest === null) return { changed: null, expected: null, found: [] };
    const [changed, found] = await Promise.all([changedModel(this.#options.modelsDir, this.#manifest), this.#pool.test(TEST_DEADLINE_MS)]);
    const named = this.#manifest.models.flatMap(({ role, answers }) => (answers === undefined ? [] : [[role, answers] as const]));
    return { changed, expected: named.length === this.#manifest.models.length ? Object.fromEntries(named) : null, found };
  }

  async answers(deadlineMs: number): Promise<boolean> {
    return (await this.#pool?.answers(deadlineMs)) ?? false;
  }

  async cutOut(image: Uint8Array, box: Box): Promise<Uint8Array> {
    const { cutOut } = await import('./decode.js'); // the image library is for workers; here it is seldom wanted
    return cutOut(image, box);
  }

  async plain(image: Uint8Array, turnDegrees = 0): Promise<Uint8Array> {
    const { plain } = await import('./decode.js'); // as above
    return plain(image, turnDegrees);
  }

  async stop(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.stop();
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

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function seal(raw: RawAnalysis): FrameAnalysis {
  const faces = raw.faces.map(({ sum, glance, ...face }) => ({
    ...face, embedding: new Embedding(sum), glance: glance.some((value) => value !== 0) ? new Embedding(glance) : null,
  }));
  return { ...raw, faces };
}
