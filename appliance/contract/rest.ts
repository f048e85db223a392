/**
 * The REST wire format, version 1: one schema for each thing that crosses the network, used by the server to
 * check requests and to cut responses down to what is listed here, by OpenAPI, and as types by the page.
 * No schema here has a place for a vector or an image of a face; that is what keeps one from leaking.
 */
import { Type, type Static } from 'typebox';
import { closed, Id, Instant, LANGUAGES, Nullable, OneOf } from './base.js';
import { Consent } from './consent.js';
import { CustomerFields, FollowUp, Note, Tag, Taste } from './customers.js';
import { Appointment, Purchase, StoredFile, Ticket, Wish } from './dealings.js';
import { FieldValue, FormerFieldValue } from './fields.js';
import { Suggestion, Visit } from './visits.js';

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
    /** ISO 4217; amounts of money are in its smallest unit. */
    currency: Type.String(),
    /** Languages of the pages; the first one where nobody has chosen yet. */
    languages: Type.Array(OneOf(LANGUAGES), { minItems: 1 }),
  },
  closed,
);
export type BoxInfo = Static<typeof BoxInfo>;

export const BoxHealth = Type.Object(
  {
    status: OneOf(['ok', 'degraded', 'failed'] as const),
    /** Codes of what is wrong, empty when ok. */
    problems: Type.Array(OneOf(['vision_unavailable', 'storage_full', 'storage_read_only', 'storage_busy', 'frames_dropped', 'search_incomplete'] as const)),
    /** False: the store has switched recognition off; customers are found by phone, code or name. */
    recognises: Type.Boolean(),
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
    /** The next step, as the card has it; of somebody who is not in the store, as the card would have it now. Null: nothing to say. */
    suggestion: Nullable(Suggestion),
    /** Since when processing is restricted at the customer's request: not recognised, not enrolled, not asked; null: it is not. */
    restrictedSince: Nullable(Instant),
    notes: Type.Array(Note),
    followUps: Type.Array(FollowUp),
    visits: Type.Array(Visit),
    consents: Type.Array(Consent),
    tags: Type.Array(Tag),
    /** Since when the customer has a rotating member code; null: has none. */
    memberCodeSince: Nullable(Instant),
    /** What stands in own fields that the asking person may see. */
    fields: Type.Array(FieldValue),
    formerFields: Type.Array(FormerFieldValue),
    /** Own fields that are empty now and have a history, by id. */
    emptiedFields: Type.Array(Id),
    tastes: Type.Array(Taste),
    wishes: Type.Array(Wish),
    purchases: Type.Array(Purchase),
    tickets: Type.Array(Ticket),
    appointments: Type.Array(Appointment),
    files: Type.Array(StoredFile),
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
