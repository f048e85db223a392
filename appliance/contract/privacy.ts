/** The privacy office on the wire: rights requests, assessments, stations, retention, the stored-person count, breaches. */
import { Type, type Static } from 'typebox';
import { closed, Day, Id, Instant, Line, Nullable, OneOf } from './base.js';

const Text = (maxLength: number) => Type.String({ maxLength });

// ---- Mode and stations -----------------------------------------------------------------------------------------

/**
 * `off`: no camera is read. `opt_in` (as delivered): customers step up to an iPad, or staff point one at somebody who agreed.
 * `fixed_station`: also cameras that stand by themselves, each with a drawn zone and signed-off signage.
 */
export const RECOGNITION_MODES = ['off', 'opt_in', 'fixed_station'] as const;
export type RecognitionMode = (typeof RECOGNITION_MODES)[number];
export const ModeChange = Type.Object({ mode: OneOf(RECOGNITION_MODES) }, closed);
/** What stands between the box and a mode; empty: nothing. */
export const MODE_OBSTACLES = ['assessment_missing', 'station_missing', 'zone_missing', 'signage_missing'] as const;
const Obstacles = Type.Array(OneOf(MODE_OBSTACLES));
export const ModeState = Type.Object(
  {
    mode: OneOf(RECOGNITION_MODES), since: Nullable(Instant), by: Nullable(Type.String()),
    obstacles: Type.Object({ off: Obstacles, opt_in: Obstacles, fixed_station: Obstacles }, closed),
  },
  closed,
);
export type ModeState = Static<typeof ModeState>;

/** Corners of the area in which faces are looked at, as shares 0..1 of the upright frame's width and height. */
export const Zone = Type.Array(Type.Object({ x: Type.Number({ minimum: 0, maximum: 1 }), y: Type.Number({ minimum: 0, maximum: 1 }) }, closed), { minItems: 3, maxItems: 12 });
export type Zone = Static<typeof Zone>;
/** What has to be true on the spot before a station runs (article 13 of the 2025 measures; PIPL 26). */
export const SIGNAGE_ITEMS = ['sign_at_entrance', 'sign_at_camera', 'sign_names_handler', 'way_round', 'no_private_space', 'staff_instructed'] as const;
export const Station = Type.Object(
  {
    id: Id, name: Type.String(), zone: Nullable(Zone),
    /** All items confirmed by the privacy officer; a new zone takes the signature back. */
    signage: Nullable(Type.Object({ signedAt: Instant, by: Type.String() }, closed)),
    ready: Type.Boolean(),
  },
  closed,
);
export type Station = Static<typeof Station>;
/** A station that may run now, for the iPad that is to stand there. */
export const RunnableStation = Type.Object({ id: Id, name: Type.String(), zone: Zone }, closed);
export type RunnableStation = Static<typeof RunnableStation>;
export const StationRequest = Type.Object({ name: Line(40), zone: Type.Optional(Nullable(Zone)) }, closed);
export type StationRequest = Static<typeof StationRequest>;
export const SignageRequest = Type.Object({ items: Type.Array(OneOf(SIGNAGE_ITEMS), { uniqueItems: true, maxItems: SIGNAGE_ITEMS.length }) }, closed);

// ---- Impact assessment (PIA) -----------------------------------------------------------------------------------

/** The four contents (article 9 of the 2025 measures, PIPL 56), and what it is about. */
export const ASSESSMENT_FIELDS = ['purpose', 'impact', 'risks', 'measures', 'conclusion'] as const;
export const AssessmentRequest = Type.Object(
  {
    mode: OneOf(RECOGNITION_MODES),
    reason: OneOf(['first', 'mode_change', 'incident', 'yearly', 'other'] as const),
    purpose: Text(8000), impact: Text(8000), risks: Text(8000), measures: Text(8000), conclusion: Text(8000),
    acceptable: Type.Boolean({ description: 'The conclusion: the processing may go on as described.' }),
  },
  closed,
);
export type AssessmentRequest = Static<typeof AssessmentRequest>;
export const Assessment = Type.Object(
  {
    id: Id, ...AssessmentRequest.properties, recordedAt: Instant, by: Type.String(), hash: Type.String(), keepUntil: Day,
    /** What the box was like then: notice version, thresholds, number of stored persons, model pack, mode. */
    snapshot: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  },
  closed,
);
export type Assessment = Static<typeof Assessment>;

// ---- Rights requests -------------------------------------------------------------------------------------------

/**
 * Within how many working days a request is answered, the day of receipt not counted. PIPL 50 says in time; fifteen working days is
 * the figure believed to be asked of apps in China (the 2019 rules for finding unlawful collection, article 6). It is stricter than
 * the one month of GDPR 12.
 */
export const ANSWER_WORKDAYS = 15;
export const REQUEST_KINDS = ['access', 'correct', 'restrict', 'delete', 'explain', 'complaint'] as const;
export const REQUEST_OUTCOMES = ['done', 'partly', 'refused', 'withdrawn_by_person'] as const;
export const RightsRequestNew = Type.Object({ customerId: Nullable(Id), kind: OneOf(REQUEST_KINDS), receivedOn: Day, note: Text(1000) }, closed);
export type RightsRequestNew = Static<typeof RightsRequestNew>;
export const RightsRequest = Type.Object(
  {
    id: Id, customerId: Nullable(Id), displayName: Nullable(Type.String()), kind: OneOf(REQUEST_KINDS), receivedOn: Day,
    /** Answer by the end of this day, by the holidays as they are known now. */
    dueOn: Day, overdue: Type.Boolean(), note: Type.String(),
    closed: Nullable(Type.Object({ at: Instant, by: Type.String(), outcome: OneOf(REQUEST_OUTCOMES), reason: Type.String() }, closed)),
  },
  closed,
);
export type RightsRequest = Static<typeof RightsRequest>;
/** A refusal needs its reason (PIPL 50). */
export const RequestClosing = Type.Object({ outcome: OneOf(REQUEST_OUTCOMES), reason: Text(1000) }, closed);
export type RequestClosing = Static<typeof RequestClosing>;

export const RestrictionRequest = Type.Object({ restricted: Type.Boolean(), reason: Line(300) }, closed);
/** While it holds: nothing is recognised, no enrolment, no new consent; a visit can still be written in by hand. */
export const Restriction = Type.Object({ restricted: Type.Boolean(), since: Nullable(Instant), reason: Nullable(Type.String()) }, closed);
export type Restriction = Static<typeof Restriction>;
/** What became of it: a card that named, a question and its answer, or a card that was taken back by staff or by the box itself. */
export const EXPLANATION_OUTCOMES = ['named', 'asked_yes', 'asked_no', 'asked_unsure', 'not_this_person'] as const;
/** One time that a face led to this customer. */
export const Explanation = Type.Object(
  {
    visitId: Nullable(Id), at: Instant, outcome: OneOf(EXPLANATION_OUTCOMES),
    /** Cosine similarity -1..1 and the one that was asked for; null: deleted with the consent. */
    score: Nullable(Type.Number()), threshold: Nullable(Type.Number()),
    /** When the template that it was compared with was made, out of how many photos, and with which models. */
    templateMadeAt: Nullable(Instant), templatePhotos: Nullable(Type.Integer()), modelPack: Nullable(Type.String()),
    /** Who confirmed or rejected it; null: nobody said anything. */
    judgedBy: Nullable(Type.String()),
  },
  closed,
);
export type Explanation = Static<typeof Explanation>;

// ---- Retention -------------------------------------------------------------------------------------------------

/** Each kind of data that has a term. Templates and pictures have none of their own: they go with the consent. */
export const RETENTION_KINDS = [
  'visits', 'notes', 'follow_ups_done', 'purchases', 'service_records', 'files', 'inactive_customers', 'consent_records', 'refusals', 'match_answers', 'recognition_counts', 'audit_log', 'rights_requests',
  'assessments', 'deletion_records', 'breaches',
] as const;
export type RetentionKind = (typeof RETENTION_KINDS)[number];
export const RetentionRule = Type.Object(
  {
    kind: OneOf(RETENTION_KINDS), days: Type.Integer({ minimum: 1 }),
    /** Law or prudence allow no less and no more. */
    minDays: Type.Integer({ minimum: 1 }), maxDays: Type.Integer({ minimum: 1 }),
    /** Rows that are there now, and the last night's deletions. */
    rows: Type.Integer({ minimum: 0 }), deletedLast: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type RetentionRule = Static<typeof RetentionRule>;
export const RetentionTable = Type.Object({ rules: Type.Array(RetentionRule), ranAt: Nullable(Instant) }, closed);
export type RetentionTable = Static<typeof RetentionTable>;
export const RetentionChange = Type.Object({ kind: OneOf(RETENTION_KINDS), days: Type.Integer({ minimum: 1, maximum: 36_500 }) }, closed);

// ---- How many people are stored --------------------------------------------------------------------------------

/** Article 15 of the 2025 measures (believed): file within 30 working days of reaching 100,000, counted over all stores of the handler. */
export const FILING_AT = 100_000;
export const WARNING_AT = 80_000;
export const StoredPersons = Type.Object(
  {
    stored: Type.Integer({ minimum: 0 }),
    /** What the handler's other stores hold, as head office says; the sum is an upper bound, because boxes share nothing. */
    elsewhere: Type.Integer({ minimum: 0 }), total: Type.Integer({ minimum: 0 }),
    level: OneOf(['none', 'warning', 'filing'] as const),
    /** The day on which 100,000 were reached, and the last day for filing; `provisional`: a year whose holidays are not known yet. */
    reachedOn: Nullable(Day), dueOn: Nullable(Day), provisional: Type.Boolean(), filedOn: Nullable(Day),
  },
  closed,
);
export type StoredPersons = Static<typeof StoredPersons>;
export const StoredPersonsChange = Type.Object(
  { elsewhere: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000_000 })), filedOn: Type.Optional(Nullable(Day)) }, closed);

// ---- Breaches --------------------------------------------------------------------------------------------------

export const BREACH_KINDS = ['template', 'photo', 'contact', 'visits', 'notes', 'purchases', 'files', 'signature'] as const;
export const BreachRequest = Type.Object(
  {
    drill: Type.Boolean(), happenedFrom: Instant, happenedTo: Instant, discoveredAt: Instant,
    kinds: Type.Array(OneOf(BREACH_KINDS), { minItems: 1, uniqueItems: true }),
    cause: Line(2000), harm: Line(2000), measures: Line(2000), selfHelp: Line(2000), contact: Line(300),
  },
  closed,
);
export type BreachRequest = Static<typeof BreachRequest>;
export const Breach = Type.Object(
  {
    id: Id, ...BreachRequest.properties, recordedAt: Instant, by: Type.String(),
    /** People of whom there was such data in that time, and of how many no way to reach them is known. */
    affected: Type.Integer({ minimum: 0 }), unreachable: Type.Integer({ minimum: 0 }),
    /** 72 hours from the discovery (GDPR 33); PIPL 57 says at once. */
    noticeDueAt: Instant,
  },
  closed,
);
export type Breach = Static<typeof Breach>;

// ---- At a glance -----------------------------------------------------------------------------------------------

export const PRIVACY_TASKS = [
  'assessment_missing', 'assessment_old', 'requests_overdue', 'requests_due_soon', 'filing_warning', 'filing_due', 'audit_broken', 'deletions_pending',
  'retention_late', 'clock_implausible', 'notice_behind_built_in', 'notice_unreviewed',
] as const;
export const PrivacyOverview = Type.Object(
  {
    /** What is to be done, most urgent first, with how many of it. */
    tasks: Type.Array(Type.Object({ task: OneOf(PRIVACY_TASKS), count: Type.Integer({ minimum: 0 }) }, closed)),
    mode: OneOf(RECOGNITION_MODES), persons: StoredPersons,
    consents: Type.Object({ holding: Type.Integer(), outdated: Type.Integer(), endingSoon: Type.Integer(), withdrawnThisYear: Type.Integer() }, closed),
    openRequests: Type.Integer({ minimum: 0 }), pendingDeletions: Type.Integer({ minimum: 0 }),
    audit: Type.Object({ whole: Type.Boolean(), entries: Type.Integer(), checkedAt: Nullable(Instant) }, closed),
  },
  closed,
);
export type PrivacyOverview = Static<typeof PrivacyOverview>;
