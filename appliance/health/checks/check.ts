import type { BoxCheck, CheckId, CheckReason, CheckState } from '../../contract/index.js';

export const GIB = 1_073_741_824;
export const MIB = 1_048_576;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A finding of one check; only reasons that there are words for. */
export function finding<Id extends CheckId>(id: Id, state: CheckState, reason: CheckReason<Id>, figures: BoxCheck['figures'] = {}): BoxCheck {
  return { id, state, reason, figures };
}

/** The worst of all, where `off` and `unknown` are no fault. */
export function worstOf(checks: readonly BoxCheck[]): 'ok' | 'warning' | 'failed' {
  if (checks.some(({ state }) => state === 'failed')) return 'failed';
  return checks.some(({ state }) => state === 'warning') ? 'warning' : 'ok';
}

/** With one decimal, as people read it. */
export const inGib = (bytes: number): number => Math.round((bytes / GIB) * 10) / 10;
/** Whole days, rounded down: three and a half days are three that one can rely on. */
export const inDays = (ms: number): number => Math.floor(ms / DAY_MS);
