import { randomUUID } from 'node:crypto';
import type { Actor, Audit } from '../audit/index.js';
import {
  SIGNAGE_ITEMS,
  type CameraMode, type MODE_OBSTACLES, type ModeState, type RecognitionMode, type RunnableStation, type Station, type StationRequest, type Zone,
} from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Assessments } from './assessments.js';

type Obstacle = (typeof MODE_OBSTACLES)[number];
/** Who acts in the privacy office: always somebody. */
export type Officer = Actor & { staffId: string };
interface StationRow { id: string; name: string; zone: string | null; signage_at_ms: number | null; signage_by: string | null }
const STATIONS = 'SELECT station.id, station.name, zone, signage_at_ms, staff.name AS signage_by FROM station LEFT JOIN staff ON staff.id = signage_by';

/** Which cameras may be read: the mode of the store, and the stations that stand by themselves. */
export class Modes {
  readonly #deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; assessments: Assessments };
  #mode: RecognitionMode | null = null;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; assessments: Assessments }) {
    this.#deps = deps;
  }

  /** As delivered: opt_in. */
  current(): RecognitionMode {
    this.#mode ??= this.#last()?.mode ?? 'opt_in';
    return this.#mode;
  }

  state(): ModeState {
    const last = this.#last();
    return {
      mode: this.current(), since: last === null ? null : toInstant(last.at_ms), by: last?.name ?? null,
      obstacles: { off: [], opt_in: this.#obstacles('opt_in'), fixed_station: this.#obstacles('fixed_station') },
    };
  }

  /**
   * Holds at once: cameras that may not run any more close. Switching off is always possible; any other mode needs an assessment made
   * for it since the last change. The mode that holds already is left as it is.
   * @throws PorticoError mode_blocked {obstacles: comma list}
   */
  change(mode: RecognitionMode, by: Officer): ModeState {
    const { db, clock, events, audit, assessments } = this.#deps;
    db.transaction(() => {
      const before = this.current();
      if (before === mode) return;
      const obstacles = this.#obstacles(mode);
      if (obstacles.length > 0) throw new PorticoError('mode_blocked', { obstacles: obstacles.join(',') });
      db.run('INSERT INTO mode_change (mode, assessment_seq, staff_id, at_ms) VALUES (?, ?, ?, ?)', mode, assessments.lastSeq(), by.staffId, clock.now());
      audit.record('mode_changed', by, { detail: { from: before, to: mode } });
      db.afterCommit(() => {
        this.#mode = mode;
        events.emit('modeChanged', { mode });
      });
    });
    return this.state();
  }

  // ---- The gate ------------------------------------------------------------------------------------------------

  /** @throws PorticoError recognition_off */
  requireOn(): void {
    if (this.current() === 'off') throw new PorticoError('recognition_off');
  }

  /**
   * Whether a camera may be read now.
   * @returns the area in which faces may be looked at; null: the whole picture
   * @throws PorticoError recognition_off, station_not_ready
   */
  admit(camera: { mode: CameraMode; stationId: string | null }): Zone | null {
    this.requireOn();
    if (camera.mode !== 'fixed_station') return null;
    const station = camera.stationId === null ? null : this.#row(camera.stationId);
    if (this.current() !== 'fixed_station' || station === null || !isReady(station)) throw new PorticoError('station_not_ready');
    return JSON.parse(station.zone!) as Zone;
  }

  // ---- Stations ------------------------------------------------------------------------------------------------

  /** Oldest first. */
  stations(): Station[] {
    return this.#rows().map(toStation);
  }

  /** Those that may run now, oldest first. */
  runnable(): RunnableStation[] {
    if (this.current() !== 'fixed_station') return [];
    return this.stations().flatMap(({ id, name, zone, ready }) => (ready && zone !== null ? [{ id, name, zone }] : []));
  }

  addStation({ name, zone = null }: StationRequest, by: Officer): Station {
    const { db, clock, audit } = this.#deps;
    const id = randomUUID();
    return db.transaction(() => {
      db.run('INSERT INTO station (id, name, zone, made_at_ms) VALUES (?, ?, ?, ?)', id, name.trim(), toText(zone), clock.now());
      audit.record('station_changed', by, { detail: { stationId: id, change: 'added', zone: zone !== null } });
      return this.#station(id);
    });
  }

  /**
   * A zone that is left out stays. Another zone takes the signature back: what was signed for was the old one.
   * @throws PorticoError station_not_found
   */
  changeStation(id: string, { name, zone }: StationRequest, by: Officer): Station {
    const { db } = this.#deps;
    return db.transaction(() => {
      const former = this.#station(id);
      const next = zone === undefined ? former.zone : zone;
      const moved = toText(next) !== toText(former.zone);
      db.run('UPDATE station SET name = ?, zone = ? WHERE id = ?', name.trim(), toText(next), id);
      if (moved) db.run('UPDATE station SET signage_at_ms = NULL, signage_by = NULL WHERE id = ?', id);
      this.#changed(id, 'station_changed', by, { change: moved ? 'zone' : 'name', zone: next !== null });
      return this.#station(id);
    });
  }

  /** @throws PorticoError station_not_found */
  removeStation(id: string, by: Officer): void {
    const { db } = this.#deps;
    db.transaction(() => {
      if (db.run('DELETE FROM station WHERE id = ?', id).changes === 0) throw new PorticoError('station_not_found');
      this.#changed(id, 'station_changed', by, { change: 'removed' });
    });
  }

  /** The officer saw every item on the spot. @throws PorticoError station_not_found, signage_incomplete {missing: comma list} */
  signSignage(id: string, items: readonly (typeof SIGNAGE_ITEMS)[number][], by: Officer): Station {
    const { db, clock } = this.#deps;
    return db.transaction(() => {
      this.#station(id);
      const missing = SIGNAGE_ITEMS.filter((item) => !items.includes(item));
      if (missing.length > 0) throw new PorticoError('signage_incomplete', { missing: missing.join(',') });
      db.run('UPDATE station SET signage_at_ms = ?, signage_by = ? WHERE id = ?', clock.now(), by.staffId, id);
      this.#changed(id, 'signage_signed', by, {});
      return this.#station(id);
    });
  }

  #changed(stationId: string, action: 'station_changed' | 'signage_signed', by: Officer, detail: Record<string, string | boolean>): void {
    const { db, events, audit } = this.#deps;
    audit.record(action, by, { detail: { stationId, ...detail } });
    db.afterCommit(() => events.emit('stationChanged', { stationId }));
  }

  #obstacles(mode: RecognitionMode): Obstacle[] {
    if (mode === 'off' || mode === this.current()) return [];
    const obstacles: Obstacle[] = this.#deps.assessments.coversSince(mode, this.#last()?.assessment_seq ?? 0) ? [] : ['assessment_missing'];
    if (mode === 'opt_in') return obstacles;
    const stations = this.#rows();
    if (stations.some(isReady)) return obstacles;
    if (stations.length === 0) return [...obstacles, 'station_missing'];
    return stations.some(({ zone }) => zone !== null) ? [...obstacles, 'signage_missing'] : [...obstacles, 'zone_missing', 'signage_missing'];
  }

  #last(): { mode: RecognitionMode; assessment_seq: number; at_ms: number; name: string } | null {
    return this.#deps.db.get<{ mode: RecognitionMode; assessment_seq: number; at_ms: number; name: string }>(
      'SELECT mode, assessment_seq, at_ms, staff.name FROM mode_change JOIN staff ON staff.id = staff_id ORDER BY seq DESC LIMIT 1') ?? null;
  }

  #rows(): StationRow[] {
    return this.#deps.db.all<StationRow>(`${STATIONS} ORDER BY made_at_ms, station.rowid`);
  }

  #row(id: string): StationRow | null {
    return this.#deps.db.get<StationRow>(`${STATIONS} WHERE station.id = ?`, id) ?? null;
  }

  #station(id: string): Station {
    const row = this.#row(id);
    if (row === null) throw new PorticoError('station_not_found');
    return toStation(row);
  }
}

function isReady(row: StationRow): boolean {
  return row.zone !== null && row.signage_at_ms !== null;
}

function toStation(row: StationRow): Station {
  return {
    id: row.id, name: row.name, zone: row.zone === null ? null : JSON.parse(row.zone) as Zone,
    signage: row.signage_at_ms === null ? null : { signedAt: toInstant(row.signage_at_ms), by: row.signage_by ?? '' }, ready: isReady(row),
  };
}

function toText(zone: Zone | null): string | null {
  return zone === null ? null : JSON.stringify(zone.map(({ x, y }) => ({ x, y })));
}
