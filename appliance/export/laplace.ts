/**
 * Discrete Laplace noise, sampled exactly: whole numbers and fair draws alone, no logarithm and no floating point, whose gaps would tell what the noise hides
 * (Mironov 2012, "On significance of the least significant bits for differential privacy"). After Canonne, Kamath and Steinke 2020, "The discrete Gaussian for
 * differential privacy", algorithms 1 and 2.
 */
import { bernoulli, type RandomSource } from './random.js';

/** numerator / denominator, both whole and above 0; the noise with scale b has P(x) proportional to exp(-|x| / b). */
export interface Scale { readonly numerator: number; readonly denominator: number }

/** True with the chance exp(-numerator / denominator), the fraction being 0 to 1 (algorithm 1). */
function bernoulliExpUpToOne(numerator: number, denominator: number, random: RandomSource): boolean {
  let draws = 1;
  while (bernoulli(numerator, denominator * draws, random)) draws += 1;
  return draws % 2 === 1;
}

/**
 * One sample of noise.
 * @param scale both parts below 2^24: what is multiplied stays whole (2^48) also after a million draws that have no chance to come
 * @returns a whole number, around 0
 */
export function discreteLaplace({ numerator: t, denominator: s }: Scale, random: RandomSource): number {
  for (;;) {
    const low = random.below(t);
    if (!bernoulliExpUpToOne(low, t, random)) continue;
    let high = 0;
    while (bernoulliExpUpToOne(1, 1, random)) high += 1;
    const size = Math.floor((low + t * high) / s);
    const isNegative = random.below(2) === 1;
    if (isNegative && size === 0) continue; // else 0 would come twice as often
    return isNegative ? -size : size;
  }
}

/** P(noise = x): (1 - q) / (1 + q) q^|x| with q = exp(-1 / b). For tests, thresholds and errors, never for sampling. */
export function probabilityOf(x: number, { numerator, denominator }: Scale): number {
  const q = Math.exp(-denominator / numerator);
  return ((1 - q) / (1 + q)) * q ** Math.abs(x);
}

/** 2 q / (1 - q)^2. */
export function varianceOf({ numerator, denominator }: Scale): number {
  const q = Math.exp(-denominator / numerator);
  return (2 * q) / (1 - q) ** 2;
}

/** What lies further out than this weighs nothing beside any delta (1e-9 at least). */
const NEGLIGIBLE = 1e-15;

/** The smallest k for which `count` samples add up to k or more with a chance of at most `chance`. @param chance above 1e-12 */
export function tailBound(count: number, scale: Scale, chance: number): number {
  const b = scale.numerator / scale.denominator;
  const reach = Math.ceil(-Math.log(NEGLIGIBLE) * b);
  const one = Array.from({ length: 2 * reach + 1 }, (_, i) => probabilityOf(i - reach, scale));
  let sum = [1];
  for (let n = 0; n < count; n += 1) sum = convolved(sum, one);
  const centre = count * reach;
  let tail = 0;
  for (let k = sum.length - 1 - centre; k >= 0; k -= 1) {
    tail += sum[centre + k]!;
    if (tail > chance) return k + 1;
  }
  return 0;
}

function convolved(a: readonly number[], b: readonly number[]): number[] {
  const out = new Array<number>(a.length + b.length - 1).fill(0);
  a.forEach((x, i) => {
    if (x > 0) b.forEach((y, j) => { out[i + j]! += x * y; });
  });
  return out;
}
