/** Shares of strangers and of answers in words a shop would use. Pure: numbers in, numbers and short strings out. */
import type { FpirChoice, ShareEstimate } from '../contract.js';

/** The three plain choices; the middle one is what a new box begins with. */
export const LEVELS = {
  cautious: { known: 0.001, candidate: 0.01 },
  standard: { known: 0.003, candidate: 0.03 },
  eager: { known: 0.01, candidate: 0.05 },
} as const satisfies Record<string, FpirChoice>;
export type Level = keyof typeof LEVELS;
export const LEVEL_NAMES = ['cautious', 'standard', 'eager'] as const satisfies readonly Level[];

/** Shares come from a settings file or a calculation: the same to a ten-thousandth of a per cent is the same. */
const SAME_SHARE = 1e-6;

/** Which of the three a choice is; null: somebody chose other numbers. */
export function levelOf(choice: FpirChoice): Level | null {
  const same = (a: number, b: number): boolean => Math.abs(a - b) < SAME_SHARE;
  return LEVEL_NAMES.find((name) => same(LEVELS[name].known, choice.known) && same(LEVELS[name].candidate, choice.candidate)) ?? null;
}

export interface Strangers {
  /** Of so many strangers .. */
  readonly of: 1000 | 10_000;
  /** .. so many are taken for a customer outright, and so many more are asked about. */
  readonly named: string;
  readonly asked: string;
}

/**
 * A choice as people in a thousand, so that the three choices compare at a glance ("0.3 of 100" is nobody); in ten
 * thousand when it would be less than one of them. `candidate` counts who is named or asked about: the rest is asked.
 */
export function strangersOf(choice: FpirChoice): Strangers {
  const of = choice.known + SAME_SHARE < 0.001 ? 10_000 : 1000;
  return { of, named: people(choice.known * of), asked: people(Math.max(0, choice.candidate - choice.known) * of) };
}

/** Whole people from ten on, below that to a tenth. */
const people = (value: number): string => String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));

/**
 * A share 0..1 as a percentage: whole from 10 %, to a tenth from 1 %, else to a hundredth. `towards` keeps the ends of
 * an interval outside of what was computed, so that rounding never makes it look more certain.
 */
export function percent(share: number, towards: 'nearest' | 'down' | 'up' = 'nearest'): string {
  const value = share * 100;
  const step = value >= 10 ? 1 : value >= 1 ? 10 : 100;
  const round = { nearest: Math.round, down: Math.floor, up: Math.ceil }[towards];
  // 0.29 * 100 is 28.999999999999996: a hair must not move an end by a whole step.
  const hair = { nearest: 0, down: 1e-9, up: -1e-9 }[towards];
  return `${Math.min(100, Math.max(0, round(value * step + hair) / step))}%`;
}

/** The ends of the interval, rounded outwards. */
export function interval(estimate: ShareEstimate): { readonly low: string; readonly high: string } {
  return { low: percent(estimate.low, 'down'), high: percent(estimate.high, 'up') };
}

/** With 30 cases and not one mistake the interval still reaches to 11 %; with fewer a percentage only pretends. */
export const CASES_MIN = 30;

/** The estimate when there is enough behind it to be shown, else null. */
export function shown(estimate: ShareEstimate | null): ShareEstimate | null {
  return estimate !== null && estimate.of >= CASES_MIN ? estimate : null;
}

/** Whether what was measured agrees with what was chosen: only when the whole interval lies aside, it does not. */
export function comparedTo(chosen: number, measured: ShareEstimate): 'as_chosen' | 'more' | 'fewer' {
  if (measured.low > chosen) return 'more';
  return measured.high < chosen ? 'fewer' : 'as_chosen';
}
