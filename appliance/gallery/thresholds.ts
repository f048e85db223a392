import type { Decision } from '../contract/index.js';

/**
 * Cosine above which a stranger is taken for somebody at a given false-positive identification rate (FPIR,
 * ISO/IEC 19795-1), by number of people enrolled. Measured with the first model pack: LFW-a, mirrored pass, mean of
 * three photos a person. Columns: FPIR 0.01, 0.003, 0.001. See docs/recognition.md.
 */
const CALIBRATION: readonly { people: number; cosine: readonly [number, number, number] }[] = [
  { people: 10, cosine: [0.35, 0.395, 0.43] },
  { people: 50, cosine: [0.402, 0.438, 0.469] },
  { people: 100, cosine: [0.425, 0.456, 0.484] },
  { people: 300, cosine: [0.454, 0.483, 0.502] },
  { people: 610, cosine: [0.473, 0.499, 0.51] },
];
const CALIBRATED_FPIR = [0.01, 0.003, 0.001] as const;

/**
 * The similarity that keeps strangers out at the chosen rate: linear in log10 of both the rate and the gallery
 * size between the measured points, and continued in a straight line outside them. Never below 0.33: in the
 * sample photos faces of different people reach .31. Nor above 0.8, where photos of one person start to be refused.
 *
 * @param people how many customers are enrolled, 0 and up
 * @param fpir chosen share of strangers taken for somebody, 0.0001 to 0.1
 */
export function similarityThreshold(people: number, fpir: number): number {
  const x = Math.log10(Math.max(1, people));
  const points = CALIBRATION.map((row) => ({
    x: Math.log10(row.people),
    y: alongLine(CALIBRATED_FPIR.map((rate, i) => ({ x: Math.log10(rate), y: row.cosine[i]! })), Math.log10(fpir)),
  }));
  return Math.min(0.8, Math.max(0.33, alongLine(points, x)));
}

/** Piecewise linear through points (x in either order), continued beyond the ends with the overall slope. */
function alongLine(unsorted: { x: number; y: number }[], x: number): number {
  const points = [...unsorted].sort((a, b) => a.x - b.x);
  const first = points[0]!;
  const last = points.at(-1)!;
  const slope = (last.y - first.y) / (last.x - first.x);
  if (x <= first.x) return first.y + slope * (x - first.x);
  if (x >= last.x) return last.y + slope * (x - last.x);
  const right = points.findIndex((point) => point.x >= x);
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
