/** What the machine tells: disk, memory, temperature, clock, power. Pure: from what was measured to what it means. */
import type { BoxCheck } from '../../contract/index.js';
import { toInstant } from '../../kit/index.js';
import { DAY_MS, finding, GIB, inGib, MIB } from './check.js';

/** Below this the next write-ahead log may not fit. */
const DISK_FULL_BYTES = 64 * MIB;
/** Below this a backup, an update or writing the file anew may find no room. */
const DISK_LOW_BYTES = GIB;
/** Less than two weeks are left: somebody has to come and make room. */
const DISK_DAYS_MIN = 14;
/** Of the set limit (PORTICO_DB_MAX_MB): below this a form with a signature may not fit (64 KiB). */
const SPARE_PAGES_MIN = 16;

/** Null: the file system does not answer. */
export interface Disk { freeBytes: number; totalBytes: number; readOnly: boolean }
/** How full it was on a day: midnight of it does not matter, a sample a day does. */
export interface DiskSample { atMs: number; usedBytes: number }

/**
 * @param spare pages left within the set limit, and whether something waits for room
 * @param samples oldest first, of days before
 */
export function checkDisk(disk: Disk | null, spare: { pages: number; waits: boolean }, samples: readonly DiskSample[], nowMs: number): BoxCheck {
  if (disk === null) return finding('disk', 'failed', 'not_told');
  const values = { freeGb: inGib(disk.freeBytes), totalGb: inGib(disk.totalBytes), daysLeft: daysLeft(disk, samples, nowMs) };
  if (disk.readOnly) return finding('disk', 'failed', 'read_only', values);
  if (disk.freeBytes < DISK_FULL_BYTES) return finding('disk', 'failed', 'full', values);
  if (spare.waits || spare.pages < SPARE_PAGES_MIN) return finding('disk', 'failed', 'limit_reached', values);
  if (disk.freeBytes < DISK_LOW_BYTES) return finding('disk', 'warning', 'low', values);
  if (values.daysLeft !== null && values.daysLeft < DISK_DAYS_MIN) return finding('disk', 'warning', 'filling', values);
  return finding('disk', 'ok', 'fine', values);
}

/** At the growth of the days that are known; null: it does not grow, or it is not known for two days yet. */
export function daysLeft(disk: Disk, samples: readonly DiskSample[], nowMs: number): number | null {
  const [first] = samples;
  if (first === undefined || nowMs - first.atMs < 2 * DAY_MS) return null;
  const grown = disk.totalBytes - disk.freeBytes - first.usedBytes;
  if (grown <= 0) return null;
  return Math.floor(disk.freeBytes / (grown / ((nowMs - first.atMs) / DAY_MS)));
}

/** Of what this process may use: 15 % is what a night of backup and writing anew takes on a box of 4 GB. */
const MEMORY_TIGHT = 0.15;
const MEMORY_SHORT = 0.05;

export interface Memory { rssBytes: number; limitBytes: number; availableBytes: number; swap: boolean | null }

export function checkMemory(memory: Memory | null): BoxCheck {
  if (memory === null || memory.limitBytes <= 0) return finding('memory', 'unknown', 'not_told');
  const values = { usedGb: inGib(memory.rssBytes), availableGb: inGib(memory.availableBytes), limitGb: inGib(memory.limitBytes) };
  if (memory.availableBytes < memory.limitBytes * MEMORY_SHORT) return finding('memory', 'failed', 'short', values);
  // Templates are in memory unencrypted (docs/architecture.md, "What is in memory").
  if (memory.swap === true) return finding('memory', 'warning', 'swap_on', values);
  if (memory.availableBytes < memory.limitBytes * MEMORY_TIGHT) return finding('memory', 'warning', 'tight', values);
  return finding('memory', 'ok', 'fine', values);
}

/** Where the machine names no limit of its own: small boxes without a fan slow down at 85 to 95 degrees. */
const HOT_CELSIUS = 80;
const TOO_HOT_CELSIUS = 95;

/** @param celsius of the hottest place; null: the machine does not tell @param criticalCelsius at which it switches itself off */
export function checkTemperature(celsius: number | null, criticalCelsius: number | null): BoxCheck {
  if (celsius === null) return finding('temperature', 'unknown', 'not_told');
  const tooHot = Math.min(TOO_HOT_CELSIUS, (criticalCelsius ?? Infinity) - 5);
  const hot = Math.min(HOT_CELSIUS, tooHot - 10);
  const values = { celsius: Math.round(celsius) };
  if (celsius >= tooHot) return finding('temperature', 'failed', 'too_hot', values);
  return celsius >= hot ? finding('temperature', 'warning', 'hot', values) : finding('temperature', 'ok', 'fine', values);
}

/** Time servers and leap seconds move a clock by far less. */
export const JUMP_MS = 60_000;
/** A start takes seconds, and the clock was written down at most a minute before the end. */
const BEHIND_MS = 10 * 60_000;

export interface ClockFacts {
  nowMs: number;
  /** Before this the software was not there. */
  builtAtMs: number;
  /** The latest time the box has lived at; null: its first start. */
  seenMs: number | null;
  /** Whether a time server is followed; null: the machine does not tell. */
  synchronised: boolean | null;
  /** The last jump against the clock that only counts; null: none since the start. */
  jumped: { atMs: number; byMs: number } | null;
}

export function checkClock({ nowMs, builtAtMs, seenMs, synchronised, jumped }: ClockFacts): BoxCheck {
  if (nowMs < builtAtMs) return finding('clock', 'failed', 'behind_build', { now: toInstant(nowMs), builtAt: toInstant(builtAtMs) });
  if (seenMs !== null && nowMs < seenMs - BEHIND_MS) return finding('clock', 'failed', 'behind_seen', { now: toInstant(nowMs), seenAt: toInstant(seenMs) });
  if (jumped !== null && Math.abs(nowMs - jumped.atMs) < DAY_MS) {
    return finding('clock', 'warning', 'jumped', { now: toInstant(nowMs), minutes: Math.round(jumped.byMs / 60_000), jumpedAt: toInstant(jumped.atMs) });
  }
  if (synchronised === false) return finding('clock', 'warning', 'not_synchronised', { now: toInstant(nowMs) });
  return synchronised === null ? finding('clock', 'unknown', 'not_told', { now: toInstant(nowMs) }) : finding('clock', 'ok', 'fine', { now: toInstant(nowMs) });
}

/** How long a lost power or a crash is worth a look. */
const RECENT_MS = 7 * DAY_MS;

export interface PowerFacts { losses: number; lastLossMs: number | null; crashes: number; lastCrashMs: number | null }

export function checkPower({ losses, lastLossMs, crashes, lastCrashMs }: PowerFacts, nowMs: number): BoxCheck {
  const instant = (ms: number | null) => (ms === null ? null : toInstant(ms));
  const values = { losses, lastLoss: instant(lastLossMs), crashes, lastCrash: instant(lastCrashMs) };
  const recent = (ms: number | null) => ms !== null && Math.abs(nowMs - ms) < RECENT_MS;
  if (recent(lastLossMs)) return finding('power', 'warning', 'lost_power', values);
  return recent(lastCrashMs) ? finding('power', 'warning', 'crashed', values) : finding('power', 'ok', 'fine', values);
}
