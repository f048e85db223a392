import type { Clock } from '../kit/index.js';
import { PorticoError } from '../kit/index.js';
import type { Database } from '../storage/index.js';

/** Wrong PINs of one person on one device until it locks for them. */
export const WRONG_PINS_MAX = 5;
/** Wrong PINs of anybody on one device, and of one person on devices where they never signed in. */
export const WRONG_PINS_MAX_TOGETHER = 10;
export const PIN_LOCK_MS = 5 * 60_000;
/** Each further lock within a day is twice as long, up to this. */
export const PIN_LOCK_MAX_MS = 60 * 60_000;
const REMEMBERED_MS = 24 * 3_600_000;

/** What is locked: the person on this device, the device for all, or the person on devices they are not known on. */
export type LockKind = 'here' | 'device' | 'elsewhere';
export interface Standing { triesLeft: number; lockedUntilMs: number; lock: LockKind }

/** Where `wrong` tries (their times, oldest first) leave a counter that locks at every `max`-th. `lockedUntilMs`: 0 when it is not locked. */
export function standing(wrong: readonly number[], max: number, now: number): { triesLeft: number; lockedUntilMs: number } {
  const locks = Math.floor(wrong.length / max);
  const triesLeft = max - (wrong.length % max);
  if (locks === 0) return { triesLeft, lockedUntilMs: 0 };
  const lockMs = Math.min(PIN_LOCK_MS * 2 ** (locks - 1), PIN_LOCK_MAX_MS);
  const lockedUntilMs = wrong[locks * max - 1]! + lockMs;
  return { triesLeft, lockedUntilMs: lockedUntilMs > now ? lockedUntilMs : 0 };
}

/**
 * Wrong PINs, counted three ways, so that neither trying everybody on one device nor one person on many devices is a way
 * round. A colleague cannot be locked out for good: devices on which they have signed in count their own wrong PINs only, no
 * lock is longer than an hour, their own right PIN forgives their slips, and a new PIN from the manager ends all.
 */
export class PinTries {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(deps: { db: Database; clock: Clock }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
  }

  /**
   * Counts a try before the PIN is looked at, so that many at once are not more than five. Inside a transaction.
   * @returns where it leaves the person if the PIN turns out to be wrong
   * @throws PorticoError pin_locked {retryAfterSeconds, lock}
   */
  count(staffId: string, deviceId: string): Standing {
    const now = this.#clock.now();
    // A try in the future means that the clock was set back: counting begins anew, no lock lasts for days.
    this.#db.run('DELETE FROM pin_try WHERE at_ms <= ? OR at_ms > ?', now - REMEMBERED_MS, now);
    const before = this.#worst(staffId, deviceId);
    if (before.lockedUntilMs > 0) throw pinLocked(before, now);
    this.#db.run('INSERT INTO pin_try (staff_id, device_id, at_ms) VALUES (?, ?, ?)', staffId, deviceId, now);
    return this.#worst(staffId, deviceId);
  }

  /** The right PIN: what was wrong before it, by the same person here, were slips. */
  forgive(staffId: string, deviceId: string): void {
    this.#db.run('DELETE FROM pin_try WHERE staff_id = ? AND device_id = ?', staffId, deviceId);
  }

  forgiveEverywhere(staffId: string): void {
    this.#db.run('DELETE FROM pin_try WHERE staff_id = ?', staffId);
  }

  /** From now on this is a device of theirs. */
  nowKnown(staffId: string, deviceId: string): void {
    this.#db.run('INSERT OR REPLACE INTO known_device (staff_id, device_id, signed_in_at_ms) VALUES (?, ?, ?)', staffId, deviceId, this.#clock.now());
  }

  /** Of the counters, the one that locks longest, else the one nearest to locking. */
  #worst(staffId: string, deviceId: string): Standing {
    const now = this.#clock.now();
    const timesOf = (where: 'staff_id = ? AND device_id = ?' | 'device_id = ?' | 'staff_id = ?', ...ids: string[]) =>
      this.#db.all<{ at_ms: number }>(`SELECT at_ms FROM pin_try WHERE ${where} ORDER BY at_ms`, ...ids).map((row) => row.at_ms);
    const counters: Standing[] = [
      { lock: 'here', ...standing(timesOf('staff_id = ? AND device_id = ?', staffId, deviceId), WRONG_PINS_MAX, now) },
      { lock: 'device', ...standing(timesOf('device_id = ?', deviceId), WRONG_PINS_MAX_TOGETHER, now) },
    ];
    const known = this.#db.get('SELECT 1 FROM known_device WHERE staff_id = ? AND device_id = ?', staffId, deviceId) !== undefined;
    if (!known) counters.push({ lock: 'elsewhere', ...standing(timesOf('staff_id = ?', staffId), WRONG_PINS_MAX_TOGETHER, now) });
    return counters.reduce((worst, next) =>
      (next.lockedUntilMs > worst.lockedUntilMs || (worst.lockedUntilMs === 0 && next.triesLeft < worst.triesLeft) ? next : worst));
  }
}

export function pinLocked({ lock, lockedUntilMs }: Standing, now: number): PorticoError {
  return new PorticoError('pin_locked', { retryAfterSeconds: Math.max(1, Math.ceil((lockedUntilMs - now) / 1000)), lock });
}
