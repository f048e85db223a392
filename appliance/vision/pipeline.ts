import { modelOf, type ModelManifest, type ModelRole } from '../../models/manifest.js';
import { align, FACE_SIZE } from './align.js';
import { decode } from './decode.js';
import { Detector } from './detector.js';
import { Embedder } from './embedder.js';
import { area, clampBox, type RgbImage } from './geometry.js';
import { fivePoints, LandmarkFinder } from './landmarks.js';
import { FaceMeter, measurePose } from './measure.js';
import { Model } from './ort.js';
import type { Box, FrameAnalysis, FoundFace } from './types.js';

/** A face as it leaves a worker: the same as `FoundFace`, with the numbers still open. */
export interface RawFace extends Omit<FoundFace, 'embedding'> {
  /** Sum of the plain and mirrored pass, not normalised. */
  sum: Float32Array;
}
export interface RawAnalysis extends Omit<FrameAnalysis, 'faces'> {
  faces: RawFace[];
}
export interface AnalyseOptions {
  /** The largest so many faces are looked at; the time of a frame grows with each. */
  maxFaces: number;
  tiles: boolean;
}
export type ModelBytes = Record<ModelRole, Uint8Array>;

/** Everything from bytes to embeddings, one frame at a time: the tensors and scratch buffers are its own. */
export class Pipeline {
  readonly #models: readonly Model[];
  readonly #detector: Detector;
  readonly #landmarks: LandmarkFinder;
  readonly #embedder: Embedder;
  readonly #meter = new FaceMeter();
  readonly #face = new Float32Array(3 * FACE_SIZE * FACE_SIZE);

  private constructor(detector: Model, landmarks: Model, embedder: Model) {
    this.#models = [detector, landmarks, embedder];
    this.#detector = new Detector(detector);
    this.#landmarks = new LandmarkFinder(landmarks);
    this.#embedder = new Embedder(embedder);
  }

  /**
   * Loads the three models and runs a synthetic pattern through each.
   * @throws PorticoError model_corrupt or vision_unavailable
   */
  static async load(manifest: ModelManifest, bytes: ModelBytes): Promise<Pipeline> {
    const load = (role: ModelRole) => Model.load(bytes[role], modelOf(manifest, role));
    const pipeline = new Pipeline(await load('detector'), await load('landmarks'), await load('embedder'));
    for (const model of pipeline.#models) await model.selfTest();
    return pipeline;
  }

  /** @throws PorticoError of the `image_` family for a picture that cannot be used */
  async analyse(bytes: Uint8Array, options: AnalyseOptions): Promise<RawAnalysis> {
    const started = performance.now();
    for (const model of this.#models) model.takeRanMs();
    const image = await decode(bytes);
    const decodeMs = performance.now() - started;

    const detections = await this.#detector.detect(image, options.tiles);
    const largest = detections.sort((p, q) => area(q.box) - area(p.box)).slice(0, options.maxFaces);
    const faces: RawFace[] = [];
    for (const { box, score } of largest) {
      const face = await this.#read(image, box, score);
      if (face !== null) faces.push(face);
    }
    const modelsMs = this.#models.reduce((sum, model) => sum + model.takeRanMs(), 0);
    return {
      width: image.width,
      height: image.height,
      faces,
      timings: { decodeMs, modelsMs, totalMs: performance.now() - started },
    };
  }

  /** One detection to one face; null when there is nothing that could be aligned or compared. */
  async #read(image: RgbImage, box: Box, detectionScore: number): Promise<RawFace | null> {
    const inside = clampBox(box, image.width, image.height);
    if (area(inside) === 0) return null;
    const points = await this.#landmarks.find(image, box);
    const visible = align(image, fivePoints(points), this.#face);
    if (visible === null) return null;
    const embedding = await this.#embedder.embed(this.#face);
    if (embedding === null) return null;
    const quality = { norm: embedding.norm, visible, ...this.#meter.measure(this.#face), ...measurePose(points) };
    return { box: inside, detectionScore, quality, sum: embedding.sum };
  }

  async release(): Promise<void> {
    for (const model of this.#models) await model.release();
  }
}
