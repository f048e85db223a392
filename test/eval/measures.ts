/** Arithmetic of the report: pure. */
import { createHash } from 'node:crypto';
import { estimateShare } from '../../appliance/kit/index.js';

/** A share with its 95 % interval. `rate`, `low` and `high` are 0..1; null: there was no case. */
export interface Rate { count: number; of: number; rate: number | null; low: number | null; high: number | null }

export function rate(count: number, of: number): Rate {
  const { share, low, high } = estimateShare(count, of) ?? { share: null, low: null, high: null };
  return { count, of, rate: share, low, high };
}

export function rateOf<T>(items: readonly T[], holds: (item: T) => boolean): Rate {
  return rate(items.filter(holds).length, items.length);
}

/** An enrolled person's probe: the score of the best match, and whether that is the person. */
export interface MatedScore { score: number; right: boolean }
export interface DetPoint { threshold: number; fpir: number; fnir: number }

/**
 * Detection error trade-off: for each threshold the share of strangers whose best match reaches it, and the share of
 * mated probes that are not found right at or above it.
 */
export function detCurve(mated: readonly MatedScore[], strangers: readonly number[], thresholds: readonly number[]): DetPoint[] {
  return thresholds.map((threshold) => ({
    threshold,
    fpir: strangers.filter((score) => score >= threshold).length / strangers.length,
    fnir: mated.filter(({ score, right }) => !right || score < threshold).length / mated.length,
  }));
}

/** Counts in bins of `width` from `from`; what lies outside goes to the first or last bin. */
export function histogram(scores: readonly number[], from: number, width: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const score of scores) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((score - from) / width)));
    counts[bin] = counts[bin]! + 1;
  }
  return counts;
}

/** Numbers from 0 up to 1, the same for the same seed: a counter through SHA-256, 32 bits of it. */
export function seeded(seed: string): () => number {
  let counter = 0;
  return () => createHash('sha256').update(`${seed}:${counter++}`).digest().readUInt32BE() / 2 ** 32;
}

/** `count` different items in random order. */
export function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) taken.push(...left.splice(Math.floor(random() * left.length), 1));
  return taken;
}
