/**
 * The REST wire format, version 1: one schema for each thing that crosses the network, used by the server to
 * check requests and to cut responses down to what is listed here, by OpenAPI, and as types by the page.
 * No schema here has a place for a vector or an image of a face; that is what keeps one from leaking.
 */
import { Type, type Static } from 'typebox';
import { closed, Day, Id, Instant, Line, Nullable, OneOf } from './base.js';
import { Consent } from './consent.js';

// ---- The box -------------------------------------------------------------------------------------------------

export const BoxInfo = Type.Object(
  {
    product: Type.Literal('Portico'),
    version: Type.String(),
    protocol: Type.Integer(),
    storeName: Type.String(),
    /** True when the request carried the cookie of a paired device. */
    devicePaired: Type.Boolean(),
    /** True until the first member of staff (the owner) exists. */
    ownerNeeded: Type.Boolean(),
    /** True in `npm run demo`: the page says that all customers are fictional. */
    demo: Type.Boolean(),
    /** IANA name; instants are shown in it, whatever the device is set to. */
    timeZone: Type.String(),
  },
  closed,
);
export type BoxInfo = Static<typeof BoxInfo>;

export const BoxHealth = Type.Object(
  {
    status: OneOf(['ok', 'degraded', 'failed'] as const),
    /** Codes of what is wrong, empty when ok. */
    problems: Type.Array(OneOf(['vision_unavailable', 'storage_full', 'storage_busy', 'frames_dropped'] as const)),
    upSeconds: Type.Integer({ minimum: 0 }),
    cameras: Type.Integer({ minimum: 0 }),
    framesSeen: Type.Integer({ minimum: 0 }),
    framesDropped: Type.Integer({ minimum: 0 }),
    enrolledCustomers: Type.Integer({ minimum: 0 }),
    modelPack: Type.String(),
  },
  closed,
);
export type BoxHealth = Static<typeof BoxHealth>;

// ---- Customers -----------------------------------------------------------------------------------------------

export const CustomerFields = Type.Object(
  {
    displayName: Line(40),
    /** How the customer likes to be addressed, e.g. 王女士; null: use the display name. */
    salutation: Nullable(Line(40)),
    /** Digits, optionally with a leading +. */
    phone: Nullable(Type.String({ pattern: '^\\+?[0-9]{5,15}$' })),
    tier: Nullable(Line(20)),
    /** The three facts on the pop-up card. */
    facts: Type.Array(Line(80), { maxItems: 3 }),
    /** Do-not lines ("leave alone to browse", "allergic to nickel"). */
    doNot: Type.Array(Line(80), { maxItems: 5 }),
  },
  closed,
);
export type CustomerFields = Static<typeof CustomerFields>;
export const CustomerCreate = Type.Object(
  {
    displayName: CustomerFields.properties.displayName,
    salutation: Type.Optional(CustomerFields.properties.salutation),
    phone: Type.Optional(CustomerFields.properties.phone),
    tier: Type.Optional(CustomerFields.properties.tier),
    facts: Type.Optional(CustomerFields.properties.facts),
    doNot: Type.Optional(CustomerFields.properties.doNot),
  },
  closed,
);
export type CustomerCreate = Static<typeof CustomerCreate>;
export const CustomerChange = Type.Partial(CustomerFields, closed);
export type CustomerChange = Static<typeof CustomerChange>;

/** One line of a list; the phone number is cut to its last four digits. */
export const CustomerSummary = Type.Object(
  {
    id: Id,
    displayName: Type.String(),
    salutation: Nullable(Type.String()),
    tier: Nullable(Type.String()),
    phoneTail: Nullable(Type.String()),
    enrolled: Type.Boolean(),
    lastVisitAt: Nullable(Instant),
  },
  closed,
);
export type CustomerSummary = Static<typeof CustomerSummary>;
export const CustomerQuery = Type.Object(
  { query: Type.Optional(Type.String({ maxLength: 60 })), limit: Type.Optional(Type.String({ pattern: '^([1-9]|[1-4][0-9]|50)$' })) },
  closed,
);

export const Note = Type.Object({ id: Id, text: Type.String(), author: Type.String(), at: Instant }, closed);
export type Note = Static<typeof Note>;
export const NoteRequest = Type.Object({ text: Line(2000) }, closed);
export type NoteRequest = Static<typeof NoteRequest>;
export const FollowUp = Type.Object(
  { id: Id, text: Type.String(), dueOn: Nullable(Day), author: Type.String(), at: Instant, doneAt: Nullable(Instant) },
  closed,
);
export type FollowUp = Static<typeof FollowUp>;
export const FollowUpRequest = Type.Object({ text: Line(200), dueOn: Type.Optional(Nullable(Day)) }, closed);
export type FollowUpRequest = Static<typeof FollowUpRequest>;

// ---- Visits --------------------------------------------------------------------------------------------------

/** How the box knew who came: by a clear match, by a person's "yes" to a candidate, or written in by hand. */
export const ARRIVALS = ['recognised', 'confirmed', 'by_hand'] as const;
/** `corrected`: the box itself found with later frames that it had named the wrong person. */
export const VISIT_END_REASONS = ['left', 'by_hand', 'not_this_person', 'consent_withdrawn', 'corrected'] as const;

export const Visit = Type.Object(
  {
    id: Id,
    openedAt: Instant,
    lastSeenAt: Instant,
    closedAt: Nullable(Instant),
    endReason: Nullable(OneOf(VISIT_END_REASONS)),
    arrival: OneOf(ARRIVALS),
    adviser: Nullable(Type.String()),
  },
  closed,
);
export type Visit = Static<typeof Visit>;

/** The pop-up card of somebody who is in the store. */
export const VisitCard = Type.Object(
  {
    visitId: Id,
    customerId: Id,
    displayName: Type.String(),
    salutation: Nullable(Type.String()),
    tier: Nullable(Type.String()),
    facts: Type.Array(Type.String()),
    doNot: Type.Array(Type.String()),
    /** The visit before this one; null: first visit. */
    lastVisitAt: Nullable(Instant),
    lastAdviser: Nullable(Type.String()),
    openFollowUp: Nullable(Type.Object({ id: Id, text: Type.String(), dueOn: Nullable(Day) }, closed)),
    openedAt: Instant,
    lastSeenAt: Instant,
    arrival: OneOf(ARRIVALS),
    /** Cosine similarity in -1..1 that led to a recognised or confirmed arrival; only for "why?". */
    score: Nullable(Type.Number()),
    /** Who serves now. */
    adviser: Nullable(Type.Object({ id: Id, name: Type.String() }, closed)),
    /** Agreed to recognition, but the template was made with other models than the present ones: ask for new photos. */
    photosWanted: Type.Boolean(),
  },
  closed,
);
export type VisitCard = Static<typeof VisitCard>;
export const VisitRequest = Type.Object({ customerId: Id }, closed);
export type VisitRequest = Static<typeof VisitRequest>;

/** "Is this ...?": a question to the staff, open for two minutes, kept in memory only. */
export const CandidateCard = Type.Object(
  {
    sightingId: Id,
    customerId: Id,
    displayName: Type.String(),
    salutation: Nullable(Type.String()),
    tier: Nullable(Type.String()),
    askedAt: Instant,
    expiresAt: Instant,
    score: Type.Number(),
  },
  closed,
);
export type CandidateCard = Static<typeof CandidateCard>;
export const SIGHTING_ANSWERS = ['yes', 'no', 'unsure'] as const;
export const SightingAnswer = Type.Object({ answer: OneOf(SIGHTING_ANSWERS) }, closed);
export type SightingAnswer = Static<typeof SightingAnswer>;

// ---- The template, without a number of it ----------------------------------------------------------------------

/** `enrolment`: taken when the customer was enrolled. `refresh`: a sighting that staff confirmed, added with consent. */
export const PHOTO_SOURCES = ['enrolment', 'refresh'] as const;
/**
 * `drifting`: what was added since the enrolment looks less and less like it; enrol again. `other_pack`: made with other
 * models than the present ones, so never compared; new photos are needed.
 */
export const TEMPLATE_STATES = ['ok', 'drifting', 'other_pack'] as const;
export const TemplateInfo = Type.Object(
  {
    state: OneOf(TEMPLATE_STATES),
    /** What it was made from, oldest first. */
    photos: Type.Array(
      Type.Object({ source: OneOf(PHOTO_SOURCES), takenAt: Instant, confirmedBy: Nullable(Type.String()) }, closed),
    ),
    /** Whether the photos themselves are kept (agreed to). */
    photosKept: Type.Boolean(),
    /** After a mix-up this customer is named only on a clearer match, until then; null: not at present. */
    stricterUntil: Nullable(Instant),
  },
  closed,
);
export type TemplateInfo = Static<typeof TemplateInfo>;

/** All that the dossier page shows; phone in full. */
export const Dossier = Type.Object(
  {
    id: Id,
    ...CustomerFields.properties,
    createdAt: Instant,
    enrolled: Type.Boolean(),
    /** Photos the template was made from; 0 when not enrolled. */
    templatePhotos: Type.Integer({ minimum: 0 }),
    /** Null: never enrolled, or withdrawn. */
    template: Nullable(TemplateInfo),
    /** Dossiers that were merged into this one and can be taken out again, newest first. */
    merges: Type.Array(Type.Object({ id: Id, displayName: Type.String(), at: Instant, by: Type.String() }, closed)),
    openVisitId: Nullable(Id),
    /** Since when processing is restricted at the customer's request: not recognised, not enrolled, not asked; null: it is not. */
    restrictedSince: Nullable(Instant),
    notes: Type.Array(Note),
    followUps: Type.Array(FollowUp),
    visits: Type.Array(Visit),
    consents: Type.Array(Consent),
  },
  closed,
);
export type Dossier = Static<typeof Dossier>;

/** The customer of the address is the same person as `into`: that dossier stays and takes over what this one has. */
export const MergeRequest = Type.Object({ into: Id }, closed);

// ---- How good recognition is -------------------------------------------------------------------------------------

/** A share 0..1 estimated from `of` cases, with its 95 % interval (Wilson 1927). */
export const ShareEstimate = Type.Object(
  { share: Type.Number(), low: Type.Number(), high: Type.Number(), of: Type.Integer({ minimum: 1 }) },
  closed,
);
export type ShareEstimate = Static<typeof ShareEstimate>;

/** How often a stranger may be taken for a customer (FPIR): named outright; named or asked about. Shares of strangers. */
export const FpirChoice = Type.Object(
  { known: Type.Number({ minimum: 0.0001, maximum: 0.1 }), candidate: Type.Number({ minimum: 0.0001, maximum: 0.2 }) },
  closed,
);
export type FpirChoice = Static<typeof FpirChoice>;

export const RecognitionQuality = Type.Object(
  {
    modelPack: Type.String(),
    /** Customers that can be recognised, that need new photos (other models), and whose template drifts. */
    enrolled: Type.Integer({ minimum: 0 }),
    photosWanted: Type.Integer({ minimum: 0 }),
    drifting: Type.Integer({ minimum: 0 }),
    chosen: FpirChoice,
    /** Cosine similarities, -1..1, that follow from the choice, the model pack and the number enrolled. */
    thresholds: Type.Object({ known: Type.Number(), candidate: Type.Number() }, closed),
    /** What staff's answers of the last `days` days say. */
    days: Type.Integer({ minimum: 1 }),
    /** Cards that named somebody: right when staff served that customer, wrong when staff said "not this person". */
    named: Type.Object({ right: Type.Integer(), wrong: Type.Integer(), wrongShare: Nullable(ShareEstimate) }, closed),
    /** Cards that asked. */
    asked: Type.Object({ yes: Type.Integer(), no: Type.Integer(), unsure: Type.Integer(), yesShare: Nullable(ShareEstimate) }, closed),
    /** Faces that stood before a camera long enough to be decided on and were nobody's, and how many were named wrongly. */
    strangers: Type.Object({ seen: Type.Integer(), named: Type.Integer(), fpir: Nullable(ShareEstimate) }, closed),
  },
  closed,
);
export type RecognitionQuality = Static<typeof RecognitionQuality>;

// ---- Enrolment -----------------------------------------------------------------------------------------------

export const POSES = ['front', 'left', 'right'] as const;
export type Pose = (typeof POSES)[number];

/** What to tell the person in front of the camera, most urgent first; see docs/protocol.md for each. */
export const CAPTURE_HINTS = [
  'no_face', 'one_face_only', 'come_closer', 'move_to_middle', 'more_light', 'less_light', 'hold_still', 'look_here', 'open_eyes',
  'look_straight', 'turn_left', 'turn_right', 'captured', 'complete',
] as const;
export type CaptureHint = (typeof CAPTURE_HINTS)[number];

export const EnrolmentProgress = Type.Object(
  {
    enrolmentId: Id,
    /** Photos accepted so far, and how many are wanted. */
    collected: Type.Integer({ minimum: 0 }),
    wanted: Type.Integer({ minimum: 1 }),
    /** The pose asked for next; null when complete. */
    nextPose: Nullable(OneOf(POSES)),
    /** Whether the photo just sent was taken. */
    accepted: Type.Boolean(),
    /** Why the photo just sent was not taken, as a code of docs/protocol.md; null: taken, or only the pose was not the one asked for. */
    problem: Nullable(Type.String()),
    hint: OneOf(CAPTURE_HINTS),
    /** Box of the face in the photo just sent, in pixels of the upright photo; null: none or several. */
    box: Nullable(
      Type.Object({ x: Type.Number(), y: Type.Number(), width: Type.Number(), height: Type.Number() }, closed),
    ),
    expiresAt: Instant,
  },
  closed,
);
export type EnrolmentProgress = Static<typeof EnrolmentProgress>;
/** `any`: photos chosen by hand rather than by the guide; taken whichever way the head is turned. */
export const PhotoQuery = Type.Object({ pose: Type.Optional(OneOf(['guided', 'any'] as const)) }, closed);
/**
 * Three photos are wanted; a customer with fewer may be enrolled only when `acceptFewer` says so, and one whose face is
 * enrolled for another customer already (a twin) only when `despiteLikeness` does.
 */
export const EnrolmentFinish = Type.Object(
  { acceptFewer: Type.Optional(Type.Boolean()), despiteLikeness: Type.Optional(Type.Boolean()) },
  closed,
);
export const Enrolled = Type.Object({ customerId: Id, photos: Type.Integer({ minimum: 1 }) }, closed);
export type Enrolled = Static<typeof Enrolled>;
