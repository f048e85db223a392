/**
 * The secret rotation of a box: pure but for its seed.
 *
 *   R = (H D3 P3)(H D2 P2)(H D1 P1)     P: a random permutation, D: random signs, H: the Walsh-Hadamard transform / sqrt(n)
 *
 * Each factor is orthogonal, so R is, and cosines stay as they are: thresholds, ranking and means are the same before and
 * after. Three rounds, because one leaves axes recognisable (every value of a turned unit vector has the same size) and two
 * are still structured; from three on such products pass for a random rotation in practice (Ailon and Chazelle 2006 for one
 * round with sampling; Andoni and others 2015 for three). A dense random matrix would do the same in 262,144 products
 * instead of some 14,000 additions.
 *
 * What it is for: the same face on two boxes gives vectors that have nothing in common, and after a new seed the old
 * vectors match nobody. What it is not: encryption. Whoever has the seed undoes it, and whoever has enough pairs of plain
 * and turned vectors of one box solves for it (512 pairs are enough). Secrecy comes from the encrypted files.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import { Embedding, RotatedEmbedding } from '../kit/index.js';

export const SEED_BYTES = 32;
const ROUNDS = 3;

interface Round { from: Uint16Array; signs: Float32Array }

export class Rotation {
  readonly #length: number;
  readonly #rounds: readonly Round[];

  /**
   * @param seed 32 secret bytes
   * @param length of the vectors: a power of two, 2 to 65,536
   * @throws RangeError
   */
  constructor(seed: Uint8Array, length: number) {
    if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes, not ${seed.length}`);
    if (!(length >= 2 && length <= 65_536) || (length & (length - 1)) !== 0) throw new RangeError(`cannot rotate ${length} values: not a power of two`);
    this.#length = length;
    const random = randomNumbers(seed);
    this.#rounds = Array.from({ length: ROUNDS }, () => {
      const from = Uint16Array.from({ length }, (_, i) => i);
      for (let i = length - 1; i > 0; i--) { // Fisher and Yates
        const other = random(i + 1);
        [from[i], from[other]] = [from[other]!, from[i]!];
      }
      return { from, signs: Float32Array.from({ length }, () => (random(2) === 0 ? -1 : 1)) };
    });
  }

  /** @throws RangeError for another length */
  turn(embedding: Embedding): RotatedEmbedding {
    let values: Float32Array = this.#checked(embedding.values());
    let next: Float32Array = new Float32Array(this.#length);
    for (const { from, signs } of this.#rounds) {
      for (let i = 0; i < from.length; i++) next[i] = values[from[i]!]! * signs[i]!;
      transform(next);
      [values, next] = [next, values];
    }
    return wiped([values, next], new RotatedEmbedding(values));
  }

  /** The way back. @throws RangeError for another length */
  turnBack(embedding: RotatedEmbedding): Embedding {
    let values: Float32Array = this.#checked(embedding.values());
    let next: Float32Array = new Float32Array(this.#length);
    for (const { from, signs } of [...this.#rounds].reverse()) {
      transform(values); // its own inverse
      for (let i = 0; i < from.length; i++) next[from[i]!] = values[i]! * signs[i]!;
      [values, next] = [next, values];
    }
    return wiped([values, next], new Embedding(values));
  }

  #checked(values: Float32Array): Float32Array {
    if (values.length !== this.#length) throw new RangeError(`this rotation is for ${this.#length} values, not ${values.length}`);
    return values;
  }
}

/** Leaves nothing of a face in the working memory. */
function wiped<T>(work: readonly Float32Array[], result: T): T {
  for (const each of work) each.fill(0);
  return result;
}

export function newSeed(): Buffer {
  return randomBytes(SEED_BYTES);
}

/** The fast Walsh-Hadamard transform in place, scaled so that lengths stay. */
function transform(values: Float32Array): void {
  const { length } = values;
  for (let half = 1; half < length; half *= 2) {
    for (let start = 0; start < length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = values[i]!;
        const b = values[i + half]!;
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
  const scale = 1 / Math.sqrt(length);
  for (let i = 0; i < length; i++) values[i] = values[i]! * scale;
}

/** Numbers 0 up to `below` from the seed alone: the key stream of AES-256-CTR, 32 bits each, without bias. */
function randomNumbers(seed: Uint8Array): (below: number) => number {
  const stream = createCipheriv('aes-256-ctr', seed, Buffer.alloc(16));
  let bytes = Buffer.alloc(0);
  let at = 0;
  return (below) => {
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      if (at === bytes.length) {
        bytes = stream.update(Buffer.alloc(4_096));
        at = 0;
      }
      const value = bytes.readUInt32LE(at);
      at += 4;
      if (value < limit) return value % below;
    }
  };
}
