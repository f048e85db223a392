import { createTask, type ScheduledTask } from 'node-cron';
import type { Clock } from './clock.js';
import type { Logger } from './log.js';

const MINUTE_MS = 60_000;
/** How often the clock is looked at. Short against a minute, so that none is passed over unseen. */
const LOOK_MS = 10_000;
/** Minutes that a busy process may be late by; more, or less than none, and the clock was set. */
const LATE_MINUTES_MAX = 15;

/**
 * What is done at certain minutes, by the wall clock. The library reads the patterns and no more. Its own timers count out each time that lies between
 * before and after a clock that was set forward, which holds the process for minutes, and wait for the old time to come back when it was set
 * back by years. So the clock is looked at here, and where it jumped, what stands for the minute that it shows now is done and nothing of before.
 */
export class Timetable {
  readonly #deps: { clock: Clock; log: Logger; timeZone: string };
  readonly #entries: { task: ScheduledTask; failed: string; work: () => unknown }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #minute = 0;

  /** @param deps.timeZone IANA: what the patterns mean */
  constructor(deps: { clock: Clock; log: Logger; timeZone: string }) {
    this.#deps = deps;
  }

  /**
   * @param when a pattern of cron with five fields
   * @param failed what is logged when the work throws; it is tried again the next time
   */
  add(when: string, failed: string, work: () => unknown): void {
    this.#entries.push({ task: createTask(when, () => undefined, { timezone: this.#deps.timeZone }), failed, work });
  }

  start(): void {
    this.#minute = this.#now();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const { task } of this.#entries.splice(0)) void task.destroy();
  }

  /** Does what has become due since the last look. Each minute is done once. */
  look(): void {
    const now = this.#now();
    const passed = now - this.#minute;
    if (passed === 0) return;
    const jumped = passed < 0 || passed > LATE_MINUTES_MAX;
    if (jumped) this.#deps.log.warn({ minutes: passed }, 'the clock has jumped');
    const from = jumped ? now : this.#minute + 1;
    this.#minute = now;
    for (let minute = from; minute <= now; minute += 1) {
      const at = new Date(minute * MINUTE_MS);
      for (const entry of this.#entries) if (entry.task.match(at)) this.#do(entry);
    }
  }

  #do({ failed, work }: { failed: string; work: () => unknown }): void {
    Promise.resolve().then(work).catch((err: unknown) => this.#deps.log.error({ err }, failed));
  }

  #now(): number {
    return Math.floor(this.#deps.clock.now() / MINUTE_MS);
  }
}
