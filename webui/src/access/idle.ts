/** When a page that nobody touches covers itself. The clock is an argument: a sleeping iPad runs no timers. */
export interface IdleClock {
  now: () => number;
  /** Calls back after so many milliseconds; returns what cancels it. */
  after: (ms: number, work: () => void) => () => void;
}

/**
 * Milliseconds until the lock; 0: it is due.
 * @param lastUseMs a use that lies in the future (the clock was put back) counts as one right now
 */
export function msUntilLock(lastUseMs: number, limitMs: number, nowMs: number): number {
  return Math.max(0, limitMs - Math.max(0, nowMs - lastUseMs));
}

/** Calls `onIdle` once when nothing was used for as long as the limit; a use after that begins anew. */
export class IdleWatch {
  private lastUseMs: number;
  private limitMs: number | null = null;
  private cancel: (() => void) | null = null;

  constructor(private readonly clock: IdleClock, private readonly onIdle: () => void) {
    this.lastUseMs = clock.now();
  }

  /** A touch, a key, a frame on its way: cheap, it only notes the time. */
  used(): void {
    this.lastUseMs = this.clock.now();
  }

  /** Counts from now; null: no lock. */
  begin(limitSeconds: number | null): void {
    this.limitMs = limitSeconds === null ? null : limitSeconds * 1000;
    this.used();
    this.check();
  }

  /** Looks at the clock again; called when the page wakes up, because its timers slept too. */
  check(): void {
    this.cancel?.();
    this.cancel = null;
    if (this.limitMs === null) return;
    const leftMs = msUntilLock(this.lastUseMs, this.limitMs, this.clock.now());
    if (leftMs > 0) {
      this.cancel = this.clock.after(leftMs, () => this.check());
      return;
    }
    this.limitMs = null;
    this.onIdle();
  }
}
