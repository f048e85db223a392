/** How the box is, for IT: numbers about nobody. */
import { Type, type Static } from 'typebox';
import { closed, Id, Instant, Nullable, OneOf } from './base.js';

/**
 * What is looked at. `export` is head office's nightly release; `name` the box's name on the LAN; `stick` what became of the last USB stick; `update` of the
 * last update.
 */
export const CHECK_IDS = [
  'disk', 'memory', 'temperature', 'clock', 'power', 'database', 'search', 'models', 'cameras', 'certificate', 'name', 'backup', 'export', 'stick', 'update',
] as const;
export type CheckId = (typeof CHECK_IDS)[number];

/**
 * Every reason that a check can give: `checks.ID.REASON` has words for it, in the page (webui/src/i18n/checks.*) and for the command line
 * (checkWords.ts).
 */
export const CHECK_REASONS = {
  disk: ['fine', 'filling', 'low', 'full', 'limit_reached', 'read_only', 'not_told'],
  memory: ['fine', 'tight', 'short', 'swap_on', 'not_told'],
  temperature: ['fine', 'hot', 'too_hot', 'not_told'],
  clock: ['fine', 'behind_build', 'behind_seen', 'jumped', 'not_synchronised', 'not_told'],
  power: ['fine', 'lost_power', 'crashed'],
  database: ['fine', 'not_checked', 'not_checked_lately', 'check_failed', 'damaged', 'busy'],
  search: ['fine', 'behind'],
  models: ['fine', 'not_tested', 'unavailable', 'no_answer', 'wrong_numbers', 'file_changed'],
  cameras: ['fine', 'none', 'closed', 'silent', 'station_missing', 'too_slow', 'recognition_off'],
  certificate: ['fine', 'ending', 'ended', 'names_missing'],
  name: ['off', 'published', 'conflict', 'failed'],
  backup: ['fine', 'not_set_up', 'nobody_yet', 'held', 'never', 'old', 'failed'],
  export: ['fine', 'not_set_up', 'nobody_yet', 'held', 'first', 'waiting', 'refused', 'old'],
  stick: ['none', 'applied', 'done', 'brought', 'refused', 'rolled_back', 'unreadable'],
  update: ['none', 'applied', 'waiting', 'under_way', 'refused', 'rolled_back', 'deletions_unread', 'unreadable'],
} as const satisfies Record<CheckId, readonly string[]>;
export type CheckReason<Id extends CheckId = CheckId> = (typeof CHECK_REASONS)[Id][number];

/** `off`: not set up, and need not be. `unknown`: this machine does not tell. */
export const CHECK_STATES = ['ok', 'warning', 'failed', 'off', 'unknown'] as const;
export type CheckState = (typeof CHECK_STATES)[number];

export const BoxCheck = Type.Object(
  {
    id: OneOf(CHECK_IDS),
    state: OneOf(CHECK_STATES),
    /** Why it is in this state, for the words and what to do: a key of `checks.ID.REASON` in the page's words. */
    reason: Type.String({ pattern: '^[a-z_]{1,40}$' }),
    /** What the words fill in: numbers, instants, file names of backups. */
    figures: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()])),
  },
  closed,
);
export type BoxCheck = Static<typeof BoxCheck>;

export const BoxReport = Type.Object(
  {
    /** The worst of the checks. */
    status: OneOf(['ok', 'warning', 'failed'] as const),
    checks: Type.Array(BoxCheck),
    version: Type.String(),
    modelPack: Type.String(),
    at: Instant,
    startedAt: Instant,
    addresses: Type.Array(Type.String()),
    /** SHA-256 of the root that the iPads trust, as people compare it. */
    rootFingerprint: Type.String(),
  },
  closed,
);
export type BoxReport = Static<typeof BoxReport>;

/** What keeps a box from being ready: codes alone, for whoever asks. */
export const UNREADY_CODES = ['database_not_open', 'models_not_tested', 'disk_full', 'clock_wrong'] as const;
export const Readiness = Type.Object({ ready: Type.Boolean(), codes: Type.Array(OneOf(UNREADY_CODES)) }, closed);
export type Readiness = Static<typeof Readiness>;

/**
 * What services that run as root leave of their last run in the box's state folder, as stick.json and update.json. More fields may stand
 * in the file; what is not of this form counts as damaged.
 */
export const RootRun = Type.Object({
  outcome: OneOf(['applied', 'refused', 'rolled_back', 'waiting', 'under_way'] as const),
  at: Instant,
  /** Of what was refused or rolled back: a code of consoleErrors.ts. */
  errorCode: Type.Optional(Nullable(Type.String({ pattern: '^[a-z_]{1,40}$' }))),
  /** The serial of the stick's settings, the version of an update. */
  what: Type.Optional(Nullable(Type.Union([Type.String({ maxLength: 40 }), Type.Integer()]))),
  /** In every later update.json too: when one was gone back from, and every face deleted because deletions could not be read. */
  deletionsUnreadAt: Type.Optional(Nullable(Instant)),
});
export type RootRun = Static<typeof RootRun>;

export const BACKUP_ERRORS = [
  'backup_target_missing', 'backup_target_full', 'backup_target_refused', 'backup_unreadable', 'backup_failed', 'backup_interrupted', 'storage_full',
] as const;
export const BackupRun = Type.Object(
  {
    id: Id,
    startedAt: Instant,
    finishedAt: Nullable(Instant),
    target: OneOf(['folder', 'sftp'] as const),
    askedBy: OneOf(['night', 'staff', 'console'] as const),
    outcome: OneOf(['running', 'done', 'failed'] as const),
    errorCode: Nullable(OneOf(BACKUP_ERRORS)),
    fileName: Nullable(Type.String()),
    bytes: Nullable(Type.Integer({ minimum: 0 })),
    verifiedAt: Nullable(Instant),
    /** Of a running one, 0..1; null: not known, or ended. */
    progress: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
  },
  closed,
);
export type BackupRun = Static<typeof BackupRun>;

export const Backups = Type.Object(
  {
    /** False: nothing says where backups go and who can open them. */
    setUp: Type.Boolean(),
    target: Nullable(OneOf(['folder', 'sftp'] as const)),
    /** HH:MM in the store's time zone. */
    at: Nullable(Type.String()),
    /** True: the box was made from a backup, and makes none by itself until somebody asks for the first. */
    held: Type.Boolean(),
    /** Newest first, at most 30. */
    runs: Type.Array(BackupRun),
  },
  closed,
);
export type Backups = Static<typeof Backups>;
