/** Small sums of the bench; pure. */

/** The value that a share (0..1] of the samples does not exceed, nearest rank. @throws RangeError for no samples */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('a percentile needs samples');
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

export function round(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}

export function p50p95(samples: readonly number[]): { p50: number; p95: number } {
  return { p50: round(median(samples)), p95: round(percentile(samples, 0.95)) };
}

/**
 * The largest whole number from `low` to `high` that holds, if holding ends once and for all at some number; null when
 * `low` does not hold. Asks about log2(high - low) times.
 */
export async function largestThatHolds(low: number, high: number, holds: (n: number) => Promise<boolean>): Promise<number | null> {
  let good = low - 1;
  let bad = high + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await holds(middle)) good = middle;
    else bad = middle;
  }
  return good < low ? null : good;
}
