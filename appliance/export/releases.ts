import { randomUUID, createHash } from 'node:crypto';
import { THE_BOX, type Actor, type Audit } from '../audit/index.js';
import {
  RELEASE_FORMAT, RELEASE_SCHEMA_VERSION, type ExportComparison, type ReleaseDocument, type ReleaseManifest,
} from '../contract/index.js';
import { dayAfter, dayBounds, PorticoError, type Clock, type Logger } from '../kit/index.js';
import type { Signer } from '../papers/index.js';
import type { Database } from '../storage/index.js';
import { archiveNameOf, archiveOf, documentOf, filesOf } from './archive.js';
import { businessDay, CATCH_UP_DAYS, dueDays, type StoreDays } from './calendar.js';
import type { MadeDays } from './madeDays.js';
import { readOwn, requireForm } from './opening.js';
import { DAY_MAX_MILLIONTHS, release, TrueFigures, type Budget, type Release } from './release.js';
import { makeProfile, MILLION, type Profile } from './profile.js';
import { systemRandom, type RandomSource } from './random.js';
import { toRows, type DayVisit, type VisitorRow } from './rows.js';

const DAY_MS = 86_400_000;
/** Days that one day's budget is added up with. */
const YEAR_DAYS = 365;

/** A release that was made, without its bytes. */
export interface Made {
  day: string; chain_id: string; number: number; status: 'released' | 'skipped'; reason: 'crowd' | 'budget' | null; made_at_ms: number;
  cells: number; suppressed: number; file_name: string; sha256: string; bytes: number; millionths: number;
}
const SELECT = `SELECT day, chain_id, number, status, reason, made_at_ms, cells, suppressed, file_name, sha256, length(archive) AS bytes,
  (SELECT coalesce(sum(millionths), 0) FROM epsilon_ledger WHERE epsilon_ledger.day = release.day) AS millionths FROM release`;
const AFTER_ALL_DAYS = '9999-12-31';
interface StateRow {
  chain_id: string; first_day: string | null; restored_at_ms: number | null; restore_unsettled: number; held_since_ms: number | null; off_from_ms: number | null; off_to_ms: number | null;
  store_id: string | null;
}

export interface ReleasesDeps {
  db: Database; clock: Clock; audit: Audit; log: Logger; signer: Pick<Signer, 'sign'>;
  /** Null: nothing says where releases go, and none are made. */
  profile: Profile | null;
  store: StoreDays & { id: string; version: string };
  /** Visits that began in this time and were really that customer's, in order; not of those who asked that their data rest. */
  visitsBetween: (fromMs: number, toMs: number) => DayVisit[];
  /** How many people's faces are stored. */
  storedPersons: () => number;
  madeDays: MadeDays;
  /** How long the first try waits, ms: drawn by chance, so that the moment tells nothing of the work and a thousand boxes do not come at once. */
  firstDelayMs: () => number;
  random?: RandomSource;
}

/** The releases of this box: one a store day, made once, with the ledger of what they cost. */
export class Releases {
  readonly #deps: ReleasesDeps;

  constructor(deps: ReleasesDeps) {
    this.#deps = deps;
  }

  /**
   * What is known anew at a start and before each night: whether releases are set up (days before, and days on which they were not, are never released), of which
   * store, and what an older file that was put back does not know any more.
   * @param ready somebody works here, and the clock is right
   */
  settle(ready: boolean): void {
    const { db, profile, clock, store } = this.#deps;
    this.#enterLostDays();
    const { first_day: firstDay, off_from_ms: offFromMs, off_to_ms: offToMs, store_id: storeId } = this.#state();
    const now = clock.now();
    if (profile === null) {
      if (firstDay === null || (offFromMs !== null && offToMs === null)) return;
      // An earlier time that somebody may still ask about is joined to this one.
      const from = offFromMs !== null && now - offToMs! < CATCH_UP_DAYS * DAY_MS ? offFromMs : now;
      db.run('UPDATE export_state SET off_from_ms = ?, off_to_ms = NULL WHERE only_one = 1', from);
      return;
    }
    if (offFromMs !== null && offToMs === null) db.run('UPDATE export_state SET off_to_ms = ? WHERE only_one = 1', now);
    if (storeId !== store.id) db.run('UPDATE export_state SET store_id = ?, chain_id = CASE WHEN store_id IS NULL THEN chain_id ELSE ? END WHERE only_one = 1', store.id, randomUUID());
    if (!ready) return;
    const today = businessDay(now, store);
    if (firstDay === null || (firstDay > today && db.get('SELECT 1 FROM release LIMIT 1') === undefined)) {
      // One from the future: the clock stood wrong then. Where there are releases already it stands wrong now.
      db.run('UPDATE export_state SET first_day = ? WHERE only_one = 1', today);
    }
    if (this.#state().restore_unsettled === 1) this.#settleRestore(now);
  }

  /** Days that this machine has released and this file does not know: an update went back. They are spent, and head office sees a new chain instead of two ends. */
  #enterLostDays(): void {
    const { db, madeDays } = this.#deps;
    const known = new Set<string>();
    for (const { day, sha256 } of db.all<{ day: string; sha256: string }>('SELECT day, sha256 FROM release')) {
      madeDays.add(day, sha256);
      known.add(day);
    }
    const lost = madeDays.all().filter((day) => !known.has(day) && !this.#isSpent(day));
    if (lost.length === 0) return;
    db.transaction(() => {
      db.run('UPDATE export_state SET chain_id = ? WHERE only_one = 1', randomUUID());
      for (const day of lost) this.#spend(day, DAY_MAX_MILLIONTHS);
    });
  }

  /** What may have been released since the backup counts as released, and as spent. */
  #settleRestore(now: number): void {
    const { db, store } = this.#deps;
    const { first_day: firstDay } = this.#state();
    const last = dayAfter(businessDay(now, store), -1);
    db.transaction(() => {
      db.run('UPDATE export_state SET restored_at_ms = max(coalesce(restored_at_ms, 0), ?), restore_unsettled = 0 WHERE only_one = 1', now);
      for (let day = dayAfter(last, 1 - CATCH_UP_DAYS); day <= last; day = dayAfter(day)) if (day >= firstDay! && !this.#isSpent(day)) this.#spend(day, DAY_MAX_MILLIONTHS);
    });
  }

  #isSpent(day: string): boolean {
    return this.#deps.db.get('SELECT 1 FROM epsilon_ledger WHERE day = ?', day) !== undefined;
  }

  /** The ledger's own trigger refuses what is beyond the day's budget. */
  #spend(day: string, millionths: number): void {
    this.#deps.db.run('INSERT INTO epsilon_ledger (day, millionths, schema_version, at_ms) VALUES (?, ?, ?, ?)', day, millionths, RELEASE_SCHEMA_VERSION, this.#deps.clock.now());
  }

  /** Days of which a release is due, oldest first. */
  due(): string[] {
    const { clock, store, madeDays } = this.#deps;
    const { first_day: firstDay, restored_at_ms: restoredAtMs, off_from_ms: offFromMs, off_to_ms: offToMs } = this.#state();
    if (firstDay === null) return [];
    return dueDays(clock.now(), firstDay, store, (day) => {
      const { fromMs, toMs } = this.#bounds(day);
      const wasOff = offFromMs !== null && toMs > offFromMs && (offToMs === null || fromMs < offToMs);
      // What was over when this file was put back may have gone out from the one that it replaced.
      return wasOff || madeDays.has(day) || this.#isSpent(day) || (restoredAtMs !== null && toMs <= restoredAtMs);
    });
  }

  /** Since when this file, put back onto another box, waits for somebody to say that it stands in for the old one; null: it does not. */
  heldSinceMs(): number | null {
    return this.#state().held_since_ms;
  }

  resume(by: Actor): void {
    this.#deps.audit.recording('setting_changed', by, { detail: { setting: 'export_resumed' } }, () => {
      this.#deps.db.run('UPDATE export_state SET held_since_ms = NULL WHERE only_one = 1');
    });
  }

  restoredUpTo(): string | null {
    const { restored_at_ms: restoredAtMs } = this.#state();
    return restoredAtMs === null ? null : dayAfter(businessDay(restoredAtMs, this.#deps.store), -1);
  }

  /**
   * Makes the release of a day and keeps it, with what it cost and its place in the outbox, or nothing of all that.
   * @throws PorticoError storage_full and the like: nothing was drawn that anybody saw; it is made the next time
   */
  async make(day: string): Promise<Made> {
    const { db, clock, audit, log, store, madeDays, storedPersons, firstDelayMs } = this.#deps;
    const profile = this.#profile();
    const budget = this.budget(day);
    const made = release(day, this.#rows(day), profile, budget, this.#deps.random ?? systemRandom);
    const { chain_id: chainId } = this.#state();
    const before = db.get<{ number: number; sha256: string }>('SELECT number, sha256 FROM release WHERE chain_id = ? ORDER BY number DESC LIMIT 1', chainId);
    const chain = { id: chainId, number: (before?.number ?? 0) + 1, previous: before?.sha256 ?? null };
    const archive = await this.#pack(made, profile, budget, chain, storedPersons());
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const suppressed = made.cells.filter(({ count }) => count === null).length;
    const now = clock.now();
    db.transaction(() => {
      this.#spend(day, made.spentMillionths);
      db.run(
        `INSERT INTO release (day, chain_id, number, status, reason, made_at_ms, to_ms, cells, suppressed, file_name, sha256, archive) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        day, chain.id, chain.number, made.skipped === null ? 'released' : 'skipped', made.skipped, now, this.#bounds(day).toMs, made.cells.length, suppressed, archiveNameOf(store.id, day), sha256, archive);
      db.run(`INSERT INTO release_delivery (day, state, since_ms, next_try_at_ms) VALUES (?, 'waiting', ?, ?)`, day, now, now + firstDelayMs());
      audit.record(made.skipped === null ? 'release_made' : 'release_skipped', THE_BOX, {
        detail: { day, number: chain.number, sha256, epsilon: made.spentMillionths / MILLION, ...(made.skipped === null ? { withheld: suppressed } : { reason: made.skipped }) },
      });
    });
    madeDays.add(day, sha256);
    log.info({ day, status: made.skipped === null ? 'released' : 'skipped' }, 'the release of a day was made');
    return this.byDay(day);
  }

  /** What has been spent before a release of this day. */
  budget(day: string): Budget {
    const sum = (sql: string, ...days: string[]) => this.#deps.db.get<{ sum: number }>(`SELECT coalesce(sum(millionths), 0) AS sum FROM epsilon_ledger WHERE ${sql}`, ...days)!.sum;
    return { dayMillionths: sum('day = ?', day), yearMillionths: sum('day > ? AND day <= ?', dayAfter(day, -YEAR_DAYS), day) };
  }

  /** Of the 365 days up to now. */
  yearSpent(): number {
    return this.budget(businessDay(this.#deps.clock.now(), this.#deps.store)).yearMillionths / MILLION;
  }

  /** @throws PorticoError export_day_not_found */
  byDay(day: string): Made {
    const row = this.#deps.db.get<Made>(`${SELECT} WHERE day = ?`, day);
    if (row === undefined) throw new PorticoError('export_day_not_found');
    return row;
  }

  /** Newest first. @param before a day; null: from the newest on */
  list(before: string | null, limit: number): Made[] {
    return this.#deps.db.all<Made>(`${SELECT} WHERE day < ? ORDER BY day DESC LIMIT ?`, before ?? AFTER_ALL_DAYS, limit);
  }

  /** The bytes as they were made. @throws PorticoError export_day_not_found */
  archive(day: string): Buffer {
    const row = this.#deps.db.get<{ archive: Buffer }>('SELECT archive FROM release WHERE day = ?', day);
    if (row === undefined) throw new PorticoError('export_day_not_found');
    return row.archive;
  }

  /** What stands in it. @throws PorticoError export_day_not_found */
  async content(day: string): Promise<{ manifest: ReleaseManifest; document: ReleaseDocument }> {
    return readOwn(this.archive(day));
  }

  /**
   * The true figures beside the released ones, for the privacy officer: written down, shown, kept nowhere. Of a day without a release noise is drawn for this look
   * alone; it costs nothing, because who sees it sees the truth beside it, and it is never the one that is released.
   * @throws PorticoError export_not_set_up, export_day_not_over
   */
  async compare(day: string, by: Actor): Promise<ExportComparison> {
    const { db, clock, audit, store } = this.#deps;
    const exists = db.get('SELECT 1 FROM release WHERE day = ?', day) !== undefined;
    if (!exists && this.#deps.profile !== null && !(clock.now() >= this.#bounds(day).toMs)) throw new PorticoError('export_day_not_over');
    const content = exists ? await this.content(day) : null;
    const profile = content === null ? this.#profile() : makeProfile(content.manifest.parameters);
    const rows = this.#rows(day, profile);
    const { status, reason, cells } = content?.document ?? documentOf(release(day, rows, profile, { dayMillionths: 0, yearMillionths: 0 }, systemRandom), store.id, 0);
    const { tables, parameters } = profile;
    const { people, of } = new TrueFigures(rows, profile).show();
    audit.record('release_compared', by, { detail: { day, specimen: !exists } });
    return {
      day, specimen: !exists, status, reason, crowdMin: parameters.crowdMin, crowdWithNoise: parameters.crowdWithNoise, people,
      cells: tables.flatMap(({ table, cells: names }) => names.map((cell) => {
        const out = cells.find((each) => each.table === table && each.cell === cell);
        return { table, cell, actual: of(table, cell), count: out?.count ?? null, estimate: out?.estimate ?? null, standardError: out?.standardError ?? null };
      })),
    };
  }

  // ---- Parts -----------------------------------------------------------------------------------------------------

  async #pack(made: Release, { parameters, tables }: Profile, budget: Budget, chain: ReleaseManifest['chain'], storedPersons: number): Promise<Buffer> {
    const { store, signer } = this.#deps;
    const document = documentOf(made, store.id, storedPersons);
    const files = filesOf(document, tables);
    const suppressed = made.cells.filter(({ count }) => count === null).length;
    const manifest: ReleaseManifest = {
      format: RELEASE_FORMAT, schemaVersion: RELEASE_SCHEMA_VERSION, store: store.id, day: made.day, timeZone: store.timeZone, dayEndsAt: store.dayEndsAt, chain,
      status: document.status, reason: document.reason, parameters, tables: [...tables],
      epsilon: {
        spent: made.spentMillionths / MILLION, dayMax: DAY_MAX_MILLIONTHS / MILLION,
        yearSpent: (budget.yearMillionths + made.spentMillionths) / MILLION, yearMax: parameters.epsilonYearMax,
      },
      suppressedShare: made.skipped === null ? Math.round((suppressed / made.cells.length) * 10_000) / 10_000 : null, storedPersons, softwareVersion: store.version,
      files: files.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })),
    };
    requireForm(manifest, document);
    return archiveOf({ manifestJws: await signer.sign('release', manifest), files });
  }

  #rows(day: string, profile = this.#profile()): VisitorRow[] {
    const { store, visitsBetween } = this.#deps;
    const { fromMs, toMs } = this.#covered(day);
    return toRows(visitsBetween(fromMs, toMs), { fromMs, timeZone: store.timeZone, dayEndsAt: store.dayEndsAt }, profile.parameters);
  }

  #profile(): Profile {
    const { profile } = this.#deps;
    if (profile === null) throw new PorticoError('export_not_set_up');
    return profile;
  }

  /** Where time zone or end of day was changed, days overlap: a visit counts in one of them. */
  #covered(day: string): { fromMs: number; toMs: number } {
    const { fromMs, toMs } = this.#bounds(day);
    const { before } = this.#deps.db.get<{ before: number | null }>('SELECT max(to_ms) AS before FROM release WHERE day < ?', day)!;
    const { own } = this.#deps.db.get<{ own: number }>('SELECT to_ms AS own FROM release WHERE day = ?', day) ?? { own: toMs };
    return { fromMs: Math.max(fromMs, before ?? 0), toMs: own };
  }

  #bounds(day: string): { fromMs: number; toMs: number } {
    return dayBounds(day, this.#deps.store.timeZone, this.#deps.store.dayEndsAt);
  }

  #state(): StateRow {
    return this.#deps.db.get<StateRow>('SELECT * FROM export_state')!;
  }
}

/**
 * For a restore: releases that were made after the backup are not in it, so what is over by now is never released again, and a new chain begins.
 * @param sameBox on another one nothing is sent until somebody says that it stands in for the old one: it may be a spare on which the way back is practised
 */
export function forgetReleases(db: Database, nowMs: number, sameBox: boolean): void {
  // From before there were releases: the migration that makes the table reads it.
  if (db.get(`SELECT 1 FROM sqlite_master WHERE name = 'export_state'`) === undefined) {
    db.run(`INSERT INTO box_fact (name, value, at_ms) VALUES ('export_restored', ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms`, sameBox ? 'same box' : 'other box', nowMs);
    return;
  }
  db.run('UPDATE export_state SET chain_id = ?, restored_at_ms = ?, restore_unsettled = 1, held_since_ms = CASE WHEN ? THEN held_since_ms ELSE ? END WHERE only_one = 1', randomUUID(), nowMs, sameBox ? 1 : 0, nowMs);
}
