import { randomInt } from 'node:crypto';

/** Where chance comes from. The release takes it as an argument, so that a test can play the same game twice. */
export interface RandomSource {
  /** A whole number from 0 to `bound` - 1, each equally likely. @param bound 1 to 2^48 - 1 */
  below(bound: number): number;
}

/** The operating system's (getrandom(2) by way of OpenSSL), without the bias of a remainder. */
export const systemRandom: RandomSource = { below: (bound) => randomInt(bound) };

/** True with the chance numerator / denominator. */
export const bernoulli = (numerator: number, denominator: number, random: RandomSource): boolean => random.below(denominator) < numerator;

/** `count` of the numbers 0 to `of` - 1, every choice equally likely: the first steps of a Fisher-Yates shuffle. */
export function drawLots(count: number, of: number, random: RandomSource): number[] {
  const places = [...Array(of).keys()];
  for (let drawn = 0; drawn < count; drawn += 1) {
    const at = drawn + random.below(of - drawn);
    [places[drawn], places[at]] = [places[at]!, places[drawn]!];
  }
  return places.slice(0, count);
}
