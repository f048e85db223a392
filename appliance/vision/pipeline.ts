import type { ModelManifest } from '../../models/manifest.js';
import type { ModelBytes } from '../../models/verify.js';
import { align, FACE_SIZE } from './align.js';
import { decode } from './decode.js';
import type { Detection } from './detector.js';
import { area, centreInside, clampBox, type RgbImage } from './geometry.js';
import { glanceAt } from './glance.js';
import { fivePoints } from './landmarks.js';
import { FaceMeter, measurePose } from './measure.js';
import type { ModelNumbers } from './messages.js';
import { loadPack, release, type LoadedPack } from './pack.js';
import { measureFivePointPose } from './pose.js';
import { splitSettled, type RawSettled } from './settled.js';
import type { FrameAnalysis, FoundFace, Point } from './types.js';

/** A face as it leaves a worker: the same as `FoundFace`, with the numbers still open. */
export interface RawFace extends Omit<FoundFace, 'embedding' | 'glance'> {
  glance: Float32Array;
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
  /** Whether to look if eyes are closed; for photos that are to be enrolled. */
  eyes?: boolean;
  /** Where people who need no second look were last seen; see `splitSettled`. */
  settled?: readonly RawSettled[];
  /** Corners of the only area in which faces are looked at, as shares of width and height. */
  zone?: readonly Point[] | undefined;
}

/** Everything from bytes to embeddings, one frame at a time: the tensors and scratch buffers are its own. */
export class Pipeline {
  readonly #pack: LoadedPack;
  readonly #meter = new FaceMeter();
  readonly #face = new Float32Array(3 * FACE_SIZE * FACE_SIZE);

  private constructor(pack: LoadedPack) {
    this.#pack = pack;
  }

  /** @throws as `loadPack` */
  static async load(manifest: ModelManifest, bytes: ModelBytes): Promise<Pipeline> {
    return new Pipeline(await loadPack(manifest, bytes));
  }

  /** @throws PorticoError of the `image_` family for a picture that cannot be used */
  async analyse(bytes: Uint8Array, options: AnalyseOptions): Promise<RawAnalysis> {
    const started = performance.now();
    for (const model of this.#pack.models) model.takeRanMs();
    const image = await decode(bytes);
    const decodeMs = performance.now() - started;

    const detections = await this.#pack.detector.detect(image, options.tiles);
    const { zone } = options;
    // Of a face outside the zone nothing but its place is ever known, and that only here.
    const within = zone === undefined ? detections : detections.filter(({ box }) => centreInside(box, zone, image.width, image.height));
    const { settled, open } = splitSettled(within, options.settled ?? [], (box) => glanceAt(image, box));
    const largest = open.sort((p, q) => area(q.box) - area(p.box)).slice(0, options.maxFaces);
    const faces: RawFace[] = [];
    for (const detection of largest) {
      const face = await this.#read(image, detection, options.eyes === true);
      if (face !== null) faces.push(face);
    }
    const modelsMs = this.#pack.models.reduce((sum, model) => sum + model.takeRanMs(), 0);
    return {
      width: image.width,
      height: image.height,
      faces,
      settled: settled.map(({ index, detection }) => ({
        index, box: clampBox(detection.box, image.width, image.height), detectionScore: detection.score,
      })),
      timings: { decodeMs, modelsMs, totalMs: performance.now() - started },
    };
  }

  /** One detection to one face; null when there is nothing that could be aligned or compared. */
  async #read(image: RgbImage, { box, score, points }: Detection, eyes: boolean): Promise<RawFace | null> {
    const inside = clampBox(box, image.width, image.height);
    if (area(inside) === 0) return null;
    const landmarks = this.#pack.landmarks === null ? null : await this.#pack.landmarks.find(image, box);
    const five = landmarks === null ? points : fivePoints(landmarks);
    if (five === null) return null;
    const visible = align(image, five, this.#face);
    if (visible === null) return null;
    const embedding = await this.#pack.embedder.embed(this.#face);
    if (embedding === null) return null;
    const pose = landmarks === null ? measureFivePointPose(five) : measurePose(landmarks);
    const eyesClosed = eyes && landmarks !== null && this.#pack.eyes !== null ? await this.#pack.eyes.closed(image, landmarks) : null;
    const quality = { norm: embedding.norm, visible, ...this.#meter.measure(this.#face), ...pose, eyesClosed };
    return { box: inside, detectionScore: score, quality, sum: embedding.sum, glance: glanceAt(image, box) };
  }

  /** As Model.selfTest, of each model. @throws PorticoError model_corrupt */
  async test(): Promise<ModelNumbers> {
    const numbers: ModelNumbers = {};
    for (const model of this.#pack.models) numbers[model.role] = await model.selfTest();
    return numbers;
  }

  async release(): Promise<void> {
    await release(this.#pack.models);
  }
}
