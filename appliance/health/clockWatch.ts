import { performance } from 'node:perf_hooks';
import type { Clock } from '../kit/index.js';
import { JUMP_MS } from './checks/machine.js';

/** Compares the wall clock with the one that only counts: what differs between two looks is a clock that was set. */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  readonly #beganMs: number;
  #offsetMs: number;
  /** The last jump; null: none. `byMs` is negative for one back. */
  jumped: { atMs: number; byMs: number } | null = null;

  constructor(clock: Clock, monotonic: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#beganMs = monotonic();
    this.#offsetMs = clock.now() - this.#beganMs;
  }

  look(): void {
    const offsetMs = this.#clock.now() - this.#monotonic();
    const byMs = offsetMs - this.#offsetMs;
    if (Math.abs(byMs) >= JUMP_MS) this.jumped = { atMs: this.#clock.now(), byMs };
    this.#offsetMs = offsetMs;
  }

  ranMs(): number {
    return this.#monotonic() - this.#beganMs;
  }
}
