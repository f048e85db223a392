import type { SpecOf } from '../../models/manifest.js';
import { EMBEDDING_LENGTH } from '../../models/rules.js';
import { FACE_SIZE } from './align.js';
import type { Model } from './ort.js';

const PLANE = FACE_SIZE * FACE_SIZE;
export interface RawEmbedding {
  /**
   * Sum of the plain and, where the pack wants it, the mirrored pass, not normalised; owned by the caller. Always 512
   * values: a shorter answer is followed by zeros, which changes no cosine, so that one index serves every pack.
   */
  sum: Float32Array;
  /** L2 norm of the plain pass alone. */
  norm: number;
}

/** Turns one aligned face at a time into numbers. */
export class Embedder {
  readonly #model: Model;
  readonly #spec: SpecOf<'embedder'>;

  constructor(model: Model, spec: SpecOf<'embedder'>) {
    this.#model = model;
    this.#spec = spec;
  }

  /**
   * @param face planar R, G, B, 0..255, 112 x 112 each
   * @returns null when the model's answer is not finite or all zero: nothing can be compared with that
   */
  async embed(face: Float32Array): Promise<RawEmbedding | null> {
    const { input } = this.#model;
    const { channels, mean, scale, mirrored } = this.#spec;
    for (let channel = 0; channel < 3; channel++) {
      const from = (channels === 'BGR' ? 2 - channel : channel) * PLANE;
      const to = channel * PLANE;
      for (let i = 0; i < PLANE; i++) input[to + i] = (face[from + i]! - mean) / scale;
    }
    const [plain] = (await this.#model.run()) as [Float32Array];
    let other: Float32Array | null = null;
    if (mirrored) {
      mirror(input);
      [other] = (await this.#model.run()) as [Float32Array];
    }

    const sum = new Float32Array(EMBEDDING_LENGTH);
    let squares = 0;
    let sumSquares = 0;
    for (let i = 0; i < plain.length; i++) {
      squares += plain[i]! * plain[i]!;
      const value = plain[i]! + (other === null ? 0 : other[i]!);
      sum[i] = value;
      sumSquares += value * value;
    }
    if (!Number.isFinite(squares) || !Number.isFinite(sumSquares) || sumSquares < 1e-12) return null;
    return { sum, norm: Math.sqrt(squares) };
  }
}

/** Left to right, each row of each plane, in place. */
function mirror(planes: Float32Array): void {
  for (let start = 0; start < planes.length; start += FACE_SIZE) planes.subarray(start, start + FACE_SIZE).reverse();
}
