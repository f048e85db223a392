/** Arithmetic of the report: pure. */
import { createHash } from 'node:crypto';

/** A share with its 95 % interval. `rate`, `low` and `high` are 0..1; null: there was no case. */
export interface Rate { count: number; of: number; rate: number | null; low: number | null; high: number | null }

export function rate(count: number, of: number): Rate {
  if (of === 0) return { count, of, rate: null, low: null, high: null };
  const [low, high] = wilson(count, of);
  return { count, of, rate: count / of, low, high };
}

export function rateOf<T>(items: readonly T[], holds: (item: T) => boolean): Rate {
  return rate(items.filter(holds).length, items.length);
}

/** 97.5 % point of the normal distribution. */
const Z = 1.959964;

/**
 * Wilson's score interval (JASA 1927), 95 %: unlike the plain one it says something when 0 of n cases failed.
 * @param of 1 and up
 */
export function wilson(count: number, of: number): [low: number, high: number] {
  const p = count / of;
  const scale = 1 + (Z * Z) / of;
  const middle = (p + (Z * Z) / (2 * of)) / scale;
  const half = (Z * Math.sqrt((p * (1 - p)) / of + (Z * Z) / (4 * of * of))) / scale;
  // At the ends the two terms are equal; rounding must not leave a trace.
  return [count === 0 ? 0 : middle - half, count === of ? 1 : middle + half];
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
