/**
 * The REST wire format, version 1: one schema for each thing that crosses the network, used by the server to
 * check requests and to cut responses down to what is listed here, by OpenAPI, and as types by the page.
 * No schema here has a place for a vector or an image of a face; that is what keeps one from leaking.
 */
import { Type, type Static, type TSchema } from 'typebox';

/** Major version of both socket protocols and of `/api/v1`. */
export const PROTOCOL_VERSION = 1;

const closed = { additionalProperties: false } as const;
const Id = Type.String({ format: 'uuid' });
/** ISO 8601 instant in UTC with milliseconds. */
const Instant = Type.String({ format: 'date-time' });
/** Calendar date, YYYY-MM-DD, in the store's time zone. */
const Day = Type.String({ format: 'date' });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const OneOf = <T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
const Line = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '\\S' });

export const LANGUAGES = ['zh-CN', 'en'] as const;
export const Language = OneOf(LANGUAGES);
export type Language = Static<typeof Language>;

export const ErrorBody = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    details: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
  },
  { ...closed, description: 'Every error has this form. `code` is one of docs/protocol.md.' },
);
export type ErrorBody = Static<typeof ErrorBody>;

export const IdParams = Type.Object({ id: Id }, closed);

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

// ---- Access --------------------------------------------------------------------------------------------------

export const ROLES = ['manager', 'associate'] as const;
export const Role = OneOf(ROLES);
export type Role = Static<typeof Role>;

export const PairRequest = Type.Object(
  { code: Type.String({ minLength: 4, maxLength: 40 }), deviceName: Line(60) },
  closed,
);
export type PairRequest = Static<typeof PairRequest>;
export const Device = Type.Object(
  { id: Id, name: Type.String(), pairedAt: Instant, lastSeenAt: Nullable(Instant), current: Type.Boolean() },
  closed,
);
export type Device = Static<typeof Device>;
/** A fresh one-time code; `url` opens the pairing page with the code in its fragment, for a QR code. */
export const PairingCode = Type.Object({ code: Type.String(), url: Type.String(), expiresAt: Instant }, closed);
export type PairingCode = Static<typeof PairingCode>;

/** Six digits. */
const Pin = Type.String({ pattern: '^[0-9]{6}$' });
export const OwnerRequest = Type.Object({ name: Line(40), pin: Pin }, closed);
export type OwnerRequest = Static<typeof OwnerRequest>;
export const StaffRequest = Type.Object({ name: Line(40), role: Role, pin: Pin }, closed);
export type StaffRequest = Static<typeof StaffRequest>;
/** A new PIN, set by a manager; it also ends a lock. */
export const PinRequest = Type.Object({ pin: Pin }, closed);
export const StaffMember = Type.Object({ id: Id, name: Type.String(), role: Role }, closed);
export type StaffMember = Static<typeof StaffMember>;
export const SignInRequest = Type.Object({ staffId: Id, pin: Pin }, closed);
export type SignInRequest = Static<typeof SignInRequest>;

/**
 * `staff`: everything the role allows. `front_desk`: the iPad stands in front of customers; only the front-desk
 * camera works, no dossier can be read, and leaving it needs a PIN.
 */
export const SESSION_SCOPES = ['staff', 'front_desk'] as const;
export const Session = Type.Object(
  { staff: StaffMember, scope: OneOf(SESSION_SCOPES), device: Type.Object({ id: Id, name: Type.String() }, closed), expiresAt: Instant },
  closed,
);
export type Session = Static<typeof Session>;

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

// ---- Consent -------------------------------------------------------------------------------------------------

/**
 * What a customer can agree to, one by one. `recognise` is the separate consent that face recognition needs; without it
 * this record makes no sense and is refused. The others are never a condition for it. A withdrawal ends all of them.
 */
export const PURPOSES = [
  'recognise', 'greet', 'preferences', 'contact',
  /** Keep the enrolment photos, so that another model pack needs no new ones. */
  'keep_photo',
  /** Let sightings that staff confirmed keep the template current. */
  'refresh',
] as const;
export const Purpose = OneOf(PURPOSES);
export type Purpose = Static<typeof Purpose>;

/** What PIPL 17 and the 2025 face-recognition measures (article 5) ask a notice to tell. */
export const NOTICE_FIELDS = [
  'handler', 'contact', 'purpose', 'method', 'kinds', 'retention', 'necessity', 'impact', 'rights',
] as const;
export const Notice = Type.Object(
  {
    id: Id,
    version: Type.Integer({ minimum: 1 }),
    /** SHA-256 of the text in both languages, lower-case hexadecimal. */
    hash: Type.String(),
    publishedAt: Instant,
    /** The longest term a consent under this notice may have, in days. */
    maxTermDays: Type.Integer({ minimum: 1 }),
    sections: Type.Array(
      Type.Object({ language: Language, field: OneOf(NOTICE_FIELDS), text: Type.String() }, closed),
    ),
  },
  closed,
);
export type Notice = Static<typeof Notice>;

/** A drawn signature: strokes of points in CSS pixels, with milliseconds since the first point. */
export const Signature = Type.Object(
  {
    width: Type.Number({ exclusiveMinimum: 0, maximum: 4000 }),
    height: Type.Number({ exclusiveMinimum: 0, maximum: 4000 }),
    strokes: Type.Array(
      Type.Array(Type.Object({ x: Type.Number(), y: Type.Number(), t: Type.Number({ minimum: 0 }) }, closed), { maxItems: 2000 }),
      { maxItems: 200 },
    ),
  },
  closed,
);
export type Signature = Static<typeof Signature>;

export const ConsentRequest = Type.Object(
  {
    noticeId: Id,
    /** The language in which the customer read the notice. */
    language: Language,
    purposes: Type.Array(Purpose, { minItems: 1, uniqueItems: true }),
    /** Last day of validity. */
    validUntil: Day,
    /** The customer says to be 14 or older (PIPL 31). */
    ageConfirmed: Type.Boolean(),
    signature: Signature,
  },
  closed,
);
export type ConsentRequest = Static<typeof ConsentRequest>;
export const Consent = Type.Object(
  {
    id: Id,
    noticeVersion: Type.Integer(),
    language: Language,
    purposes: Type.Array(Purpose),
    givenAt: Instant,
    validUntil: Day,
    endedAt: Nullable(Instant),
    endReason: Nullable(OneOf(['withdrawn', 'expired', 'replaced'] as const)),
    witness: Type.String({ description: 'Name of the member of staff who was there.' }),
  },
  closed,
);
export type Consent = Static<typeof Consent>;
/** What a withdrawal deleted. */
export const WithdrawalReceipt = Type.Object(
  { customerId: Id, withdrawnAt: Instant, templatesDeleted: Type.Integer({ minimum: 0 }) },
  closed,
);
export type WithdrawalReceipt = Static<typeof WithdrawalReceipt>;

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
