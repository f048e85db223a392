import { FACE_SIZE } from './align.js';
import type { Model } from './ort.js';

const PLANE = FACE_SIZE * FACE_SIZE;
/** (x - 127.5) / 128 for each byte, in the order B, G, R (RECOGNITION.md, recipe 5). */
const MEAN = 127.5;
const SPREAD = 128;

export interface RawEmbedding {
  /** Sum of the plain and the mirrored pass, not normalised; 512 values, owned by the caller. */
  sum: Float32Array;
  /** L2 norm of the plain pass alone. */
  norm: number;
}

/** Turns one aligned face at a time into numbers. */
export class Embedder {
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  /**
   * @param face planar R, G, B, 0..255, 112 x 112 each
   * @returns null when the model's answer is not finite or all zero: nothing can be compared with that
   */
  async embed(face: Float32Array): Promise<RawEmbedding | null> {
    const { input } = this.#model;
    for (let channel = 0; channel < 3; channel++) {
      const from = (2 - channel) * PLANE;
      const to = channel * PLANE;
      for (let i = 0; i < PLANE; i++) input[to + i] = (face[from + i]! - MEAN) / SPREAD;
    }
    const [plain] = (await this.#model.run()) as [Float32Array];
    mirror(input);
    const [mirrored] = (await this.#model.run()) as [Float32Array];

    const sum = new Float32Array(plain.length);
    let squares = 0;
    let sumSquares = 0;
    for (let i = 0; i < sum.length; i++) {
      squares += plain[i]! * plain[i]!;
      const value = plain[i]! + mirrored[i]!;
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
