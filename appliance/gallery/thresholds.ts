import type { Decision } from '../contract/index.js';

/**
 * Cosine above which a stranger is taken for somebody at a given false-positive identification rate (FPIR,
 * ISO/IEC 19795-1), by number of people enrolled; measured for one model pack and kept in its manifest.
 */
export interface Calibration {
  /** Falling, 0..1: what the columns of `table` stand for. */
  fpir: readonly number[];
  /** By growing number of people; one cosine a column. */
  table: readonly { people: number; cosine: readonly number[] }[];
  /** Cosine for ten times more people, outside the table. */
  perDecade: number;
  /** No threshold is ever below (faces of different people reach this) or above (photos of one person fall below). */
  floor: number;
  cap: number;
}

/**
 * The similarity that keeps strangers out at the chosen rate. Linear in log10 of the rate and of the gallery size
 * between the measured points, straight on outside. Never falls with more people or a stricter rate.
 *
 * @param people how many customers are enrolled, 0 and up
 * @param fpir chosen share of strangers taken for somebody, 0.0001 to 0.2
 */
export function similarityThreshold(calibration: Calibration, people: number, fpir: number): number {
  const decades = Math.log10(Math.max(1, people));
  let highest = 0;
  const points = calibration.table.map((row) => {
    const rates = calibration.fpir.map((rate, i) => ({ x: -Math.log10(rate), y: row.cosine[i]! }));
    // The rows' slopes differ, so far outside the measured rates their lines would cross.
    highest = Math.max(highest, alongLine(rates, -Math.log10(fpir)));
    return { x: Math.log10(row.people), y: highest };
  });
  const nearest = Math.min(Math.max(decades, points[0]!.x), points.at(-1)!.x);
  const similarity = alongLine(points, nearest) + calibration.perDecade * (decades - nearest);
  return Math.min(calibration.cap, Math.max(calibration.floor, similarity));
}

/** Piecewise linear through points of growing x, the first and last piece continued. */
function alongLine(points: readonly { x: number; y: number }[], x: number): number {
  const next = points.findIndex((point) => point.x >= x);
  const right = Math.max(1, next === -1 ? points.length - 1 : next);
  const a = points[right - 1]!;
  const b = points[right]!;
  return a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x);
}

export interface Thresholds {
  known: number;
  candidate: number;
}

/**
 * How far the best must lead the second best person to be named without asking. Siblings and twins score .55 to
 * .82 against each other, which no threshold stops; where two enrolled people are this close, the card asks.
 */
export const KNOWN_MARGIN_MIN = 0.05;

/**
 * `known` names, `candidate` asks, `unknown` stays silent.
 * @param score best cosine, -1..1, or null when nobody is enrolled
 * @param margin lead over the second best person; null when there is none
 */
export function decide(score: number | null, margin: number | null, thresholds: Thresholds): Decision {
  if (score === null || score < thresholds.candidate) return 'unknown';
  if (score < thresholds.known) return 'candidate';
  return margin !== null && margin < KNOWN_MARGIN_MIN ? 'candidate' : 'known';
}
