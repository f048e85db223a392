/** Store days with visits, written straight into a running box's file: a release is made of a crowd, and nobody notes two hundred arrivals through the page. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { dayBounds } from '../../appliance/kit/index.js';
import { Database } from '../../appliance/storage/index.js';
import type { TestBox } from './box.js';
import { DATABASE, readKey } from './disk.js';

export interface StoreDay { day: string; people: number }
/** As the box of the test is set up. */
export const STORE_DAY = { timeZone: 'Asia/Shanghai', dayEndsAt: '04:00' };
export const TIERS = ['金卡', '银卡'];
const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS;
/** After the end of the day before: opening hours begin. */
const OPENS_AFTER_MS = 6 * 60 * MINUTE_MS;
const OPEN_MINUTES = 10 * 60;
const ARRIVALS = ['recognised', 'recognised', 'recognised', 'confirmed', 'by_hand'];
const LONGEST_MINUTES = 120;

/**
 * Everybody comes once on each of these days, each a stranger on the others; a quarter is new that day. Releases are due from the first of them on.
 * @param days oldest first
 * @param adviserId who served all of them
 */
export function fillDays(box: Pick<TestBox, 'dataDirectory'>, days: readonly StoreDay[], adviserId: string): void {
  const db = Database.open({ file: join(box.dataDirectory, DATABASE), key: readKey(box.dataDirectory) });
  try {
    db.transaction(() => {
      for (const { day, people } of days) {
        const { fromMs } = dayBounds(day, STORE_DAY.timeZone, STORE_DAY.dayEndsAt);
        for (let i = 0; i < people; i += 1) {
          const [customerId, visitId] = [randomUUID(), randomUUID()];
          const openedAtMs = fromMs + OPENS_AFTER_MS + Math.floor((i / people) * OPEN_MINUTES) * MINUTE_MS;
          const closedAtMs = openedAtMs + ((i * 37) % LONGEST_MINUTES) * MINUTE_MS;
          db.run('INSERT INTO customer (id, display_name, tier, created_at_ms) VALUES (?, ?, ?, ?)', customerId, `顾客${day}-${i}`, TIERS[i % 3] ?? null, i % 4 === 0 ? openedAtMs : openedAtMs - YEAR_MS);
          db.run(`INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, adviser_id) VALUES (?, ?, ?, ?, ?, 'left', ?, ?)`,
            visitId, customerId, openedAtMs, closedAtMs, closedAtMs, ARRIVALS[i % ARRIVALS.length]!, adviserId);
          if (i % 3 > 0) db.run('INSERT INTO visit_stage (visit_id, stage, at_ms) VALUES (?, ?, ?)', visitId, i % 3 === 1 ? 'attract' : 'complete', openedAtMs);
        }
      }
      db.run('UPDATE export_state SET first_day = ?', days[0]!.day);
    });
  } finally {
    db.close();
  }
}
