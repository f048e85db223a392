/**
 * The known attacks on releases like these, each as a measurement: how often it succeeds, and how often it may. A mechanism is handed in, so that the tests can show
 * that a broken one is found out.
 */
import type { ReleasedCell } from '../../appliance/contract/index.js';
import { discreteLaplace, probabilityOf, type Scale } from '../../appliance/export/laplace.js';
import type { Profile } from '../../appliance/export/profile.js';
import { release, TrueFigures } from '../../appliance/export/release.js';
import type { RandomSource } from '../../appliance/export/random.js';
import type { VisitorRow } from '../../appliance/export/rows.js';
import { crowd, seeded, TARGET } from '../support/dayRows.js';

/** What the attacker gets of a day: its cells; null: it was skipped. */
export type Mechanism = (rows: readonly VisitorRow[], profile: Profile, random: RandomSource) => readonly ReleasedCell[] | null;

const NOTHING_SPENT = { dayMillionths: 0, yearMillionths: 0 };
export const ours: Mechanism = (rows, profile, random) => {
  const made = release('2026-06-15', rows, profile, NOTHING_SPENT, random);
  return made.skipped === null ? made.cells : null;
};

export type Progress = (done: number, of: number) => void;
const silent: Progress = () => undefined;

// ---- The sampler -------------------------------------------------------------------------------------------------------

/** Fewer than this in a bin, and the statistic is not chi-squared. */
const EXPECTED_MIN = 20;

/**
 * Pearson's chi-square of samples against the probabilities.
 * @returns z: how many standard deviations above what is expected of true samples (Wilson and Hilferty 1931); bins, samples
 */
export function chiSquare(sample: (random: RandomSource) => number, scale: Scale, samples: number, seed: number, progress = silent): { z: number; bins: number; samples: number } {
  const random = seeded(seed);
  const seen = new Map<number, number>();
  for (let i = 0; i < samples; i += 1) {
    const x = sample(random);
    seen.set(x, (seen.get(x) ?? 0) + 1);
    if (i % 100_000 === 0) progress(i, samples);
  }
  const reach = [...Array(100_000).keys()].findIndex((x) => probabilityOf(x + 1, scale) * samples < EXPECTED_MIN);
  let [statistic, bins, [restSeen, restExpected]] = [0, 0, [samples, samples]];
  for (let x = -reach; x <= reach; x += 1) {
    const expected = probabilityOf(x, scale) * samples;
    statistic += ((seen.get(x) ?? 0) - expected) ** 2 / expected;
    restSeen -= seen.get(x) ?? 0;
    restExpected -= expected;
    bins += 1;
  }
  statistic += (restSeen - restExpected) ** 2 / restExpected;
  const freedom = bins; // the rest is one bin more, and the sum is known
  const z = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
  return { z, bins: bins + 1, samples };
}

export const oursAt = (scale: Scale) => (random: RandomSource): number => discreteLaplace(scale, random);

// ---- One person more or less -------------------------------------------------------------------------------------------

/** Rarer events say nothing about a ratio. */
const SEEN_MIN = 200;
/** Standard deviations that a measured ratio may lie above the bound by chance; some hundred events are looked at. */
const BEYOND_CHANCE = 4.5;

export interface LikelihoodRatio {
  /** The greatest ratio of an event's frequencies with and without the person, either way, and which event. */
  greatest: number; event: string;
  /** Whether any lies above e^epsilon by more than chance explains. */
  violated: boolean; events: number; runs: number;
}

/**
 * Everything that can be seen in a release, as events: the day was skipped; a cell is withheld; a cell, or the sum of all cells of the person, is at least so much.
 * The sum, weighted by the noise, is what the likelihood ratio rests on where nothing is withheld: no event tells more.
 */
export function likelihoodRatio(mechanism: Mechanism, profile: Profile, worlds: { with: readonly VisitorRow[]; without: readonly VisitorRow[] }, runs: number, seed: number, progress = silent): LikelihoodRatio {
  const epsilon = profile.parameters.epsilon;
  // The likelihood ratio of Laplace noise is of this form: less noise, more weight. In tenths, so that it is whole.
  const weights = new Map(profile.tables.map(({ table, noiseScale: { numerator, denominator } }) => [table as string, Math.round((10 * denominator) / numerator)]));
  const tally = (rows: readonly VisitorRow[], salt: number): Map<string, number> => {
    const random = seeded(`${seed} ${salt}`);
    const values = new Map<string, number>();
    const see = (event: string) => values.set(event, (values.get(event) ?? 0) + 1);
    for (let run = 0; run < runs; run += 1) {
      const cells = mechanism(rows, profile, random);
      if (cells === null) see('skipped');
      else {
        see('released');
        let sum = 0;
        for (const { table, cell, count } of cells) {
          see(`${table} ${cell}=${count ?? 'withheld'}`);
          if (isOf(table, cell, profile)) sum += (count ?? 0) * weights.get(table)!;
        }
        see(`sum=${sum}`);
      }
      if (run % 10_000 === 0) progress(run + salt * runs, 2 * runs);
    }
    return values;
  };
  const [tallyWith, tallyWithout] = [tally(worlds.with, 0), tally(worlds.without, 1)];
  const [seenWith, seenWithout] = [cumulated(tallyWith, tallyWithout), cumulated(tallyWithout, tallyWith)];
  const out: LikelihoodRatio = { greatest: 0, event: '', violated: false, events: 0, runs };
  for (const event of new Set([...seenWith.keys(), ...seenWithout.keys()])) {
    const [a, b] = [seenWith.get(event) ?? 0, seenWithout.get(event) ?? 0];
    if (Math.max(a, b) < SEEN_MIN) continue;
    out.events += 1;
    // Never seen on one side: as if half a time.
    const [more, less] = [Math.max(a, b), Math.max(Math.min(a, b), 0.5)];
    const ratio = more / less;
    if (Math.log(ratio) - BEYOND_CHANCE * Math.sqrt(1 / more + 1 / less) > epsilon) out.violated = true;
    if (Math.min(a, b) >= SEEN_MIN && ratio > out.greatest) Object.assign(out, { greatest: ratio, event });
  }
  return out;
}

/** Of each number also "at least" and "at most" it, over all numbers that either side has. */
function cumulated(seen: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): Map<string, number> {
  const out = new Map(seen);
  const times = new Map<string, Map<number, number>>();
  for (const from of [seen, other]) {
    for (const event of from.keys()) {
      const [name, value] = event.split('=') as [string, string?];
      if (value === undefined || value === 'withheld') continue;
      if (!times.has(name)) times.set(name, new Map());
      times.get(name)!.set(Number(value), seen.get(event) ?? 0);
    }
  }
  for (const [name, values] of times) {
    const ordered = [...values.keys()].sort((a, b) => a - b);
    const whole = [...values.values()].reduce((sum, each) => sum + each, 0);
    let below = 0;
    for (const value of ordered) {
      out.set(`${name} at least ${value}`, whole - below);
      below += values.get(value)!;
      out.set(`${name} at most ${value}`, below);
    }
  }
  return out;
}

/** The cells that TARGET is in. */
function isOf(table: string, cell: string, { parameters }: Profile): boolean {
  const { partEdges, stayEdges, minutesMax, tiers, teams } = parameters;
  const place = stayEdges.filter((edge) => edge <= TARGET.minutes).length;
  const cells: Record<string, string> = {
    visitor: 'known_recognised', part: `${partEdges[0]!}-${partEdges[1]!}`, stay: `${[0, ...stayEdges][place]!}-${stayEdges[place] ?? minutesMax}`, stage: TARGET.stage,
    tier: tiers[TARGET.tier] ?? '', team: teams[TARGET.team] ?? '',
  };
  return cells[table] === cell;
}

export const withTarget = (people: number): { with: VisitorRow[]; without: VisitorRow[] } => ({ with: [...crowd(people), { person: people, ...TARGET }], without: crowd(people) });

// ---- Differencing over a month -----------------------------------------------------------------------------------------

/** What an attacker who knows everybody else's every visit makes of a release: how much is left over in the target's cells. */
function leftOver(cells: readonly ReleasedCell[] | null, expected: ReadonlyMap<string, number>, profile: Profile): number {
  if (cells === null) return 0;
  let rest = 0;
  for (const { table, cell, estimate } of cells) if (estimate !== null && isOf(table, cell, profile)) rest += (estimate - expected.get(`${table} ${cell}`)!) / weightOf(table, profile);
  return rest;
}

/** Cells with less noise tell more. */
function weightOf(table: string, profile: Profile): number {
  const { noiseScale, countedShare } = profile.tables.find((each) => each.table === table)!;
  return (noiseScale.numerator / noiseScale.denominator) * (countedShare.denominator / countedShare.numerator);
}

const expectedOf = (people: number, profile: Profile): ReadonlyMap<string, number> => {
  const { of } = new TrueFigures(crowd(people), profile).show();
  return new Map(profile.tables.flatMap(({ table, cells }) => cells.map((cell): [string, number] => [`${table} ${cell}`, of(table, cell)])));
};

export interface Guessing { right: number; tries: number; rate: number; byChance: number; bound: number }
const guessing = (right: number, tries: number, byChance: number, bound: number): Guessing => ({ right, tries, rate: right / tries, byChance, bound });

/**
 * On which of 30 days was the target there? The attacker knows everybody else, and takes the day with the most left over.
 * `bound`: of any way of guessing; between two of the days two releases differ, so e^(2 epsilon).
 */
export function whichDay(mechanism: Mechanism, profile: Profile, people: number, days: number, tries: number, seed: number, progress = silent): Guessing {
  const random = seeded(seed);
  const expected = expectedOf(people, profile);
  const worlds = withTarget(people);
  let right = 0;
  for (let i = 0; i < tries; i += 1) {
    const true_ = random.below(days);
    let [best, most] = [-1, -Infinity];
    for (let day = 0; day < days; day += 1) {
      const rest = leftOver(mechanism(day === true_ ? worlds.with : worlds.without, profile, random), expected, profile);
      if (rest > most) [best, most] = [day, rest];
    }
    if (best === true_) right += 1;
    if (i % 100 === 0) progress(i, tries);
  }
  const factor = Math.exp(2 * profile.parameters.epsilon);
  return guessing(right, tries, 1 / days, factor / (factor + days - 1));
}

const HOME_DAYS = 5_000;

/** Was the target there on each of these days, or on none? All releases together; the attacker knows everybody else. Epsilons add up. */
export function everyDay(mechanism: Mechanism, profile: Profile, people: number, days: number, tries: number, seed: number, progress = silent): Guessing {
  const random = seeded(seed);
  const expected = expectedOf(people, profile);
  const worlds = withTarget(people);
  // The attacker plays the mechanism at home to learn what is left over with and without the target: what is withheld shifts both.
  const mean = (rows: readonly VisitorRow[]) => Array.from({ length: HOME_DAYS }, () => leftOver(mechanism(rows, profile, random), expected, profile)).reduce((sum, each) => sum + each, 0) / HOME_DAYS;
  const middle = (mean(worlds.with) + mean(worlds.without)) / 2;
  let right = 0;
  for (let i = 0; i < tries; i += 1) {
    const there = random.below(2) === 1;
    let rest = 0;
    for (let day = 0; day < days; day += 1) rest += leftOver(mechanism(there ? worlds.with : worlds.without, profile, random), expected, profile);
    if (rest > middle * days === there) right += 1;
    if (i % 100 === 0) progress(i, tries);
  }
  const factor = Math.exp(Math.min(profile.parameters.epsilon * days, 700));
  return guessing(right, tries, 0.5, factor / (1 + factor));
}

// ---- When was she there? -----------------------------------------------------------------------------------------------

/**
 * In which part of the day did the target come? The attacker knows that she came, and everybody else's time; only the table `part` differs between the answers.
 */
export function whichPart(mechanism: Mechanism, profile: Profile, people: number, tries: number, seed: number, progress = silent): Guessing {
  const random = seeded(seed);
  const spec = profile.tables.find(({ table }) => table === 'part')!;
  const expected = expectedOf(people, profile);
  let right = 0;
  for (let i = 0; i < tries; i += 1) {
    const part = random.below(spec.cells.length);
    const cells = mechanism([...crowd(people), { person: people, ...TARGET, part }], profile, random) ?? [];
    let [best, most] = [random.below(spec.cells.length), -Infinity];
    for (const { table, cell, estimate } of cells) {
      if (table !== 'part' || estimate === null) continue;
      const rest = estimate - expected.get(`part ${cell}`)!;
      if (rest > most) [best, most] = [spec.cells.indexOf(cell), rest];
    }
    if (best === part) right += 1;
    if (i % 1000 === 0) progress(i, tries);
  }
  const factor = Math.exp((2 * spec.noiseScale.denominator) / spec.noiseScale.numerator);
  return guessing(right, tries, 1 / spec.cells.length, factor / (factor + spec.cells.length - 1));
}
