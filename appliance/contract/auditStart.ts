/** Where an audit log may begin, as part of its form: the box's own check and that of an audit pack ask the same. */
import { KEPT_DAYS_MIN } from './limits.js';

const DAY_MS = 86_400_000;
/** What stands before the first entry of all. */
export const CHAIN_GENESIS = '0'.repeat(64);
/** So far a clock may be behind an entry without anything being amiss. */
const CLOCK_SLACK_MS = DAY_MS;

interface Head { seq: number; hash: string }
/** The newest entry `audit_pruned`. */
export interface PruningEntry { at_ms: number; detail: string }

/**
 * A log begins with the first entry of all, or where its newest `audit_pruned` says. A true pruning leaves one entry from before its
 * `beforeMs`, over the shortest term by then, and after it one that is not from before: so `beforeMs`, which says what need not be in
 * the log, is held against two times that hashes cover.
 * @param start what stands before `first`, after which comes `second`
 * @returns null: nothing is wrong. `cut`: it begins elsewhere, or too late. `clock`: the pruning is of a day to come, so nobody can say
 */
export function whatIsWrongWithStart(
  start: Head, [first, second]: readonly { at_ms: number }[], pruning: PruningEntry | undefined, nowMs: number,
): 'cut' | 'clock' | null {
  if (pruning === undefined) return start.seq === 0 && start.hash === CHAIN_GENESIS ? null : 'cut';
  const told = startTold(pruning);
  if (told.seq !== start.seq || told.hash !== start.hash) return 'cut';
  if (told.seq < 1 || first === undefined || second === undefined) return 'cut'; // a pruning that took nothing is never told
  // So put that what is no number does not fit.
  if (!(first.at_ms < told.beforeMs && told.beforeMs <= second.at_ms && told.beforeMs <= pruning.at_ms - KEPT_DAYS_MIN.audit_log * DAY_MS)) return 'cut';
  return pruning.at_ms > nowMs + CLOCK_SLACK_MS ? 'clock' : null;
}

/** What an `audit_pruned` tells: where the log begins, and that all that went is from before `beforeMs`. */
export function startTold(pruning: PruningEntry): Head & { beforeMs: number } {
  let told: { startSeq?: unknown; startHash?: unknown; beforeMs?: unknown } | null;
  try {
    told = JSON.parse(pruning.detail) as typeof told;
  } catch {
    told = null;
  }
  return { seq: Number(told?.startSeq ?? 0), hash: String(told?.startHash), beforeMs: Number(told?.beforeMs ?? 0) };
}
