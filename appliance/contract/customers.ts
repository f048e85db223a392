/** Dossiers on the wire: who a customer is, how they want to be treated, how they are found. */
import { Type, type Static } from 'typebox';
import { AgeMs, closed, Day, Id, Instant, Line, Nullable, OneOf, Words } from './base.js';
import { Product } from './dealings.js';

/** How a customer may be reached, the preferred way first. */
export const CONTACT_WAYS = ['phone', 'sms', 'wechat', 'email'] as const;
export type ContactWay = (typeof CONTACT_WAYS)[number];
export const DATE_KINDS = ['birthday', 'anniversary', 'other'] as const;

/** A day that comes round each year; 29 February is one, kept on the 28th in other years. The year is that of the first one, if known. */
export const YearlyDate = Type.Object(
  {
    kind: OneOf(DATE_KINDS), label: Nullable(Line(40)),
    month: Type.Integer({ minimum: 1, maximum: 12 }), day: Type.Integer({ minimum: 1, maximum: 31 }), year: Nullable(Type.Integer({ minimum: 1900, maximum: 2200 })),
  },
  closed,
);
export type YearlyDate = Static<typeof YearlyDate>;
export const Size = Type.Object({ label: Line(20), value: Line(40) }, closed);
export type Size = Static<typeof Size>;
/** `customerId`: the companion's own dossier, if there is one. */
export const Companion = Type.Object({ name: Line(40), relation: Line(20), customerId: Nullable(Id) }, closed);
export type Companion = Static<typeof Companion>;

/** How many of each staff may write into a dossier. */
export const LINES_MAX = { facts: 3, doNot: 5, allergies: 8, likes: 12, dislikes: 12, sizes: 12, dates: 8, companions: 8 } as const;
/** Do-not lines and allergies of merged dossiers stand beyond LINES_MAX: what protects the customer is never lost. As many as a request may name. */
const PROTECTING_MAX = 200;

export const CustomerFields = Type.Object(
  {
    displayName: Line(40),
    /** How the customer likes to be addressed, e.g. 王女士; null: use the display name. */
    salutation: Nullable(Line(40)),
    /** Digits, optionally with a leading +. */
    phone: Nullable(Type.String({ pattern: '^\\+?[0-9]{5,15}$' })),
    tier: Nullable(Line(20)),
    /** The store's own, unlike in case only is the same. */
    memberNo: Nullable(Type.String({ pattern: '^[A-Za-z0-9-]{1,32}$' })),
    points: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
    email: Nullable(Type.String({ format: 'email', maxLength: 120 })),
    wechat: Nullable(Line(40)),
    contactBy: Type.Array(OneOf(CONTACT_WAYS), { uniqueItems: true, maxItems: CONTACT_WAYS.length }),
    /** In their own words: "weekdays after six". */
    contactWhen: Nullable(Line(80)),
    /** Does not want to be contacted at all. */
    contactNever: Type.Boolean(),
    /** Free facts for the card. */
    facts: Type.Array(Line(80), { maxItems: LINES_MAX.facts }),
    /** Do-not lines ("leave alone to browse"). */
    doNot: Type.Array(Line(80), { maxItems: PROTECTING_MAX }),
    allergies: Type.Array(Line(80), { maxItems: PROTECTING_MAX }),
    /** What the customer said they like or dislike; see Taste for what is only seen. */
    likes: Type.Array(Line(80), { maxItems: LINES_MAX.likes }),
    dislikes: Type.Array(Line(80), { maxItems: LINES_MAX.dislikes }),
    sizes: Type.Array(Size, { maxItems: LINES_MAX.sizes }),
    dates: Type.Array(YearlyDate, { maxItems: LINES_MAX.dates }),
    companions: Type.Array(Companion, { maxItems: LINES_MAX.companions }),
  },
  closed,
);
export type CustomerFields = Static<typeof CustomerFields>;

const { displayName, ...optionalFields } = CustomerFields.properties;
/**
 * `sharedPhone`: the number is another customer's too, and that is right. `id`: made by the iPad, so that a request that is sent twice
 * makes one dossier.
 */
export const CustomerCreate = Type.Object(
  { displayName, ...Type.Partial(Type.Object(optionalFields)).properties, id: Type.Optional(Id), sharedPhone: Type.Optional(Type.Boolean()) },
  closed,
);
export type CustomerCreate = Static<typeof CustomerCreate>;
/**
 * `base`: what stood in the changed fields when the editing began. A field that somebody else has changed since to something else is
 * an `edit_conflict`; nothing is saved then. Without it the last one wins.
 */
export const CustomerChange = Type.Object(
  {
    ...Type.Partial(CustomerFields).properties,
    sharedPhone: Type.Optional(Type.Boolean()), base: Type.Optional(Type.Partial(CustomerFields, closed)),
  },
  { ...closed, minProperties: 1 },
);
export type CustomerChange = Static<typeof CustomerChange>;

// ---- Finding ---------------------------------------------------------------------------------------------------

/** `contact`: e-mail or WeChat. `former`: the name or number of a dossier that was merged into this one. */
export const FOUND_IN = ['name', 'phone', 'member', 'contact', 'companion', 'former', 'note', 'field'] as const;
export type FoundIn = (typeof FOUND_IN)[number];
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
    /** Where the words that were searched for stand; null: nothing was searched for. `text`: what stands there, of a note a piece. */
    found: Nullable(Type.Object({ in: OneOf(FOUND_IN), text: Nullable(Type.String()) }, closed)),
  },
  closed,
);
export type CustomerSummary = Static<typeof CustomerSummary>;
export const CustomerQuery = Type.Object(
  { query: Type.Optional(Type.String({ maxLength: 60 })), limit: Type.Optional(Type.String({ pattern: '^([1-9]|[1-4][0-9]|50)$' })) },
  closed,
);

/** `name_sound`: written otherwise, read alike. `phone_tail`: the last four digits alone. */
export const DUPLICATE_REASONS = ['phone', 'name', 'name_sound', 'birthday', 'email', 'wechat', 'phone_tail'] as const;
export type DuplicateReason = (typeof DUPLICATE_REASONS)[number];
/** `sure`: more than one thing agrees, or one that two people hardly share; `maybe`: nothing speaks against it. */
export const DUPLICATE_STRENGTHS = ['sure', 'maybe', 'shared'] as const;
/** Two dossiers that may be one person's, and why; `shared`: the number of two names, as couples have. */
export const Duplicate = Type.Object(
  { a: CustomerSummary, b: CustomerSummary, reasons: Type.Array(OneOf(DUPLICATE_REASONS)), strength: OneOf(DUPLICATE_STRENGTHS) }, closed);
export type Duplicate = Static<typeof Duplicate>;
export const DuplicateDismissal = Type.Object({ a: Id, b: Id }, closed);

/** Something that a reader typed or the camera read: a member code, a tag, a member number, a phone number, a product's barcode. */
export const ScanRequest = Type.Object({ scan: Line(200) }, closed);
export const FOUND_BY = ['member_code', 'tag', 'member_no', 'phone'] as const;
export type FoundBy = (typeof FOUND_BY)[number];
/** `choose`: the number is that of several people. */
export const ScanFound = Type.Union([
  Type.Object({ kind: Type.Literal('customer'), by: OneOf(FOUND_BY), customer: CustomerSummary }, closed),
  Type.Object({ kind: Type.Literal('choose'), by: OneOf(FOUND_BY), customers: Type.Array(CustomerSummary) }, closed),
  Type.Object({ kind: Type.Literal('product'), product: Product }, closed),
]);
export type ScanFound = Static<typeof ScanFound>;

export const Tag = Type.Object({ id: Id, label: Nullable(Type.String()), at: Instant, by: Type.String() }, closed);
export type Tag = Static<typeof Tag>;
export const TagRequest = Type.Object({ tag: Line(200), label: Type.Optional(Nullable(Line(40))) }, closed);
/** The address that the customer opens on their own phone once; it shows the rotating code from then on. */
export const MemberCodeLink = Type.Object({ url: Type.String(), madeAt: Instant }, closed);
export type MemberCodeLink = Static<typeof MemberCodeLink>;
/** For the customer's own phone: what the rotating code is made of (TOTP, RFC 6238). The code reads `prefix` and then the digits. */
export const OwnMemberCode = Type.Object(
  {
    storeName: Type.String(), memberNo: Nullable(Type.String()), prefix: Type.String(), secret: Type.String({ description: 'base32' }),
    digits: Type.Integer(), periodSeconds: Type.Integer(), algorithm: Type.String(),
    /** The box's clock, because the phone's may be wrong. */
    now: Instant,
  },
  closed,
);
export type OwnMemberCode = Static<typeof OwnMemberCode>;

// ---- Notes -----------------------------------------------------------------------------------------------------

export const Note = Type.Object({ id: Id, text: Type.String(), author: Type.String(), at: Instant }, closed);
export type Note = Static<typeof Note>;
/** `id`: made by the iPad, so that a note that is sent twice is one. */
export const NoteRequest = Type.Object({ text: Line(2000), id: Type.Optional(Id), ageMs: AgeMs }, closed);
export type NoteRequest = Static<typeof NoteRequest>;
/** A chip: one tap writes this note. */
export const QuickNote = Type.Object({ id: Id, text: Words(60) }, closed);
export type QuickNote = Static<typeof QuickNote>;
export const QuickNotes = Type.Array(Type.Object({ id: Type.Optional(Id), text: Words(60) }, closed), { maxItems: 24 });

export const FollowUp = Type.Object(
  { id: Id, text: Type.String(), dueOn: Nullable(Day), author: Type.String(), at: Instant, doneAt: Nullable(Instant) },
  closed,
);
export type FollowUp = Static<typeof FollowUp>;
export const FollowUpRequest = Type.Object({ text: Line(200), dueOn: Type.Optional(Nullable(Day)), id: Type.Optional(Id), ageMs: AgeMs }, closed);
export type FollowUpRequest = Static<typeof FollowUpRequest>;

/**
 * What an iPad seals its unsent writing with before it puts it aside: 256 bits, base64url, one for each person and device. `now`: the box's
 * clock, by which the iPad, whose own may be wrong, says how old its writing is.
 */
export const DraftsKey = Type.Object({ key: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }), now: Instant }, closed);
export type DraftsKey = Static<typeof DraftsKey>;

// ---- Taste -----------------------------------------------------------------------------------------------------

/**
 * What a customer seems to like. `stated`: they said so, and who wrote it down when (null: before that was kept). `repeated`: seen
 * several times on several days, never once.
 */
export const Taste = Type.Object(
  {
    subject: Type.String(), evidence: OneOf(['stated', 'repeated'] as const),
    at: Nullable(Instant), by: Nullable(Type.String()),
    /** How many articles were bought and looked at, on which days, the newest first. Of stated: as far as that was repeated, too. */
    bought: Type.Integer({ minimum: 0 }), lookedAt: Type.Integer({ minimum: 0 }), days: Type.Array(Day),
  },
  closed,
);
export type Taste = Static<typeof Taste>;
