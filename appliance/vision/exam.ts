/** Looks at a pack from outside of the room, for `portico models check`: does it make sense, and how long does it take. */
import type { ModelManifest } from '../../models/manifest.js';
import type { ModelBytes } from '../../models/verify.js';
import { PorticoError } from '../kit/index.js';
import { align, FACE_SIZE } from './align.js';
import type { RgbImage } from './geometry.js';
import type { FivePoints } from './landmarks.js';
import { loadPack, release, type LoadedPack } from './pack.js';
import type { Box } from './types.js';

/** The frame that is timed: what a network camera sends. */
const WIDTH = 1280;
const HEIGHT = 720;
/** A face of a front desk in it. */
const FACE: Box = { x: 540, y: 260, width: 160, height: 200 };
const POINTS: FivePoints = {
  leftEye: { x: 585, y: 335 }, rightEye: { x: 655, y: 335 }, nose: { x: 620, y: 375 }, leftMouth: { x: 592, y: 415 }, rightMouth: { x: 648, y: 415 },
};
/** Two patterns that have nothing in common must not look like one face. */
const PATTERN_COSINE_MAX = 0.999;

/** A pack in this thread, without decoding. */
export class PackExam {
  readonly #pack: LoadedPack;
  readonly #frame = pattern(WIDTH, HEIGHT, 1);
  readonly #face = new Float32Array(3 * FACE_SIZE * FACE_SIZE);

  private constructor(pack: LoadedPack) {
    this.#pack = pack;
  }

  /**
   * Loads the models, runs each on a pattern, and asks whether the answers make sense: no face on a plain wall, the same
   * numbers for the same picture, other numbers for another.
   * @throws PorticoError model_corrupt {expected, found}
   */
  static async open(manifest: ModelManifest, bytes: ModelBytes): Promise<PackExam> {
    const pack = await loadPack(manifest, bytes);
    try {
      const exam = new PackExam(pack);
      await exam.#makesSense();
      return exam;
    } catch (error) {
      await release(pack.models);
      throw error;
    }
  }

  async #makesSense(): Promise<void> {
    const wall = { width: WIDTH, height: HEIGHT, data: new Uint8Array(3 * WIDTH * HEIGHT).fill(150) };
    const found = (await this.#pack.detector.detect(wall, false)).length;
    if (found > 0) throw new PorticoError('model_corrupt', { expected: 'no face on a plain wall', found: `${found}` });
    const [first, again, other] = [await this.#embed(1), await this.#embed(1), await this.#embed(2)];
    if (cosine(first, again) < 0.99999) throw new PorticoError('model_corrupt', { expected: 'the same numbers for the same picture', found: `cosine ${cosine(first, again)}` });
    const between = cosine(first, other);
    if (between > PATTERN_COSINE_MAX) throw new PorticoError('model_corrupt', { expected: 'other numbers for another picture', found: `cosine ${between.toFixed(5)}` });
  }

  async #embed(seed: number): Promise<Float32Array> {
    align(pattern(WIDTH, HEIGHT, seed), POINTS, this.#face);
    const embedding = await this.#pack.embedder.embed(this.#face);
    if (embedding === null) throw new PorticoError('model_corrupt', { expected: 'finite numbers that are not all zero', found: 'others' });
    return embedding.sum;
  }

  /** Looks for faces once. @returns ms */
  async timeFrame(): Promise<number> {
    const started = performance.now();
    await this.#pack.detector.detect(this.#frame, false);
    return performance.now() - started;
  }

  /** Reads one face: points, alignment, embedding. @returns ms */
  async timeFace(): Promise<number> {
    const started = performance.now();
    // The pattern has no face: where the landmarks say it is does not matter, that they were asked does.
    await this.#pack.landmarks?.find(this.#frame, FACE);
    align(this.#frame, POINTS, this.#face);
    await this.#pack.embedder.embed(this.#face);
    return performance.now() - started;
  }

  async release(): Promise<void> {
    await release(this.#pack.models);
  }
}

/** A picture of soft waves, another for each seed. */
function pattern(width: number, height: number, seed: number): RgbImage {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        data[3 * (y * width + x) + c] = 127 + 60 * Math.sin((x * seed) / (9 + 4 * c)) + 60 * Math.cos((y / seed) / (7 + 3 * c) + seed);
      }
    }
  }
  return { width, height, data };
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(aa * bb);
}
