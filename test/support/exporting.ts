/** A store with days behind it, and its nightly releases: real rows in a real encrypted file, with chance that can be played again. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { randomUUID } from 'node:crypto';
import { Exports, type ExportSettings, type ExportsDeps } from '../../appliance/export/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { Signer } from '../../appliance/papers/index.js';
import type { Database } from '../../appliance/storage/index.js';
import { visitsForFigures } from '../../appliance/neighbours.js';
import { GIVEN, seeded } from './dayRows.js';
import { openRooms, type TestRooms } from './rooms.js';
import { temporaryDirectory, TestClock } from './scratch.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Monday, 15 June 2026, 10:00 in Shanghai. */
export const MONDAY = Date.parse('2026-06-15T02:00:00Z');

/**
 * `people` customers, each with one visit on that day from 10:00 on, most served; half were known before.
 * @param startMs 10:00 in the store
 */
export function fillDay(db: Database, startMs: number, people: number, staffId: string, { salt = 'day', tier = '金卡' } = {}): void {
  const random = seeded(`${salt} ${startMs}`);
  db.transaction(() => {
    for (let i = 0; i < people; i += 1) {
      const [customerId, visitId] = [randomUUID(), randomUUID()];
      const openedAtMs = startMs + random.below(600) * 60_000;
      const known = random.below(2) === 1;
      db.run('INSERT INTO customer (id, display_name, tier, created_at_ms) VALUES (?, ?, ?, ?)', customerId, `顾客${salt}${i}`, random.below(3) === 0 ? tier : null, known ? startMs - 40 * DAY : openedAtMs);
      db.run(`INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, adviser_id) VALUES (?, ?, ?, ?, ?, 'left', ?, ?)`,
        visitId, customerId, openedAtMs, openedAtMs + 60_000, openedAtMs + random.below(150) * 60_000, random.below(4) === 0 ? 'by_hand' : 'recognised', random.below(3) > 0 ? staffId : null);
      db.run(`INSERT INTO visit_stage (visit_id, stage, at_ms) VALUES (?, 'arrive', ?)`, visitId, openedAtMs);
      if (random.below(2) === 0) db.run(`INSERT INTO visit_stage (visit_id, stage, at_ms) VALUES (?, 'attract', ?)`, visitId, openedAtMs);
    }
  });
}

export const toFolder = (folder: string, more: Partial<ExportSettings['parameters']> = {}): ExportSettings => ({ to: { kind: 'folder', folder, mounted: false }, at: '04:40', parameters: { ...GIVEN, ...more } });

export interface ExportingStore { rooms: TestRooms; clock: TestClock; dataDirectory: string; folder: string; exportsWith(settings: ExportSettings | null, more?: Partial<ExportsDeps>): Exports }

/** A store that has worked since Monday 10:00; nothing has been released yet. The rooms beside the export are the real ones. */
export function exportingStore(t: Pick<Test, 'teardown'>, options: { dataDirectory?: string; folder?: string } = {}): ExportingStore {
  const dataDirectory = options.dataDirectory ?? temporaryDirectory(t);
  const clock = new TestClock(MONDAY);
  const rooms = openRooms(t, { dataDirectory, clock, dayEndsAt: '04:00' });
  const { db, audit, visits, customers } = rooms;
  const signer = new Signer({ db, clock });
  const teams = new Map([['s', 'A']]);
  const exportsWith = (settings: ExportSettings | null, more: Partial<ExportsDeps> = {}): Exports => {
    const made = new Exports({
      db, clock, audit, log: createLogger('silent'), signer,
      config: { export: settings, storeId: 'SH-01', version: '0.2.0', timeZone: 'Asia/Shanghai', dayEndsAt: '04:00', dataDirectory, credentialsDirectory: null },
      visitsBetween: visitsForFigures({ access: { teamOf: (id: string) => teams.get(id) ?? null }, customers, rights: { isRestricted: (id: string) => rooms.restricted.has(id) }, visits }),
      storedPersons: () => 1_234, staffed: () => true, trustsClock: () => true, firstDelayMs: () => 0, ...more,
    });
    made.start();
    return made;
  };
  return { rooms, clock, dataDirectory, folder: options.folder ?? temporaryDirectory(t), exportsWith };
}

export const keysOf = (db: Database, clock: TestClock) => new Signer({ db, clock }).jwks();
export const releaseFile = (folder: string, day: string): string => join(folder, `portico-release-SH-01-${day}.zip`);
