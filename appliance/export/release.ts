/**
 * From a store day's rows to what may leave the box: pure but for the random source. The unit that is protected is one customer in one store day: whatever the others
 * did, the release is at most exp(epsilon) times as likely with that customer as without (docs/anonymity.md).
 */
import { inspect } from 'node:util';
import { NO_TEAM, NO_TIER, STAGE_CELLS, type ReleasedCell, type ReleaseTable, type SkipReason, type VisitorCell } from '../contract/index.js';
import { discreteLaplace, varianceOf } from './laplace.js';
import { MILLION, type Profile } from './profile.js';
import { drawLots, type RandomSource } from './random.js';
import { requireRows, type VisitorRow } from './rows.js';

/** What has been spent, in millionths of epsilon: for this store day, and within the 365 days that end with it. */
export interface Budget { readonly dayMillionths: number; readonly yearMillionths: number }

/** Of one store day: the most, whatever the parameters say. */
export const DAY_MAX_MILLIONTHS = MILLION;

const made = Symbol('made by release()');

/** Figures that may leave the box. Only `release` makes one; what sends or writes takes nothing else, not even an object with the same fields. */
export class Release {
  readonly #made = made;
  readonly day: string;
  /** Null: it was released; `cells` has every cell of the list. */
  readonly skipped: SkipReason | null;
  readonly cells: readonly ReleasedCell[];
  readonly spentMillionths: number;

  constructor(by: typeof made, content: { day: string; skipped: SkipReason | null; cells: readonly ReleasedCell[]; spentMillionths: number }) {
    if (by !== made) throw new TypeError('only release() makes a Release');
    ({ day: this.day, skipped: this.skipped, spentMillionths: this.spentMillionths } = content);
    this.cells = Object.freeze(content.cells.map((cell) => Object.freeze({ ...cell })));
    Object.freeze(this);
  }

  /** @throws TypeError for what only looks like one */
  static require(value: Release): void {
    if (!(#made in value) || value.#made !== made) throw new TypeError('only what release() made leaves the box');
  }
}

/**
 * One release of a day.
 * @param day YYYY-MM-DD
 * @param rows of that day, in order of arrival; of several visits of a person the one that came furthest counts, of equals the first
 * @param budget what was spent before: above the year's, the day is skipped and costs nothing
 * @param random the operating system's, but in tests
 * @throws RangeError the day's budget is spent: there is one release of a day; TypeError for rows of another form
 */
export function release(day: string, rows: readonly VisitorRow[], profile: Profile, budget: Budget, random: RandomSource): Release {
  requireRows(rows);
  const { parameters, epsilonMillionths } = profile;
  if (budget.dayMillionths + epsilonMillionths > DAY_MAX_MILLIONTHS) throw new RangeError('the epsilon of this day is spent');
  if (budget.yearMillionths + epsilonMillionths > Math.round(parameters.epsilonYearMax * MILLION)) {
    return new Release(made, { day, skipped: 'budget', cells: [], spentMillionths: 0 });
  }
  const people = onePerPerson(rows);
  const counts = profile.tables.map(({ cells }) => new Array<number>(cells.length).fill(0));
  for (const row of people) {
    counts[0]![cellOf(profile.tables[0]!, row, profile)]! += 1;
    for (const lot of drawLots(profile.drawn, profile.tables.length - 1, random)) counts[lot + 1]![cellOf(profile.tables[lot + 1]!, row, profile)]! += 1;
  }
  // Every cell of the list, whether anybody is in it or not: an empty one looks like any other.
  const noised = profile.tables.map(({ noiseScale }, t) => counts[t]!.map((count) => count + discreteLaplace(noiseScale, random)));
  // Both: the first is the promise, the second keeps the first from telling whether there were 19 or 20.
  const isCrowd = people.length >= parameters.crowdMin && noised[0]!.reduce((sum, count) => sum + count, 0) >= parameters.crowdWithNoise;
  // That it is skipped rests on the figures: it costs as much.
  if (!isCrowd) return new Release(made, { day, skipped: 'crowd', cells: [], spentMillionths: epsilonMillionths });
  const cells = profile.tables.flatMap((spec, t) => spec.cells.map((cell, c): ReleasedCell => {
    const count = noised[t]![c]!;
    return count < parameters.cellMin
      ? { table: spec.table, cell, count: null, estimate: null, standardError: null }
      : { table: spec.table, cell, count, ...estimated(count, spec) };
  }));
  return new Release(made, { day, skipped: null, cells, spentMillionths: epsilonMillionths });
}

/** The count of all people, and how far it may be off: the noise, and where only some were counted the lot (binomial). One decimal. */
function estimated(count: number, { noiseScale, countedShare }: Profile['tables'][number]): { estimate: number; standardError: number } {
  const share = countedShare.numerator / countedShare.denominator;
  const estimate = count / share;
  const standardError = Math.sqrt(varianceOf(noiseScale) / share ** 2 + (estimate * (1 - share)) / share);
  return { estimate: tenths(estimate), standardError: tenths(standardError) };
}

const tenths = (value: number): number => Math.round(value * 10) / 10;

function onePerPerson(rows: readonly VisitorRow[]): VisitorRow[] {
  const counted = new Map<number, VisitorRow>();
  for (const row of rows) {
    const before = counted.get(row.person);
    if (before === undefined || STAGE_CELLS.indexOf(row.stage) > STAGE_CELLS.indexOf(before.stage)) counted.set(row.person, row);
  }
  return [...counted.values()];
}

/** The place of the one cell of a table that this person is in. */
function cellOf({ table, cells: names }: Profile['tables'][number], row: VisitorRow, { parameters }: Profile): number {
  switch (table) {
    case 'visitor': return names.indexOf((row.known ? `known_${row.noticed}` : 'new') satisfies VisitorCell);
    case 'part': return row.part;
    case 'stay': return parameters.stayEdges.filter((edge) => edge <= row.minutes).length;
    case 'stage': return names.indexOf(row.stage);
    case 'tier': return row.tier >= 0 ? row.tier : names.indexOf(NO_TIER);
    case 'team': return row.team >= 0 ? row.team : names.indexOf(NO_TEAM);
  }
}

const refuse = (): never => {
  throw new TypeError('true figures must not be serialised');
};

/**
 * The figures as they are: everybody in every table, without noise. For the privacy officer's eyes; it cannot be turned into JSON, printed or sent on by accident.
 */
export class TrueFigures {
  readonly #people: number;
  readonly #cells: ReadonlyMap<string, number>;
  /** A function is refused by structuredClone and v8.serialize. */
  readonly sealed = refuse;

  constructor(rows: readonly VisitorRow[], profile: Profile) {
    requireRows(rows);
    const people = onePerPerson(rows);
    const cells = new Map<string, number>();
    for (const spec of profile.tables) {
      spec.cells.forEach((cell) => cells.set(`${spec.table} ${cell}`, 0));
      for (const row of people) {
        const name = `${spec.table} ${spec.cells[cellOf(spec, row, profile)]!}`;
        cells.set(name, cells.get(name)! + 1);
      }
    }
    this.#people = people.length;
    this.#cells = cells;
  }

  /** For a comparison that is shown and written down in the log. */
  show(): { people: number; of(table: ReleaseTable, cell: string): number } {
    return { people: this.#people, of: (table, cell) => this.#cells.get(`${table} ${cell}`) ?? 0 };
  }

  toJSON(): never {
    return refuse();
  }

  toString(): string {
    return 'TrueFigures(sealed)';
  }

  [inspect.custom](): string {
    return 'TrueFigures(sealed)';
  }
}
