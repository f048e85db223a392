/**
 * Made-up embeddings that lie as real ones do. Real faces fill few of the 512 directions: from the measured thresholds
 * (FPIR 1 % at cosine .350 with 10 people and .473 with 610) strangers' cosines are about normal with a standard
 * deviation of .113, as among vectors of 1 / .113^2 = 78 equally used directions. Here the variance falls off
 * geometrically over 192 directions so that it comes to the same, and a fixed rotation (random signs and a Walsh-Hadamard
 * transform) spreads them over all 512 values. Sign bits then depend on each other, as those of real faces do.
 */
import { seededRandom } from './random.js';

export const LENGTH = 512;
/** Directions that are used; what is beyond holds less than a hundredth of the variance. */
export const DIRECTIONS = 192;
/** (1 + r) / (1 - r) = 78 equally used directions. */
const FALL_OFF = 0.9747;
/** Cosine of a probe to its own template. */
const MATE_MIN = 0.6;
const MATE_MAX = 0.8;

const DEVIATION = Float32Array.from({ length: DIRECTIONS }, (_, i) => FALL_OFF ** (i / 2));
const flip = seededRandom(0x9e3779b9);
const SIGNS = Float32Array.from({ length: LENGTH }, () => (flip() < 0.5 ? -1 : 1));

/**
 * Person `i` (0 and up), the same in every run, in the directions that are used: cosines are the same there, at a third
 * of the price. Length 1, as all vectors here.
 */
export function latentPerson(i: number): Float32Array {
  return drawn(seededRandom(0x51ed270b ^ Math.imul(i + 1, 0x85ebca6b)));
}

/** Another look of person `i`, at a cosine of .6 to .8 to the person, in the directions that are used. */
export function latentMate(i: number): Float32Array {
  const random = seededRandom(0x2545f491 ^ Math.imul(i + 1, 0xc2b2ae35));
  const person = latentPerson(i);
  const other = drawn(random);
  const along = dot(person, other);
  const across = other.map((value, at) => value - along * person[at]!);
  const cosine = MATE_MIN + (MATE_MAX - MATE_MIN) * random();
  const scale = Math.sqrt((1 - cosine * cosine) / dot(across, across));
  return person.map((value, at) => cosine * value + scale * across[at]!);
}

/** From the directions that are used to all 512 values; lengths and cosines stay. */
export function rotated(latent: Float32Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(LENGTH);
  for (let i = 0; i < DIRECTIONS; i++) values[i] = latent[i]! * SIGNS[i]!;
  for (let half = 1; half < LENGTH; half *= 2) {
    for (let from = 0; from < LENGTH; from += 2 * half) {
      for (let i = from; i < from + half; i++) {
        const a = values[i]!;
        const b = values[i + half]!;
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
  const scale = 1 / Math.sqrt(LENGTH);
  for (let i = 0; i < LENGTH; i++) values[i] = values[i]! * scale * SIGNS[LENGTH - 1 - i]!;
  return values;
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function drawn(random: () => number): Float32Array {
  const values = new Float32Array(DIRECTIONS);
  let squares = 0;
  for (let i = 0; i < DIRECTIONS; i++) {
    // Four uniform numbers are normal enough here.
    const value = (random() + random() + random() + random() - 2) * DEVIATION[i]!;
    values[i] = value;
    squares += value * value;
  }
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < DIRECTIONS; i++) values[i] = values[i]! * scale;
  return values;
}
