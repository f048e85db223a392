import type { Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { IntegrityResult } from './checks/data.js';
import type { DiskSample, PowerFacts } from './checks/machine.js';
import type { ModelNumbers } from './checks/recognition.js';

/** A sample a day: a week's growth says more about the next than the last day's. */
const SAMPLES_MAX = 8;
const SAMPLE_EVERY_MS = 20 * 3_600_000;

/** For a restore: what another machine, or this one in another life, knew of itself. The clock that was seen stays: time does not go back. */
export function forgetMachine(db: Database): void {
  db.run(`DELETE FROM box_fact WHERE name NOT IN ('clock_seen', 'clock_asked')`);
}

/** What the box knows about itself from before this start: the table `box_fact`, numbers and words about nobody. */
export class Facts {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(deps: { db: Database; clock: Clock }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
  }

  /**
   * At a start: whether the last life ended well. A mark that still stands says no: under another boot the power went (or the kernel fell
   * over), under the same one this program did.
   * @param bootId null: not told; then a bad end counts as a crash
   */
  begin(bootId: string | null): 'first' | 'clean' | 'lost_power' | 'crashed' {
    return this.#db.transaction(() => {
      const known = this.#get('last_start') !== null;
      const mark = this.#get('running');
      const ended = mark === null ? (known ? 'clean' : 'first') : bootId !== null && mark.value !== bootId ? 'lost_power' : 'crashed';
      if (ended === 'lost_power') this.#count('power_losses', mark!.at_ms);
      if (ended === 'crashed') this.#count('crashes', mark!.at_ms);
      this.#set('running', bootId ?? '');
      this.#set('last_start', '');
      return ended;
    });
  }

  /** It ends as it should. */
  end(): void {
    this.#db.run('DELETE FROM box_fact WHERE name = ?', 'running');
  }

  power(): PowerFacts {
    const [losses, crashes] = [this.#get('power_losses'), this.#get('crashes')];
    return {
      losses: Number(losses?.value ?? 0), lastLossMs: losses?.at_ms ?? null, crashes: Number(crashes?.value ?? 0), lastCrashMs: crashes?.at_ms ?? null,
    };
  }

  /** The latest time that was written down; null: none yet. */
  seenMs(): number | null {
    return this.#get('clock_seen')?.at_ms ?? null;
  }

  /** A tiny transaction: the time now. Also what a watchdog is fed for. @param evenBack the clock is right, whatever was seen before */
  see(evenBack: boolean): void {
    this.#db.transaction(() => {
      if (!evenBack && (this.seenMs() ?? 0) > this.#clock.now()) this.#set('clock_asked', '');
      else this.#set('clock_seen', '');
      // Until when it ran, should it end badly.
      this.#db.run('UPDATE box_fact SET at_ms = ? WHERE name = ?', this.#clock.now(), 'running');
    });
  }

  /** Since when backups are set up, over all starts: a box that is off each night would else begin anew each morning. @returns null: they are not */
  backupSinceMs(setUp: boolean): number | null {
    const since = this.#get('backup_set_up')?.at_ms ?? null;
    if (!setUp) {
      if (since !== null) this.#db.run('DELETE FROM box_fact WHERE name = ?', 'backup_set_up');
      return null;
    }
    if (since !== null && since <= this.#clock.now()) return since;
    this.#set('backup_set_up', ''); // now first, or by a clock that was ahead
    return this.#clock.now();
  }

  integrity(): IntegrityResult | null {
    const row = this.#get('database_checked');
    return row === null ? null : { atMs: row.at_ms, outcome: row.value as IntegrityResult['outcome'] };
  }

  keepIntegrity(outcome: IntegrityResult['outcome']): void {
    this.#set('database_checked', outcome);
  }

  diskSamples(): DiskSample[] {
    return JSON.parse(this.#get('disk_samples')?.value ?? '[]') as DiskSample[];
  }

  /** One a day; what is older than a week goes. */
  keepDiskSample(usedBytes: number): void {
    const samples = this.diskSamples();
    const nowMs = this.#clock.now();
    const [last] = samples.slice(-1);
    if (last !== undefined && nowMs - last.atMs < SAMPLE_EVERY_MS && nowMs >= last.atMs) return;
    // After the clock was set back they say nothing.
    const kept = samples.filter(({ atMs }) => atMs < nowMs);
    this.#set('disk_samples', JSON.stringify([...kept, { atMs: nowMs, usedBytes }].slice(-SAMPLES_MAX)));
  }

  /** What a pack answered when this box first ran it; null: not run yet. */
  modelNumbers(pack: string): ModelNumbers | null {
    const row = this.#get(`model_numbers:${pack}`);
    return row === null ? null : JSON.parse(row.value) as ModelNumbers;
  }

  keepModelNumbers(pack: string, numbers: ModelNumbers): void {
    this.#set(`model_numbers:${pack}`, JSON.stringify(numbers));
  }

  #count(name: string, atMs: number): void {
    this.#db.run('INSERT INTO box_fact (name, value, at_ms) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1, at_ms = excluded.at_ms WHERE name = excluded.name', name, '1', atMs);
  }

  #get(name: string): { value: string; at_ms: number } | null {
    return this.#db.get<{ value: string; at_ms: number }>('SELECT value, at_ms FROM box_fact WHERE name = ?', name) ?? null;
  }

  #set(name: string, value: string): void {
    this.#db.run('INSERT INTO box_fact (name, value, at_ms) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms', name, value, this.#clock.now());
  }
}
