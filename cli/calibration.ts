/** Figures of a model pack on a folder of people, and what follows from them: pure arithmetic on embeddings. */
import type { ShareEstimate } from '../appliance/contract/index.js';
import { Embedding, estimateShare } from '../appliance/kit/index.js';
import type { Calibration, Gates } from '../appliance/vision/index.js';

/** One photo's largest face. */
export interface ReadFace {
  embedding: Embedding;
  norm: number;
}
/** One person's photos in the order of their names; null where no face was found. */
export interface Person {
  name: string;
  photos: readonly (ReadFace | null)[];
}

/** Photos of a person that are enrolled; the rest are probes (RECOGNITION.md: three, mean template). */
export const ENROLLED_PHOTOS = 3;
/** False-positive identification rates of the table, and in the report: 3 % is the default of PORTICO_FPIR_CANDIDATE. */
export const FPIRS = [0.03, 0.01, 0.003, 0.001] as const;
/** Rows of the table, as far as there are so many people. */
const GALLERY_SIZES = [10, 50, 100, 300, 1000] as const;
/** Draws of other people for a row: so many top scores of strangers, or as many as the probes allow. */
const STRANGERS_A_ROW = 20_000;
const DRAWS_MAX = 50;
/** Below this rank correlation between norm and similarity the norm is no measure of quality. */
const NORM_SAYS_SOMETHING = 0.15;
/** Shares of readable photos below each gate: RECOGNITION.md's 2.6, 3.1 and 3.3 refuse about so many of LFW's photos. */
const GATE_SHARES = { usable: 0.01, decide: 0.08, enrol: 0.15 } as const;

interface Probe {
  person: number;
  file: number;
  face: ReadFace | null;
}
/** What both packs are judged on: the same photos for the same purpose. */
export interface Trial {
  templates: readonly (Embedding | null)[];
  probes: readonly Probe[];
}

/** People with more photos than are enrolled; the others can only be strangers and are left out. */
export function enough(people: readonly Person[]): Person[] {
  return people.filter(({ photos }) => photos.length > ENROLLED_PHOTOS);
}

/** Splits each person's photos into a template and probes. */
export function makeTrial(people: readonly Person[]): Trial {
  const templates = people.map(({ photos }) => {
    const faces = photos.slice(0, ENROLLED_PHOTOS).filter((face) => face !== null);
    return faces.length === 0 ? null : Embedding.mean(faces.map(({ embedding }) => embedding));
  });
  const probes = people.flatMap(({ photos }, person) => photos.slice(ENROLLED_PHOTOS).map((face, i) => ({ person, file: ENROLLED_PHOTOS + i, face })));
  return { templates, probes };
}

/** Cosines of each probe to every template: -1 where there is none. */
export function scoresOf({ templates }: Trial, faces: readonly (Embedding | null)[]): Float32Array[] {
  return faces.map((face) => Float32Array.from(templates, (template) => (face === null || template === null ? -1 : face.similarity(template))));
}

/** Best score of each probe among people who are not its own: what a stranger would score in this gallery. */
function strangerScores(scores: readonly Float32Array[], owners: readonly number[]): number[] {
  return scores.map((row, i) => row.reduce((best, score, person) => (person === owners[i] ? best : Math.max(best, score)), -1));
}

/** The score that a share `fpir` of strangers reaches. */
export function thresholdAt(strangers: readonly number[], fpir: number): number {
  const sorted = [...strangers].sort((a, b) => b - a);
  return sorted[Math.min(sorted.length - 1, Math.floor(fpir * sorted.length))]! + 1e-6;
}

export interface RateAt {
  fpir: number;
  threshold: number;
  /** Of the probes: their own person is best and over the threshold. */
  hit: readonly boolean[];
  /** Share of the probes without a hit (false-negative identification rate), with its Wilson interval. */
  fnir: Interval;
}

/** Misses at each rate, thresholds set on the same gallery. A photo without a face is a miss. */
export function ratesOf(trial: Trial): RateAt[] {
  const { probes } = trial;
  const scores = scoresOf(trial, probes.map(({ face }) => face?.embedding ?? null));
  const owners = probes.map(({ person }) => person);
  const strangers = strangerScores(scores, owners);
  return FPIRS.map((fpir) => {
    const threshold = thresholdAt(strangers.filter((score) => score > -1), fpir);
    const hit = scores.map((row, i) => row[owners[i]!]! >= threshold && row[owners[i]!]! > strangers[i]!);
    return { fpir, threshold, hit, fnir: intervalOf(hit.filter((value) => !value).length, hit.length) };
  });
}

export type Interval = ShareEstimate & { count: number };

/** Without a case nothing is known: 0 to 1. */
function intervalOf(count: number, of: number): Interval {
  return { ...(estimateShare(count, of) ?? { share: 0, low: 0, high: 1, of }), count };
}

export type Verdict = 'better' | 'not better' | 'cannot tell';

/**
 * Whether the new pack finds people whom the present one misses, and not the other way round: of the probes on which they
 * differ, the share that the new one wins, with its interval.
 */
export function compare(candidate: readonly boolean[], present: readonly boolean[]): { verdict: Verdict; wins: Interval } {
  let wins = 0;
  let losses = 0;
  candidate.forEach((hit, i) => {
    if (hit && !present[i]!) wins += 1;
    if (!hit && present[i]!) losses += 1;
  });
  const interval = intervalOf(wins, wins + losses);
  return { verdict: interval.low > 0.5 ? 'better' : interval.high < 0.5 ? 'not better' : 'cannot tell', wins: interval };
}

/** Gates from the norms of the readable photos; null when the norm does not go with the similarity to the own template. */
export function proposeGates(trial: Trial): { gates: Gates; rankCorrelation: number } {
  const seen = trial.probes.filter(({ face, person }) => face !== null && trial.templates[person] !== null) as (Probe & { face: ReadFace })[];
  const norms = seen.map(({ face }) => face.norm);
  const rankCorrelation = pearson(ranks(norms), ranks(seen.map(({ face, person }) => face.embedding.similarity(trial.templates[person]!))));
  if (!(rankCorrelation >= NORM_SAYS_SOMETHING)) return { gates: null, rankCorrelation };
  const sorted = [...norms].sort((a, b) => a - b);
  const at = (share: number) => Number(sorted[Math.floor(share * sorted.length)]!.toPrecision(3));
  return { gates: { usable: at(GATE_SHARES.usable), decide: at(GATE_SHARES.decide), enrol: at(GATE_SHARES.enrol) }, rankCorrelation };
}

/**
 * The table of thresholds, on probes that a decision may rest on. Strangers in a gallery of n: each probe's best score among
 * n others, drawn again and again.
 * @returns also the strangers behind the strictest figure of the largest gallery: with few of them it is a guess
 */
export function calibrate(trial: Trial, gates: Gates, measuredOn: string): { calibration: Calibration; behindStrictest: number } {
  const good = trial.probes.filter(({ face }) => face !== null && (gates === null || face.norm >= gates.decide));
  const scores = scoresOf(trial, good.map(({ face }) => face!.embedding));
  const owners = good.map(({ person }) => person);
  const people = trial.templates.length;
  const sizes = [...GALLERY_SIZES.filter((size) => size < 0.8 * (people - 1)), people - 1];
  const random = randomNumbers(20211);
  const table: Calibration['table'] = [];
  for (const size of sizes) {
    const draws = size === people - 1 ? 1 : Math.min(DRAWS_MAX, Math.max(1, Math.ceil(STRANGERS_A_ROW / good.length)));
    const strangers: number[] = [];
    for (let draw = 0; draw < draws; draw++) {
      scores.forEach((row, i) => {
        const others = size === people - 1 ? row.keys() : sample(people, size, random);
        let best = -1;
        for (const person of others) if (person !== owners[i]) best = Math.max(best, row[person]!);
        strangers.push(best);
      });
    }
    const above = table.at(-1)?.cosine;
    let last = -1;
    const cosine = FPIRS.map((fpir, column) => (last = rounded(Math.max(last, above?.[column] ?? -1, thresholdAt(strangers, fpir)))));
    table.push({ people: size, cosine });
  }
  const first = table[0]!;
  const top = table.at(-1)!;
  const own = scores.map((row, i) => row[owners[i]!]!).sort((a, b) => a - b);
  // Of the columns the steepest: beyond the table it is better to ask once more than to name a stranger.
  const perDecade = Math.max(...FPIRS.map((_, column) => (top.cosine[column]! - first.cosine[column]!) / Math.log10(top.people / first.people)));
  const calibration: Calibration = {
    measuredOn,
    fpir: [...FPIRS],
    table,
    perDecade: rounded(Math.min(1, Math.max(0, perDecade))),
    // Below the loosest column, or that would not let through the share it stands for.
    floor: rounded(Math.max(-1, first.cosine[0]! - 0.02)),
    // Above the stricter figures, below what half of the own photos reach.
    cap: rounded(Math.min(1, Math.max(top.cosine.at(-1)! + 0.05, own[Math.floor(own.length / 2)] ?? 1))),
  };
  return { calibration, behindStrictest: Math.floor(FPIRS.at(-1)! * good.length) };
}

const rounded = (value: number) => Number(value.toFixed(3));

/** Park and Miller's minimal generator: the same draws every time. @returns 0 <= x < 1 */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** `size` different numbers below `of` (Floyd's algorithm, CACM 1987). */
function sample(of: number, size: number, random: () => number): Set<number> {
  const chosen = new Set<number>();
  for (let i = of - size; i < of; i++) {
    const pick = Math.floor(random() * (i + 1));
    chosen.add(chosen.has(pick) ? i : pick);
  }
  return chosen;
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Array<number>(values.length);
  order.forEach((index, rank) => (result[index] = rank));
  return result;
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0;
  let aa = 0;
  let bb = 0;
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i]! - mb);
    aa += (value - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}
