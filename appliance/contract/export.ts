/** Head office's nightly release as the page shows it: what went out, when, exactly which bytes, and what was withheld. */
import { Type, type Static } from 'typebox';
import { closed, Day, Instant, Nullable, OneOf } from './base.js';
import { ReleasedCell, ReleaseParameters, ReleaseTableSpec, RELEASE_TABLES, SKIP_REASONS } from './release.js';

/**
 * Why a release did not arrive. Those of EXPORT_DEAD need a person; all others are tried again by themselves.
 * `export_schema_too_new`: head office's service does not know this form yet.
 */
export const EXPORT_ERRORS = [
  'export_unreachable', 'export_tls_untrusted', 'export_not_accepted', 'export_schema_too_new', 'export_acknowledgement_wrong', 'export_rejected', 'export_conflict',
  'export_target_missing', 'export_target_full', 'export_target_refused', 'export_interrupted', 'export_failed', 'export_tried_too_long',
] as const;
export type ExportError = (typeof EXPORT_ERRORS)[number];
export const EXPORT_DEAD: readonly ExportError[] = ['export_rejected', 'export_conflict', 'export_tried_too_long'];
export const EXPORT_TARGETS = ['https', 'sftp', 'folder'] as const;
export type ExportTarget = (typeof EXPORT_TARGETS)[number];

export const ExportDelivery = Type.Object(
  {
    /** `dead`: nobody takes it; a person has to look, then it can be sent again. */
    state: OneOf(['waiting', 'sending', 'delivered', 'dead'] as const),
    tries: Type.Integer({ minimum: 0 }),
    lastTriedAt: Nullable(Instant),
    nextTryAt: Nullable(Instant),
    deliveredAt: Nullable(Instant),
    /** Of the last try that failed. */
    errorCode: Nullable(OneOf(EXPORT_ERRORS)),
    /** While it is being sent, 0..1; null else. */
    progress: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
  },
  closed,
);
export type ExportDelivery = Static<typeof ExportDelivery>;

export const ExportDay = Type.Object(
  {
    day: Day,
    status: OneOf(['released', 'skipped'] as const),
    reason: Nullable(OneOf(SKIP_REASONS)),
    madeAt: Instant,
    /** In the chain of this box's releases. */
    number: Type.Integer({ minimum: 1 }),
    fileName: Type.String(),
    bytes: Type.Integer({ minimum: 1 }),
    sha256: Type.String(),
    epsilon: Type.Number({ minimum: 0, maximum: 1 }),
    cells: Type.Integer({ minimum: 0 }),
    suppressed: Type.Integer({ minimum: 0 }),
    delivery: ExportDelivery,
  },
  closed,
);
export type ExportDay = Static<typeof ExportDay>;

export const ExportState = Type.Object(
  {
    /** False: nothing says where releases go; none are made. */
    setUp: Type.Boolean(),
    target: Nullable(OneOf(EXPORT_TARGETS)),
    /** HH:MM in the store's time zone. */
    at: Type.String(),
    parameters: Nullable(ReleaseParameters),
    epsilonYear: Type.Object({ spent: Type.Number({ minimum: 0 }), max: Type.Number({ minimum: 0 }) }, closed),
    /** Why nothing is made for now: the clock jumped; nobody works here yet; the box was made from another's backup, and nobody has said that it stands in for that one. */
    held: Nullable(OneOf(['clock', 'nobody_yet', 'restored'] as const)),
    /** Days up to this one may have been released before the box was restored; they are never made again. */
    restoredUpTo: Nullable(Day),
    waiting: Type.Integer({ minimum: 0 }),
    dead: Type.Integer({ minimum: 0 }),
    /** Newest first, at most 31; further ones with ?before=DAY. */
    days: Type.Array(ExportDay),
    more: Type.Boolean(),
  },
  closed,
);
export type ExportState = Static<typeof ExportState>;
export const ExportQuery = Type.Object({ before: Type.Optional(Day) }, closed);
export const ExportDayParams = Type.Object({ day: Day }, closed);

export const ExportDetail = Type.Object(
  { ...ExportDay.properties, parameters: ReleaseParameters, tables: Type.Array(ReleaseTableSpec), released: Type.Array(ReleasedCell), storedPersons: Type.Integer({ minimum: 0 }) }, closed,
);
export type ExportDetail = Static<typeof ExportDetail>;

/** For the privacy officer alone, shown and never kept: the figures as they are beside the released ones. */
export const ExportComparison = Type.Object(
  {
    day: Day,
    /** True: not released yet, so noise was drawn for this look alone; the release will have other noise. */
    specimen: Type.Boolean(),
    status: OneOf(['released', 'skipped'] as const),
    reason: Nullable(OneOf(SKIP_REASONS)),
    crowdMin: Type.Integer(),
    crowdWithNoise: Type.Integer(),
    /** How many people were there. */
    people: Type.Integer({ minimum: 0 }),
    cells: Type.Array(Type.Object(
      {
        table: OneOf(RELEASE_TABLES), cell: Type.String(),
        /** As it is: everybody, not only those chosen by lot. */
        actual: Type.Integer({ minimum: 0 }),
        count: Nullable(Type.Integer({ minimum: 0 })), estimate: Nullable(Type.Number({ minimum: 0 })), standardError: Nullable(Type.Number({ minimum: 0 })),
      }, closed)),
  },
  closed,
);
export type ExportComparison = Static<typeof ExportComparison>;
