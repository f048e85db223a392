/** What a test needs that starts no box: loading one costs half a second of each process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Clock } from '../../appliance/kit/index.js';

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #now: number;
  constructor(now = Date.now()) {
    this.#now = now;
  }
  now(): number {
    return this.#now;
  }
  move(ms: number): void {
    this.#now += ms;
  }
}

/** An hour (HH:MM in Shanghai) half a day from now: no test runs over the end of a business day unless it wants to. */
export function farDayEnd(clock: Clock): string {
  return new Date(clock.now() + (12 + 8) * 3_600_000).toISOString().slice(11, 16);
}

/** A folder that is gone when the test is over. */
export function temporaryDirectory(t: Pick<Test, 'teardown'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'portico-test-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
