import { inspect } from 'node:util';

const refuse = (): never => {
  throw new TypeError('an Embedding must not be serialised');
};

/**
 * A face template or probe in memory: a unit vector (L2 norm 1) that says who somebody is. Private by
 * construction: it cannot be turned into JSON, bytes or a structured clone, and shows nothing when printed; whoever
 * needs the numbers has to write `.values()`, which can be found by searching for it.
 */
abstract class FaceVector {
  readonly #values: Float32Array;
  /** The private field alone would be lost in silence by structuredClone and v8.serialize: a function they refuse. */
  readonly sealed = refuse;

  /**
   * @param values raw or normalised, any length; copied and normalised to L2 norm 1
   * @throws RangeError when the values are not finite or all zero: such a vector would match at random
   */
  constructor(values: ArrayLike<number>) {
    const copy = new Float32Array(values);
    let squares = 0;
    for (const value of copy) squares += value * value;
    const norm = Math.sqrt(squares);
    if (!Number.isFinite(norm) || norm < 1e-9) throw new RangeError('an embedding needs finite values that are not all zero');
    for (let i = 0; i < copy.length; i++) copy[i] = copy[i]! / norm;
    this.#values = copy;
  }

  /** The mean direction of one or more embeddings (RECOGNITION: better than the best or the top two). */
  static mean<T extends FaceVector>(this: new (values: ArrayLike<number>) => T, parts: readonly T[]): T {
    const first = parts[0];
    if (first === undefined) throw new RangeError('a mean needs at least one embedding');
    const sum = new Float32Array(first.length);
    for (const part of parts) for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part.#values[i]!;
    return new this(sum);
  }

  get length(): number {
    return this.#values.length;
  }

  /** Cosine similarity, -1..1. */
  similarity(other: this): number {
    let dot = 0;
    for (let i = 0; i < this.#values.length; i++) dot += this.#values[i]! * other.#values[i]!;
    return dot;
  }

  /** A copy of the numbers, for the index and for the worker threads. Never for a log or the network. */
  values(): Float32Array {
    return this.#values.slice();
  }

  toJSON(): never {
    return refuse();
  }

  toString(): string {
    return 'Embedding(sealed)';
  }

  [inspect.custom](): string {
    return 'Embedding(sealed)';
  }
}

/** As the model pack gives it: comparable with any other box that has the same pack, so it is never stored. */
export class Embedding extends FaceVector {
  /** Keeps the two kinds apart: neither fits where the other is asked for. */
  declare protected readonly space: 'of the model pack';
}

/** Turned by the secret of this box: what is stored and searched. Says nothing beside vectors of another box. */
export class RotatedEmbedding extends FaceVector {
  declare protected readonly space: 'of this box';
}
