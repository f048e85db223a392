/** What the releases of one store say of each other; pure. */
import { NOT_MERGED, type FleetFault, type FleetFaultCode } from './faults.js';
import { compare } from './listing.js';

/** A release that was opened: what is kept of it until its store is done. */
export interface KnownRelease {
  readonly file: string;
  readonly day: string;
  readonly sha256: string;
  readonly chain: { readonly id: string; readonly number: number; readonly previous: string | null };
  readonly epsilon: { readonly spent: number; readonly yearSpent: number; readonly yearMax: number };
}
export interface CheckedStore<Release extends KnownRelease> {
  readonly faults: FleetFault[];
  /** To be merged, by their days: one a day. */
  readonly taken: Release[];
  /** Files with the same bytes as another. */
  readonly copies: number;
  readonly chains: number;
  /** Days between the first and the last of which there is no release: the box was off, or the file is missing, which its chain tells. */
  readonly daysWithout: number;
}

const DAY_MS = 86_400_000;
/** Days of which the releases' epsilon is added up, this one included. */
const YEAR_DAYS = 365;
/** Of adding up millionths. */
const EPSILON_SLACK = 1e-6;

/** @param partial the folder begins later than the boxes did: what is before the first release of a chain is not missed */
export function checkStore<Release extends KnownRelease>(found: readonly Release[], partial: boolean): CheckedStore<Release> {
  const faults: FleetFault[] = [];
  const say = (code: FleetFaultCode, { file }: KnownRelease, details: FleetFault['details'] = {}) => void faults.push({ code, file, details });
  const bySum = new Map<string, Release>();
  for (const release of [...found].sort((one, other) => compare(one.file, other.file))) if (!bySum.has(release.sha256)) bySum.set(release.sha256, release);
  const releases = [...bySum.values()].sort((one, other) => compare(one.day, other.day) || compare(one.chain.id, other.chain.id) || one.chain.number - other.chain.number);

  for (const same of groups(releases, ({ day }) => day)) {
    if (same.length > 1) for (const release of same) say('day_twice', release, { other: same.find((each) => each !== release)!.file });
  }
  const chains = groups(releases, ({ chain }) => chain.id);
  for (const chain of chains) checkChain(chain, partial, say);
  checkOverlap(chains, say);
  checkEpsilon(releases, say);

  const notMerged = new Set(faults.filter(({ code }) => NOT_MERGED.includes(code)).map(({ file }) => file));
  const days = new Set(releases.map(({ day }) => day));
  const [first, last] = [releases[0], releases.at(-1)];
  const span = first === undefined ? 0 : (Date.parse(last!.day) - Date.parse(first.day)) / DAY_MS + 1;
  return { faults, taken: releases.filter(({ file }) => !notMerged.has(file)), copies: found.length - releases.length, chains: chains.length, daysWithout: span - days.size };
}

type Say = (code: FleetFaultCode, release: KnownRelease, details?: FleetFault['details']) => void;

function checkChain(chain: readonly KnownRelease[], partial: boolean, say: Say): void {
  const numbers = groups(chain, ({ chain: { number } }) => number).sort(([one], [other]) => one!.chain.number - other!.chain.number);
  const begins = numbers[0]![0]!;
  if (begins.chain.number > 1 && !partial) say('chain_gap', begins, missing(1, begins.chain.number - 1));
  for (const [at, same] of numbers.entries()) {
    for (const release of same) {
      const twin = same.find((each) => each !== release);
      if (twin !== undefined) say(twin.chain.previous === release.chain.previous ? 'chain_fork' : 'chain_number_twice', release, { other: twin.file, number: release.chain.number });
    }
    const before = numbers[at - 1];
    if (before === undefined) continue;
    const { number } = before[0]!.chain;
    for (const release of same) {
      if (release.chain.number > number + 1) say('chain_gap', release, missing(number + 1, release.chain.number - 1));
      else if (!before.some(({ sha256 }) => sha256 === release.chain.previous)) say('chain_broken', release, { before: before[0]!.file });
      if (before.every(({ day }) => day > release.day)) say('chain_order', release, { before: before[0]!.file });
    }
  }
}

const missing = (from: number, to: number): FleetFault['details'] => ({ missing: to - from + 1, numbers: from === to ? String(from) : `${from}-${to}` });

/** A chain ends when its box is restored; the new one is of later days. */
function checkOverlap(chains: readonly KnownRelease[][], say: Say): void {
  const spans = chains.map((chain) => ({ chain, first: chain[0]!, last: chain.at(-1)! })).sort((one, other) => compare(one.first.day, other.first.day));
  let ends: KnownRelease | null = null;
  for (const { first, last } of spans) {
    if (ends !== null && first.day <= ends.day) say('chains_overlap', first, { other: ends.file });
    if (ends === null || last.day > ends.day) ends = last;
  }
}

/**
 * Head office sees all chains of a store, a box only its own: after a restore somebody may have paid twice. Two releases of one day were paid for both.
 * @param releases by their days
 */
function checkEpsilon(releases: readonly KnownRelease[], say: Say): void {
  let from = 0;
  let spent = 0;
  const ofChain = new Map<string, number>();
  const add = ({ chain, epsilon }: KnownRelease, sign: 1 | -1) => {
    spent += sign * epsilon.spent;
    ofChain.set(chain.id, (ofChain.get(chain.id) ?? 0) + sign * epsilon.spent);
  };
  for (const release of releases) {
    add(release, 1);
    while (Date.parse(release.day) - Date.parse(releases[from]!.day) >= YEAR_DAYS * DAY_MS) add(releases[from++]!, -1);
    const { yearSpent, yearMax } = release.epsilon;
    // A day that is skipped for the year's bound costs nothing, also where that was lowered below what was spent before.
    if (release.epsilon.spent > 0 && spent > yearMax + EPSILON_SLACK) say('epsilon_year', release, { spent: millionths(spent), max: yearMax });
    if (ofChain.get(release.chain.id)! > yearSpent + EPSILON_SLACK) say('epsilon_understated', release, { told: yearSpent, spent: millionths(ofChain.get(release.chain.id)!) });
  }
}

const millionths = (epsilon: number): number => Math.round(epsilon * 1e6) / 1e6;

/** In the order in which they are found first. */
function groups<T>(values: readonly T[], keyOf: (value: T) => string | number): T[][] {
  const found = new Map<string | number, T[]>();
  for (const value of values) if (found.get(keyOf(value))?.push(value) === undefined) found.set(keyOf(value), [value]);
  return [...found.values()];
}
