import { DIRECTIONS, dot } from './vectors.js';

/** Where the sum is first held against the bound, and again: most of the variance lies before. */
const LOOKS = [32, 80] as const;

/**
 * The nearest person to each probe by comparing all, without an index: the truth for recall. Sums are cut short where
 * not even a perfect rest (Cauchy-Schwarz) could reach the best so far.
 */
export class ExactSearch {
  readonly #probes: readonly Float32Array[];
  readonly #probeRests: readonly (readonly number[])[];
  readonly #best: { person: number; cosine: number }[];

  /** @param mates for each probe somebody it is near to, so that the sums are cut short from the beginning */
  constructor(probes: readonly Float32Array[], mates: readonly { person: number; latent: Float32Array }[]) {
    this.#probes = probes;
    this.#probeRests = probes.map((probe) => LOOKS.map((from) => rest(probe, from)));
    this.#best = probes.map((probe, i) => ({ person: mates[i]!.person, cosine: dot(probe, mates[i]!.latent) }));
  }

  add(person: number, latent: Float32Array): void {
    const rests = LOOKS.map((from) => rest(latent, from));
    for (let p = 0; p < this.#probes.length; p++) {
      const probe = this.#probes[p]!;
      const best = this.#best[p]!;
      let sum = 0;
      let at = 0;
      let cut = false;
      for (let look = 0; look < LOOKS.length && !cut; look++) {
        sum += partialDot(probe, latent, at, LOOKS[look]!);
        at = LOOKS[look]!;
        cut = sum + this.#probeRests[p]![look]! * rests[look]! < best.cosine;
      }
      if (cut) continue;
      sum += partialDot(probe, latent, at, DIRECTIONS);
      if (sum > best.cosine) this.#best[p] = { person, cosine: sum };
    }
  }

  /** Each probe's nearest person among those added (and the mates). */
  get nearest(): readonly number[] {
    return this.#best.map(({ person }) => person);
  }
}

/** From `from` to before `to`, a multiple of four values; four sums side by side, so that no addition waits for the one before. */
function partialDot(a: Float32Array, b: Float32Array, from: number, to: number): number {
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (let i = from; i < to; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  return s0 + s1 + s2 + s3;
}

/** Length of what lies from `from` on. */
function rest(vector: Float32Array, from: number): number {
  let squares = 0;
  for (let i = from; i < DIRECTIONS; i++) squares += vector[i]! * vector[i]!;
  return Math.sqrt(squares);
}
