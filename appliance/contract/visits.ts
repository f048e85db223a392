/** A customer's presence in the store on the wire: the visit, its card, what happened in it, and what to do next. */
import { Type, type Static } from 'typebox';
import { AgeMs, closed, Day, Id, Instant, Line, Nullable, OneOf, Words } from './base.js';
import { CardFact } from './fields.js';

/** How the box knew who came: by a clear match, by a person's "yes" to a candidate, written in by hand, or by a code or tag. */
export const ARRIVALS = ['recognised', 'confirmed', 'by_hand', 'scanned'] as const;
/**
 * `corrected`: the box itself found with later frames that it had named the wrong person. `day_over`: it was still open when the
 * business day ended.
 */
export const VISIT_END_REASONS = ['left', 'by_hand', 'day_over', 'not_this_person', 'consent_withdrawn', 'corrected'] as const;

/** Where a visit stands, in the order in which a good one goes. */
export const VISIT_STAGES = ['discover', 'register', 'arrive', 'attract', 'complete', 'reflect'] as const;
export type VisitStage = (typeof VISIT_STAGES)[number];
/** `by` null: the box saw by itself that it was so. */
export const StageMark = Type.Object({ stage: OneOf(VISIT_STAGES), at: Instant, by: Nullable(Type.String()) }, closed);
export type StageMark = Static<typeof StageMark>;
export const StageChange = Type.Object({ stage: OneOf(VISIT_STAGES), reached: Type.Boolean(), ageMs: AgeMs }, closed);
export type StageChange = Static<typeof StageChange>;

/** A product that the customer was shown or took in the hand. */
export const Look = Type.Object({ id: Id, productId: Id, productName: Type.String(), beganAt: Instant, endedAt: Nullable(Instant) }, closed);
export type Look = Static<typeof Look>;
/** The look before ends with it. */
export const LookRequest = Type.Object({ productId: Id, id: Type.Optional(Id) }, closed);
export type LookRequest = Static<typeof LookRequest>;

const Person = Type.Object({ id: Id, name: Type.String() }, closed);
/** One stretch of serving; `handedOver`: with what words it ended, and to whom (null: to whoever comes). */
export const Service = Type.Object(
  { by: Person, from: Instant, to: Nullable(Instant), handedOver: Nullable(Type.Object({ to: Nullable(Person), note: Nullable(Type.String()) }, closed)) }, closed);
export type Service = Static<typeof Service>;
/** `staffId` null: to whoever comes first. */
export const HandOver = Type.Object({ staffId: Nullable(Id), note: Type.Optional(Nullable(Line(300))) }, closed);
export type HandOver = Static<typeof HandOver>;

export const Visit = Type.Object(
  {
    id: Id,
    openedAt: Instant,
    lastSeenAt: Instant,
    closedAt: Nullable(Instant),
    endReason: Nullable(OneOf(VISIT_END_REASONS)),
    arrival: OneOf(ARRIVALS),
    /** Who served last. */
    adviser: Nullable(Type.String()),
    services: Type.Array(Service),
    stages: Type.Array(StageMark),
    looks: Type.Array(Look),
  },
  closed,
);
export type Visit = Static<typeof Visit>;

// ---- What to do next -------------------------------------------------------------------------------------------

/** What a suggestion may be about, the most urgent first. None of them is guessed from a face. */
export const SUGGESTION_KINDS = [
  'ticket_ready', 'wish_arrived', 'appointment_today', 'follow_up_due', 'date_near', 'taste_new', 'welcome_back', 'first_visit',
] as const;
export type SuggestionKind = (typeof SUGGESTION_KINDS)[number];
export const Suggestion = Type.Object(
  {
    kind: OneOf(SUGGESTION_KINDS),
    /** What it is about, as an id of that room; empty: the customer as such. */
    subject: Type.String(),
    /** What to say or do, and what that rests on; written out in both languages, because every iPad hears the same. */
    text: Words(400), reason: Words(400),
    /** What staff said to it in this visit; null: nothing yet. */
    useful: Nullable(Type.Boolean()),
  },
  closed,
);
export type Suggestion = Static<typeof Suggestion>;
/** `subject` as it came: an id, or a word of the box's own. `useful` null: take back what was said in this visit. */
export const SuggestionVerdict = Type.Object(
  { kind: OneOf(SUGGESTION_KINDS), subject: Type.String({ pattern: '^[0-9a-z-]{0,36}$' }), useful: Nullable(Type.Boolean()) }, closed);
export type SuggestionVerdict = Static<typeof SuggestionVerdict>;
/** The words of one kind, as the manager has them and as delivered; `placeholders` may stand in them in braces. */
export const GreetingWords = Type.Object(
  {
    kind: OneOf(SUGGESTION_KINDS), enabled: Type.Boolean(), text: Words(200), builtIn: Words(200), placeholders: Type.Array(Type.String()),
    /** What staff said to it in the last 90 days. */
    useful: Type.Integer({ minimum: 0 }), notUseful: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type GreetingWords = Static<typeof GreetingWords>;
/** `text` null: as delivered. */
export const GreetingChange = Type.Object({ enabled: Type.Boolean(), text: Nullable(Words(200)) }, closed);
export type GreetingChange = Static<typeof GreetingChange>;
export const GreetingParams = Type.Object({ kind: OneOf(SUGGESTION_KINDS) }, closed);

// ---- The card --------------------------------------------------------------------------------------------------

/** The pop-up card of somebody who is in the store. */
export const VisitCard = Type.Object(
  {
    visitId: Id,
    customerId: Id,
    displayName: Type.String(),
    salutation: Nullable(Type.String()),
    tier: Nullable(Type.String()),
    /** What the manager chose for the card, three at most. */
    facts: Type.Array(CardFact),
    doNot: Type.Array(Type.String()),
    allergies: Type.Array(Type.String()),
    /** The one next step; null: nothing to say. */
    suggestion: Nullable(Suggestion),
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
    adviser: Nullable(Person),
    /** Handed on and not taken up yet, in this visit or (`at` is before it) with words at the end of the one before: by whom, to whom (null: anybody), with what words. */
    handedOver: Nullable(Type.Object({ by: Person, to: Nullable(Person), note: Nullable(Type.String()), at: Instant }, closed)),
    stages: Type.Array(StageMark),
    /** What the customer looks at now, and how many things before. */
    looking: Nullable(Look),
    looks: Type.Integer({ minimum: 0 }),
    /** Agreed to recognition, but the template was made with other models than the present ones: ask for new photos. */
    photosWanted: Type.Boolean(),
  },
  closed,
);
export type VisitCard = Static<typeof VisitCard>;
/** `by`: written in by hand (as without it), or led here by a code or tag. */
export const VisitRequest = Type.Object({ customerId: Id, by: Type.Optional(OneOf(['by_hand', 'scanned'] as const)) }, closed);
export type VisitRequest = Static<typeof VisitRequest>;

/** "Not this person": what was written down meanwhile stays with the customer of the card, for staff to put right. */
export const Rejection = Type.Object({ customerId: Id, purchases: Type.Integer({ minimum: 0 }), notes: Type.Integer({ minimum: 0 }) }, closed);
export type Rejection = Static<typeof Rejection>;

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
