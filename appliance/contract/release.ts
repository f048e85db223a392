/**
 * The document that head office gets of a store day: figures, never people. All that can stand in it is listed here; there is no place for an id of a person, a
 * text that somebody typed, a time of the day or a value of a face. As JSON Schema: docs/schema/ (made by `npm run build:schema`).
 */
import { Type, type Static } from 'typebox';
import { closed, Day, Nullable, OneOf } from './base.js';

/** Of the list of cells and the form of the files. Head office refuses what it does not know; a change of either is a new number. */
export const RELEASE_SCHEMA_VERSION = 1;
export const RELEASE_FORMAT = 'portico-release';

/**
 * What is counted. Everybody who was there is in one cell of `visitor`; of the others each person is in some, chosen by lot.
 * `visitor`: new, or known before that day and how the visit was noticed. `part`: of the day, at arrival. `stay`: minutes in the store. `stage`: how far the visit
 * came. `tier`, `team`: of the lists that head office gave; who served last.
 */
export const RELEASE_TABLES = ['visitor', 'part', 'stay', 'stage', 'tier', 'team'] as const;
export type ReleaseTable = (typeof RELEASE_TABLES)[number];
export const VISITOR_CELLS = ['new', 'known_recognised', 'known_confirmed', 'known_by_hand'] as const;
export type VisitorCell = (typeof VISITOR_CELLS)[number];
/** As contract/VISIT_STAGES: how far a visit came while it went on. (`reflect` is what staff write afterwards; it would hide whether something was bought.) */
export const STAGE_CELLS = ['arrive', 'attract', 'complete'] as const;
export type StageCell = (typeof STAGE_CELLS)[number];
/** No tier of the list; nobody served, or somebody without a team of the list. */
export const NO_TIER = 'other';
export const NO_TEAM = 'none';

/** Which store: as head office names it. */
export const STORE_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$';
const StoreId = Type.String({ pattern: STORE_ID_PATTERN });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** A cell's name: of a fixed list or of head office's own lists. */
const CellName = Type.String({ minLength: 1, maxLength: 20, pattern: '^[\\p{L}\\p{N}][\\p{L}\\p{N} ._:+-]*$' });
const Ratio = Type.Object({ numerator: Type.Integer({ minimum: 1 }), denominator: Type.Integer({ minimum: 1 }) }, closed);

/** `crowd`: too few people for figures about nobody. `budget`: the year's epsilon was spent. */
export const SKIP_REASONS = ['crowd', 'budget'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

export const ReleasedCell = Type.Object(
  {
    table: OneOf(RELEASE_TABLES),
    cell: CellName,
    /** With its noise. Null: withheld, because with its noise it was below `cellMin`. */
    count: Nullable(Type.Integer({ minimum: 0 })),
    /** The count divided by the share of people who are counted in this table; one decimal. */
    estimate: Nullable(Type.Number({ minimum: 0 })),
    /** Of the estimate: its noise and the lot; one decimal. */
    standardError: Nullable(Type.Number({ minimum: 0 })),
  },
  closed,
);
export type ReleasedCell = Static<typeof ReleasedCell>;

export const ReleaseDocument = Type.Object(
  {
    format: Type.Literal(RELEASE_FORMAT),
    schemaVersion: Type.Literal(RELEASE_SCHEMA_VERSION),
    store: StoreId,
    day: Day,
    status: OneOf(['released', 'skipped'] as const),
    /** Null: it was released. */
    reason: Nullable(OneOf(SKIP_REASONS)),
    /** Every cell of the list, in its order; none of a day that was skipped. */
    cells: Type.Array(ReleasedCell),
    /** Exactly how many people's faces are stored: for the filing at 100,000 that the law asks for. No noise: outside the guarantee. */
    storedPersons: Type.Integer({ minimum: 0 }),
  },
  { ...closed, $id: 'portico-release-1', title: 'Release of a store day' },
);
export type ReleaseDocument = Static<typeof ReleaseDocument>;

/** Every number that the release rests on. */
export const ReleaseParameters = Type.Object(
  {
    /** Of one release in all, and of its `visitor` table; the other tables share the rest. */
    epsilon: Type.Number({ minimum: 0.1, maximum: 1 }),
    epsilonVisitor: Type.Number({ minimum: 0.05, maximum: 1 }),
    /** Chance that a day of exactly `crowdMin` people is released. */
    delta: Type.Number({ minimum: 1e-9, maximum: 1e-5 }),
    /** Fewer people than this: skipped. */
    crowdMin: Type.Integer({ minimum: 20 }),
    /** Fewer than this with noise: skipped. Follows from the four above. */
    crowdWithNoise: Type.Integer({ minimum: 20 }),
    cellMin: Type.Integer({ minimum: 10 }),
    /** Cells in which one person may count. */
    cellsPerPerson: Type.Integer({ minimum: 1, maximum: 4 }),
    minutesMax: Type.Integer({ minimum: 30, maximum: 180 }),
    /** Minutes at which a bin of `stay` ends and the next begins. */
    stayEdges: Type.Array(Type.Integer({ minimum: 1, maximum: 179 }), { minItems: 2, maxItems: 3 }),
    /** HH:MM at which a part of the day ends and the next begins. */
    partEdges: Type.Array(Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' }), { minItems: 1, maxItems: 3 }),
    tiers: Type.Array(CellName, { maxItems: 6 }),
    teams: Type.Array(CellName, { maxItems: 6 }),
    /** Epsilon of all releases within 365 days. */
    epsilonYearMax: Type.Number({ exclusiveMinimum: 0, maximum: 366 }),
  },
  closed,
);
export type ReleaseParameters = Static<typeof ReleaseParameters>;

export const ReleaseTableSpec = Type.Object(
  {
    table: OneOf(RELEASE_TABLES),
    cells: Type.Array(CellName, { minItems: 1 }),
    /** Of the discrete Laplace noise on each of its cells: epsilon / sensitivity, turned over. */
    noiseScale: Ratio,
    /** Of the people who were there: how many are counted in this table. */
    countedShare: Ratio,
  },
  closed,
);
export type ReleaseTableSpec = Static<typeof ReleaseTableSpec>;

export const RELEASE_FILES = ['release.json', 'release.csv', 'release.parquet'] as const;

/** What the box signs: ES256 (RFC 7515), `typ` portico-release+jwt, as manifest.jws in the archive. */
export const ReleaseManifest = Type.Object(
  {
    format: Type.Literal(RELEASE_FORMAT),
    schemaVersion: Type.Literal(RELEASE_SCHEMA_VERSION),
    store: StoreId,
    day: Day,
    timeZone: Type.String({ minLength: 1, maxLength: 60 }),
    dayEndsAt: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' }),
    /** Releases of one box follow one another without a gap; after a restore a new chain begins. */
    chain: Type.Object({ id: Type.String({ format: 'uuid' }), number: Type.Integer({ minimum: 1 }), previous: Nullable(Sha256) }, closed),
    status: OneOf(['released', 'skipped'] as const),
    reason: Nullable(OneOf(SKIP_REASONS)),
    parameters: ReleaseParameters,
    tables: Type.Array(ReleaseTableSpec),
    epsilon: Type.Object(
      {
        /** Of this release, and the most that this day may cost. */
        spent: Type.Number({ minimum: 0, maximum: 1 }), dayMax: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
        /** Of all releases of this box of the 365 days up to this one, and the most that they may cost: what somebody has spent who came every day. */
        yearSpent: Type.Number({ minimum: 0 }), yearMax: Type.Number({ exclusiveMinimum: 0 }),
      }, closed),
    /** Of the cells, how many are withheld, 0..1; null: skipped. */
    suppressedShare: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
    storedPersons: Type.Integer({ minimum: 0 }),
    softwareVersion: Type.String({ maxLength: 40 }),
    files: Type.Array(Type.Object({ name: OneOf(RELEASE_FILES), bytes: Type.Integer({ minimum: 0 }), sha256: Sha256 }, closed), { minItems: RELEASE_FILES.length, maxItems: RELEASE_FILES.length }),
  },
  { ...closed, $id: 'portico-release-manifest-1', title: 'Manifest of a release' },
);
export type ReleaseManifest = Static<typeof ReleaseManifest>;
