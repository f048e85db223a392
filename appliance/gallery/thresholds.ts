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

/** Cosine for ten times more people, outside the table (RECOGNITION measured .06 to .075). */
const PER_DECADE_OF_PEOPLE = 0.065;
/** In the sample photos faces of different people reach .31. */
const SIMILARITY_MIN = 0.33;
/** Above this, photos of one person start to be refused. */
const SIMILARITY_MAX = 0.8;

/**
 * The similarity that keeps strangers out at the chosen rate. Linear in log10 of the rate and of the gallery size
 * between the measured points, straight on outside. Never falls with more people or a stricter rate.
 *
 * @param people how many customers are enrolled, 0 and up
 * @param fpir chosen share of strangers taken for somebody, 0.0001 to 0.2
 */
export function similarityThreshold(people: number, fpir: number): number {
  const decades = Math.log10(Math.max(1, people));
  let highest = 0;
  const points = CALIBRATION.map((row) => {
    const rates = CALIBRATED_FPIR.map((rate, i) => ({ x: -Math.log10(rate), y: row.cosine[i]! }));
    // The rows' slopes differ, so far outside the measured rates their lines would cross.
    highest = Math.max(highest, alongLine(rates, -Math.log10(fpir)));
    return { x: Math.log10(row.people), y: highest };
  });
  const nearest = Math.min(Math.max(decades, points[0]!.x), points.at(-1)!.x);
  const similarity = alongLine(points, nearest) + PER_DECADE_OF_PEOPLE * (decades - nearest);
  return Math.min(SIMILARITY_MAX, Math.max(SIMILARITY_MIN, similarity));
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
