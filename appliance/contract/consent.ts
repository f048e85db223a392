/** Consent on the wire: notices, grants, withdrawals, receipts. */
import { Type, type Static } from 'typebox';
import { closed, Day, Id, Instant, Language, Line, Nullable, OneOf } from './base.js';

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
    /** Whether consents given under earlier versions stopped counting with this one. */
    material: Type.Boolean(),
    /** The longest term a consent under this notice may have, in days. */
    maxTermDays: Type.Integer({ minimum: 1 }),
    sections: Type.Array(
      Type.Object({ language: Language, field: OneOf(NOTICE_FIELDS), text: Type.String() }, closed),
    ),
  },
  closed,
);
export type Notice = Static<typeof Notice>;

/** A pen may leave the field a little. */
const Coordinate = Type.Number({ minimum: -4000, maximum: 8000 });
/** A drawn signature: strokes of points in CSS pixels, with milliseconds since the first point. */
export const Signature = Type.Object(
  {
    width: Type.Number({ exclusiveMinimum: 0, maximum: 4000 }),
    height: Type.Number({ exclusiveMinimum: 0, maximum: 4000 }),
    strokes: Type.Array(
      Type.Array(Type.Object({ x: Coordinate, y: Coordinate, t: Type.Number({ minimum: 0 }) }, closed), { maxItems: 2000 }),
      { maxItems: 200 },
    ),
  },
  closed,
);
export type Signature = Static<typeof Signature>;

export const GUARDIAN_RELATIONS = ['mother', 'father', 'other'] as const;
export const ConsentRequest = Type.Object(
  {
    noticeId: Id,
    /** The language in which the customer read the notice. */
    language: Language,
    purposes: Type.Array(Purpose, { minItems: 1, uniqueItems: true }),
    /** Last day of validity. */
    validUntil: Day,
    /** The customer says to be 14 or older (PIPL 31). False: under 14, and then a guardian signs. */
    ageConfirmed: Type.Boolean(),
    /** For a customer under 14: who signs for them. The consent ends the day before the 14th birthday at the latest. */
    guardian: Type.Optional(Type.Object(
      { name: Line(40), relation: OneOf(GUARDIAN_RELATIONS), childBirthDay: Day }, closed)),
    /** The customer's, or the guardian's. */
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
    guardian: Nullable(Type.Object({ name: Type.String(), relation: Type.String() }, closed)),
    /** SHA-256 over the whole record, strokes included, as it stands in the audit chain; null: given before there was one. */
    seal: Nullable(Type.String()),
    /**
     * True while it holds but the notice has changed materially since, or it was signed under a clock that was far ahead: nothing is
     * recognised until the customer signs anew.
     */
    outdated: Type.Boolean(),
  },
  closed,
);
export type Consent = Static<typeof Consent>;

// ---- Asking, refusing, withdrawing -----------------------------------------------------------------------------

/** After a refusal nobody may ask again before then (Network Data Security Regulation 24: no repeated asking). */
export const Refusal = Type.Object({ customerId: Id, refusedAt: Instant, notBefore: Instant }, closed);
export type Refusal = Static<typeof Refusal>;

/** Which purposes end; left out: all of them. `recognise` among them ends all, because the rest rests on it. */
export const WithdrawalRequest = Type.Object(
  { purposes: Type.Optional(Type.Array(Purpose, { minItems: 1, uniqueItems: true })) }, closed);
export type WithdrawalRequest = Static<typeof WithdrawalRequest>;

/** Why something was deleted: the wording of the receipt hangs on it. */
export const DELETION_REASONS = ['withdrawn', 'expired', 'narrowed', 'merged', 'erased', 'retention'] as const;
/**
 * `purposes`: what rested on these alone. `face`: templates, kept pictures, match scores, and unless dossiers were merged what rested on
 * the other purposes. `dossier`: all that is known of the customer.
 */
export const DELETION_SCOPES = ['purposes', 'face', 'dossier'] as const;
export const Deletion = Type.Object(
  {
    id: Id, customerId: Id, scope: OneOf(DELETION_SCOPES), reason: OneOf(DELETION_REASONS),
    /** The purposes that ended, and what rested on them went. Empty with `dossier`: everything went. */
    purposes: Type.Array(Purpose),
    requestedAt: Instant,
    /** Null: under way; it goes on by itself, over a restart too. */
    completedAt: Nullable(Instant),
    templatesDeleted: Type.Integer({ minimum: 0 }),
    /**
     * Whether keys of the customer's own were destroyed: with `face` and `dossier` all of them, with `purposes` those of the purposes
     * that ended. What backups hold under them is useless then. False: there were none, so nothing was sealed.
     */
    keyDestroyed: Type.Boolean(),
  },
  closed,
);
export type Deletion = Static<typeof Deletion>;

/** How far a deletion is; once it is complete with the page on the LAN that shows and checks its receipt, for a QR code. */
export const DeletionStatus = Type.Object({ ...Deletion.properties, receiptUrl: Nullable(Type.String()) }, closed);
export type DeletionStatus = Static<typeof DeletionStatus>;

/** What a withdrawal deleted, and the signed statement of it: a JWS (RFC 7515, ES256) that anyone can check. */
export const WithdrawalReceipt = Type.Object(
  {
    customerId: Id, withdrawnAt: Instant, templatesDeleted: Type.Integer({ minimum: 0 }),
    /** What is left; empty: nothing. */
    purposesLeft: Type.Array(Purpose),
    deletion: Nullable(Deletion),
    /** Null while the deletion is under way. */
    receipt: Nullable(Type.String()),
    /** Page on the LAN that shows and checks the receipt, for a QR code; null as above. */
    receiptUrl: Nullable(Type.String()),
  },
  closed,
);
export type WithdrawalReceipt = Static<typeof WithdrawalReceipt>;

/** A link for the customer's own phone, on the store's network: see, download, withdraw. Good until the consent ends. */
export const ConsentLink = Type.Object({ url: Type.String(), validUntil: Day }, closed);
export type ConsentLink = Static<typeof ConsentLink>;
/** The header that carries the link's secret; a header, so that no other site can make a browser send it. */
export const LINK_HEADER = 'x-portico-link';
/** What the customer's own page shows. No phone number, no notes: only this consent. */
export const OwnConsent = Type.Object(
  {
    storeName: Type.String(), displayName: Type.String(), consent: Consent, notice: Notice,
    /** Null: nothing was withdrawn over this link yet. */
    withdrawal: Nullable(WithdrawalReceipt),
  },
  closed,
);
export type OwnConsent = Static<typeof OwnConsent>;

// ---- Editing the notice ----------------------------------------------------------------------------------------

export const NoticeDraft = Type.Object(
  {
    maxTermDays: Type.Integer({ minimum: 1, maximum: 1096 }),
    sections: Type.Array(
      Type.Object({ language: Language, field: OneOf(NOTICE_FIELDS), text: Type.String({ maxLength: 4000 }) }, closed), { maxItems: 40 }),
  },
  closed,
);
export type NoticeDraft = Static<typeof NoticeDraft>;
/** One field in one language. */
const NoticePlace = Type.Object({ language: Language, field: OneOf(NOTICE_FIELDS) }, closed);
/** What only the store can know: its full name, and where it is reached (PIPL 17). The built-in text stands in for both. */
export const OWN_NOTICE_FIELDS = ['handler', 'contact'] as const satisfies readonly (typeof NOTICE_FIELDS)[number][];
/** The draft as saved, what it lacks to be published, and what of it the store has not made its own. */
export const NoticeDraftState = Type.Object(
  {
    draft: NoticeDraft, changed: Type.Boolean({ description: 'Differs from the published notice.' }),
    missing: Type.Array(NoticePlace),
    /** Of OWN_NOTICE_FIELDS: still the text that came with the box. */
    builtIn: Type.Array(NoticePlace),
    savedAt: Nullable(Instant),
  },
  closed,
);
export type NoticeDraftState = Static<typeof NoticeDraftState>;
/**
 * Whoever publishes says whether the facts change (then who agreed before has to be asked again, PIPL 14) or the words alone.
 * Left unsaid, nothing is published.
 */
export const NoticePublication = Type.Object({ material: Type.Optional(Type.Boolean()) }, closed);
export type NoticePublication = Static<typeof NoticePublication>;
export const NoticeVersion = Type.Object(
  {
    id: Id, version: Type.Integer(), hash: Type.String(), publishedAt: Instant, material: Type.Boolean(), by: Nullable(Type.String()),
    /** Consents that hold and were given under this version. */
    consents: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type NoticeVersion = Static<typeof NoticeVersion>;
