import type { ShareEstimate } from '../contract/index.js';

/** Two-sided 95 % quantile of the normal distribution. */
const Z = 1.959964;

/**
 * The share of `hits` among `of` cases with Wilson's score interval (E. B. Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22, 1927), which stays honest for few cases and for shares near 0.
 * @param of 0 and up
 * @returns null without a case
 */
export function estimateShare(hits: number, of: number): ShareEstimate | null {
  if (of === 0) return null;
  const share = hits / of;
  const spread = Z * Math.sqrt((share * (1 - share)) / of + (Z * Z) / (4 * of * of));
  const middle = share + (Z * Z) / (2 * of);
  const scale = 1 + (Z * Z) / of;
  // At the ends the two terms are equal; rounding must not leave a trace.
  return { share, low: hits === 0 ? 0 : (middle - spread) / scale, high: hits === of ? 1 : (middle + spread) / scale, of };
}
