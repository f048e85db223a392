import type { Actor, Audit } from '../audit/index.js';
import type { ExportComparison, ExportDay, ExportDetail, ExportState } from '../contract/index.js';
import { RELEASE_SCHEMA_VERSION } from '../contract/index.js';
import { toInstant, type Clock, type Logger } from '../kit/index.js';
import type { Signer } from '../papers/index.js';
import type { Database } from '../storage/index.js';
import type { Connector, ConnectorSettings } from './connectors/connector.js';
import { storeOf } from './archive.js';
import { MadeDays } from './madeDays.js';
import { Outbox } from './outbox.js';
import { makeProfile, MILLION, type ExportParameters, type Profile } from './profile.js';
import { Releases, type Made } from './releases.js';
import type { DayVisit } from './rows.js';

export {
  archiveNameOf, archiveOf, csvOf, csvOfRows, externalIdOf, filesOf, MANIFEST_FILE, parquetColumn, parquetOf, parquetSchemaOf, PARQUET_MADE_BY, RELEASE_COLUMNS, rowsOf, type ReleaseFile, type ReleaseRow,
} from './archive.js';
export { ARCHIVE_BYTES_MAX, openRelease, type OpenedRelease } from './opening.js';
export { makeProfile, type ExportParameters, type Profile } from './profile.js';
export { forgetReleases } from './releases.js';
export type { DayVisit } from './rows.js';

export interface ExportSettings { readonly to: ConnectorSettings; readonly at: string; readonly parameters: ExportParameters }

export interface ExportsDeps {
  db: Database; clock: Clock; audit: Audit; log: Logger; signer: Pick<Signer, 'sign'>;
  /** Of the settings of the box, what this room needs. */
  config: {
    /** Null: nothing says where releases go. */
    export: ExportSettings | null;
    storeId: string; version: string; timeZone: string; dayEndsAt: string; dataDirectory: string; credentialsDirectory: string | null;
  };
  visitsBetween: (fromMs: number, toMs: number) => DayVisit[];
  storedPersons: () => number;
  staffed: () => boolean;
  trustsClock: () => boolean;
  /** Default: as the settings say. */
  connector?: Connector;
  /** 0..1, for how long to wait between tries; default: Math.random. */
  chance?: () => number;
  /** Of one try; default 5 minutes. */
  tryMaxMs?: number;
  /** Before the first try; default: up to a quarter of an hour by chance where others can see it, at once for a disk. */
  firstDelayMs?: () => number;
}

/** Days on a page. */
const SHOWN = 31;
const FIRST_DELAY_MAX_MS = 15 * 60_000;
/** More than these due at once: the box was off, or its clock is ahead. It has to go on as it should for an hour first; a clock that was wrong is put right by then. */
const DUE_AT_ONCE_MAX = 2;
const STEADY_MS = 3_600_000;
const STEADY_MAX_MS = 24 * STEADY_MS;
const AT_BY_DEFAULT = '04:40';

/** Head office's nightly release: made once a store day, kept as it was made, sent until it has arrived. */
export class Exports {
  readonly #deps: ExportsDeps;
  readonly #profile: Profile | null;
  readonly #releases: Releases;
  readonly #outbox: Outbox;
  readonly #at: string;
  #working: Promise<void> | null = null;
  #stopped = false;
  #manyDueSinceMs: number | null = null;

  constructor(deps: ExportsDeps) {
    const { db, clock, audit, log, config, signer, visitsBetween, storedPersons } = deps;
    this.#deps = deps;
    this.#at = config.export?.at ?? AT_BY_DEFAULT;
    this.#profile = config.export === null ? null : makeProfile(config.export.parameters);
    const madeDays = new MadeDays(config.dataDirectory);
    this.#releases = new Releases({
      firstDelayMs: deps.firstDelayMs ?? (() => (config.export?.to.kind === 'folder' ? 0 : Math.floor(Math.random() * FIRST_DELAY_MAX_MS))),
      db, clock, audit, log, signer, profile: this.#profile, madeDays, visitsBetween, storedPersons,
      store: { id: config.storeId, version: config.version, timeZone: config.timeZone, dayEndsAt: config.dayEndsAt, at: this.#at },
    });
    this.#outbox = new Outbox({
      db, clock, audit, log, madeDays, connector: config.export === null ? null : deps.connector ?? lazily(config.export.to, config, clock), ...(deps.chance === undefined ? {} : { chance: deps.chance }), ...(deps.tryMaxMs === undefined ? {} : { tryMaxMs: deps.tryMaxMs }),
      parcelOf: (day) => {
        const { file_name: fileName, sha256 } = this.#releases.byDay(day);
        // Of the store that it was made for, which the box may not be any more.
        return { store: storeOf(fileName), day, fileName, sha256, archive: this.#releases.archive(day), schemaVersion: RELEASE_SCHEMA_VERSION };
      },
    });
  }

  start(): void {
    this.#releases.settle(this.#held() === null);
  }

  /** What is under way is cut off, or made and kept. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#outbox.stop();
    await this.#working;
  }

  /** For cron, in the store's time zone. */
  get nightlyAt(): string {
    const [hour, minute] = this.#at.split(':').map(Number);
    return `${minute} ${hour} * * *`;
  }

  /** Makes what is due and sends what waits: at night, and again and again for what was missed. One at a time. */
  work(): Promise<void> {
    this.#working ??= this.#workOnce().finally(() => { this.#working = null; });
    return this.#working;
  }

  async #workOnce(): Promise<void> {
    if (this.#profile === null || this.#held() !== null) return;
    this.#releases.settle(true);
    for (const day of this.#dueNow()) {
      if (this.#stopped) return;
      try {
        await this.#releases.make(day);
      } catch (err) {
        this.#deps.log.error({ err, day }, 'the release of a day could not be made'); // tried again; it holds back neither other days nor what waits
      }
    }
    await this.#outbox.work();
  }

  /** Days that a clock set ahead makes of the future would be lost: none is made before many have waited for an hour. */
  #dueNow(): string[] {
    const due = this.#releases.due();
    const now = this.#deps.clock.now();
    if (due.length <= DUE_AT_ONCE_MAX) {
      this.#manyDueSinceMs = null;
      return due;
    }
    const waitedMs = this.#manyDueSinceMs === null ? -1 : now - this.#manyDueSinceMs;
    if (waitedMs < 0 || waitedMs > STEADY_MAX_MS) this.#manyDueSinceMs = now;
    return waitedMs >= STEADY_MS && waitedMs <= STEADY_MAX_MS ? due : [];
  }

  // ---- Asking ----------------------------------------------------------------------------------------------------

  state(before: string | null): ExportState {
    const { config } = this.#deps;
    const rows = this.#releases.list(before, SHOWN + 1);
    const { waiting, dead } = this.#outbox.counts();
    return {
      setUp: this.#profile !== null, target: config.export?.to.kind ?? null, at: this.#at, parameters: this.#profile?.parameters ?? null,
      epsilonYear: { spent: this.#releases.yearSpent(), max: this.#profile?.parameters.epsilonYearMax ?? 0 },
      held: this.#profile === null ? null : this.#held(), restoredUpTo: this.#releases.restoredUpTo(), waiting, dead,
      days: rows.slice(0, SHOWN).map((row) => this.#toDay(row)), more: rows.length > SHOWN,
    };
  }

  /** @throws PorticoError export_day_not_found */
  day(day: string): ExportDay {
    return this.#toDay(this.#releases.byDay(day));
  }

  /** @throws PorticoError export_day_not_found */
  async detail(day: string): Promise<ExportDetail> {
    const row = this.#releases.byDay(day);
    const { manifest: { parameters, tables }, document: { cells, storedPersons } } = await this.#releases.content(day);
    return { ...this.#toDay(row), parameters, tables, released: cells, storedPersons };
  }

  /** Exactly the bytes that were or will be sent. @throws PorticoError export_day_not_found */
  file(day: string, by: Actor): { fileName: string; archive: Buffer } {
    const { file_name: fileName, sha256 } = this.#releases.byDay(day);
    this.#deps.audit.record('release_opened', by, { detail: { day, sha256 } });
    return { fileName, archive: this.#releases.archive(day) };
  }

  /** @throws PorticoError export_not_set_up, export_day_not_over */
  compare(day: string, by: Actor): Promise<ExportComparison> {
    return this.#releases.compare(day, by);
  }

  /** Goes on by itself. @throws PorticoError export_day_not_found */
  sendAgain(day: string, by: Actor): ExportDay {
    this.#outbox.sendAgain(day, by);
    this.work().catch((err: unknown) => this.#deps.log.error({ err }, 'a release could not be sent'));
    return this.day(day);
  }

  /** This box stands in for the one that it was made from. */
  resume(by: Actor): void {
    this.#releases.resume(by);
  }

  /** For the report of the box. */
  forHealth(): { setUp: boolean; deliveredAtMs: number | null; waitingSinceMs: number | null; dead: number; held: ExportState['held'] } {
    const { deliveredAtMs, waitingSinceMs, dead } = this.#outbox.counts();
    return { setUp: this.#profile !== null, deliveredAtMs, waitingSinceMs, dead, held: this.#held() };
  }

  #held(): ExportState['held'] {
    if (!this.#deps.staffed()) return 'nobody_yet';
    if (!this.#deps.trustsClock()) return 'clock';
    return this.#releases.heldSinceMs() === null ? null : 'restored';
  }

  #toDay(row: Made): ExportDay {
    return {
      day: row.day, status: row.status, reason: row.reason, madeAt: toInstant(row.made_at_ms), number: row.number, fileName: row.file_name, bytes: row.bytes, sha256: row.sha256,
      epsilon: row.millionths / MILLION, cells: row.cells, suppressed: row.suppressed, delivery: this.#outbox.of(row.day),
    };
  }
}

/** SSH and HTTPS are a good deal of code: loaded when something is first sent. */
function lazily(to: ConnectorSettings, secrets: { dataDirectory: string; credentialsDirectory: string | null }, clock: Clock): Connector {
  let loading: Promise<Connector> | null = null;
  const load = async (): Promise<Connector> => (to.kind === 'https'
    ? new (await import('./connectors/https.js')).HttpsConnector({ url: to.url, secrets, clock })
    : new (await import('./connectors/files.js')).FilesConnector({ settings: to, secrets }));
  return {
    kind: to.kind,
    deliver: async (parcel, progress, signal) => {
      loading ??= load();
      await (await loading).deliver(parcel, progress, signal);
    },
  };
}
