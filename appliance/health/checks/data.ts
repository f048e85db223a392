/** The store's data: database, search, backup, head office's export. */
import type { BoxCheck } from '../../contract/index.js';
import { toInstant } from '../../kit/index.js';
import { DAY_MS, finding, HOUR_MS } from './check.js';

/** Checked every night: after three nights without, somebody should know. */
const CHECK_OLD_MS = 3 * DAY_MS;

/** What the last look through both files found. */
export interface IntegrityResult { atMs: number; outcome: 'whole' | 'damaged' | 'failed' }

/** @param answers whether a look-up just now did @param last null: never looked through yet */
export function checkDatabase(answers: boolean, last: IntegrityResult | null, nowMs: number): BoxCheck {
  if (!answers) return finding('database', 'failed', 'busy');
  if (last === null) return finding('database', 'unknown', 'not_checked');
  const values = { checkedAt: toInstant(last.atMs) };
  if (last.outcome === 'damaged') return finding('database', 'failed', 'damaged', values);
  if (last.outcome === 'failed') return finding('database', 'warning', 'check_failed', values);
  if (nowMs - last.atMs > CHECK_OLD_MS) return finding('database', 'warning', 'not_checked_lately', values);
  return finding('database', 'ok', 'fine', values);
}

export function checkSearch(behind: boolean): BoxCheck {
  return behind ? finding('search', 'warning', 'behind') : finding('search', 'ok', 'fine');
}

/** A night missed is a disk that was unplugged; three are a store without a backup. */
const BACKUP_OLD_MS = 36 * HOUR_MS;
const BACKUP_TOO_OLD_MS = 3 * DAY_MS + 12 * HOUR_MS;

/** The last good one; and whether one since then failed. */
export interface LastRun { finishedAtMs: number; failedSince: boolean }

/**
 * @param sinceMs since when backups are set up: the box has a night's time for its first one
 * @param heldSinceMs since when it makes none by itself, whatever the one that it was made from had made; null: it does
 * @param staffed whether anybody works on it: before that it makes none by itself
 */
export function checkBackup(setUp: boolean, last: LastRun | null, sinceMs: number, nowMs: number, heldSinceMs: number | null = null, staffed = true): BoxCheck {
  if (!setUp) return finding('backup', 'warning', 'not_set_up');
  if (!staffed) return finding('backup', 'off', 'nobody_yet');
  if (heldSinceMs !== null) return finding('backup', nowMs - heldSinceMs > BACKUP_OLD_MS ? 'failed' : 'warning', 'held');
  if (last === null) return finding('backup', nowMs - sinceMs > BACKUP_OLD_MS ? 'failed' : 'warning', 'never');
  const ageMs = nowMs - last.finishedAtMs;
  const values = { finishedAt: toInstant(last.finishedAtMs), days: Math.max(0, Math.floor(ageMs / DAY_MS)) };
  if (ageMs > BACKUP_OLD_MS) return finding('backup', ageMs > BACKUP_TOO_OLD_MS ? 'failed' : 'warning', 'old', values);
  return last.failedSince ? finding('backup', 'warning', 'failed', values) : finding('backup', 'ok', 'fine', values);
}

/** How head office's nightly release stands. `held`: why none is made for now. */
export interface ExportFacts { setUp: boolean; deliveredAtMs: number | null; waitingSinceMs: number | null; dead: number; held: 'clock' | 'nobody_yet' | 'restored' | null }

/** A release keeps: head office misses it before anybody in the store does. */
const EXPORT_LATE_MS = 36 * HOUR_MS;
const EXPORT_TOO_LATE_MS = 14 * DAY_MS;

/** @param facts null: they cannot be asked */
export function checkExport(facts: ExportFacts | null, nowMs: number): BoxCheck {
  if (facts === null || !facts.setUp) return finding('export', 'off', 'not_set_up');
  const { deliveredAtMs, waitingSinceMs, dead, held } = facts;
  if (held === 'nobody_yet') return finding('export', 'off', 'nobody_yet');
  if (held === 'restored') return finding('export', 'warning', 'held');
  if (dead > 0) return finding('export', 'warning', 'refused', { count: dead });
  const waitedMs = waitingSinceMs === null ? 0 : nowMs - waitingSinceMs;
  if (waitedMs > EXPORT_LATE_MS) return finding('export', waitedMs > EXPORT_TOO_LATE_MS ? 'failed' : 'warning', 'waiting', { days: Math.floor(waitedMs / DAY_MS) });
  if (deliveredAtMs === null) return finding('export', 'ok', 'first');
  const values = { finishedAt: toInstant(deliveredAtMs) };
  return waitingSinceMs === null && nowMs - deliveredAtMs > EXPORT_LATE_MS ? finding('export', 'warning', 'old', values) : finding('export', 'ok', 'fine', values);
}
