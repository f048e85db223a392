import { FILING_AT, WARNING_AT, type StoredPersons as Count } from '../contract/index.js';
import type { Audit } from '../audit/index.js';
import { toDay, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Officer } from './modes.js';
import { workdaysAfter } from './workdays.js';

/** Article 15 of the 2025 measures (believed): filed within so many working days of reaching the number. */
const FILING_WORKDAYS = 30;

/** How many people's faces are stored, here and, as head office says, elsewhere; and by when that has to be filed. */
export class StoredPersons {
  readonly #deps: { db: Database; clock: Clock; audit: Audit; timeZone: string; stored: () => number };

  /** @param deps.stored people of whom there is a template here */
  constructor(deps: { db: Database; clock: Clock; audit: Audit; timeZone: string; stored: () => number }) {
    this.#deps = deps;
  }

  /** Counts, and keeps the day on which the number for filing was reached first: falling below it again takes nothing back. */
  now(): Count {
    const { db, clock, timeZone, stored } = this.#deps;
    const row = db.get<{ elsewhere: number; reachedOn: string | null; filedOn: string | null }>(
      'SELECT elsewhere, reached_on AS reachedOn, filed_on AS filedOn FROM stored_persons')!;
    const here = stored();
    const total = here + row.elsewhere;
    let { reachedOn } = row;
    if (reachedOn === null && total >= FILING_AT) {
      reachedOn = toDay(clock.now(), timeZone);
      db.run('UPDATE stored_persons SET reached_on = ? WHERE only_one = 1', reachedOn);
    }
    const due = reachedOn === null ? null : workdaysAfter(reachedOn, FILING_WORKDAYS);
    return {
      stored: here, elsewhere: row.elsewhere, total, level: total >= FILING_AT ? 'filing' : total >= WARNING_AT ? 'warning' : 'none',
      reachedOn, dueOn: due?.day ?? null, provisional: due?.provisional ?? false, filedOn: row.filedOn,
    };
  }

  /** What is left out stays. */
  change(change: { elsewhere?: number; filedOn?: string | null }, by: Officer): Count {
    const { db, audit } = this.#deps;
    return db.transaction(() => {
      if (change.elsewhere !== undefined) db.run('UPDATE stored_persons SET elsewhere = ? WHERE only_one = 1', change.elsewhere);
      if (change.filedOn !== undefined) db.run('UPDATE stored_persons SET filed_on = ? WHERE only_one = 1', change.filedOn);
      audit.record('setting_changed', by, { detail: { setting: 'stored_persons', ...change } });
      return this.now();
    });
  }
}
