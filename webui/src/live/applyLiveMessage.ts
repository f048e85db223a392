import type { BoxHealth, CandidateCard, LiveMessage, Visit, VisitCard } from '../contract.js';

/** All that the live board knows. Never changed in place. */
export interface LiveState {
  /** Which life of the box the revision belongs to; null: nothing heard yet. */
  readonly epoch: string | null;
  readonly revision: number;
  /** Newest arrival first. */
  readonly visits: readonly VisitCard[];
  /** Newest question first. */
  readonly candidates: readonly CandidateCard[];
  readonly health: BoxHealth | null;
  /** Revision of the last event about a visit; about all visits: `snapshotAt`. */
  readonly touchedAt: Readonly<Record<string, number>>;
  readonly snapshotAt: number;
  /** Visits that ended in this epoch, the latest last. */
  readonly ended: readonly Ended[];
  /** An event was missed: connect again without `since` and take a fresh snapshot. */
  readonly needsSnapshot: boolean;
}

/** `shown`: how long a card of it may stay: as long as anybody needs it, only while a sheet of it is open, or not at all. */
export interface Ended { readonly visitId: string; readonly customerId: string; readonly reason: EndReason; readonly shown: 'on' | 'ifHeld' | 'no' }
export type EndReason = NonNullable<Visit['endReason']>;

const ENDED_KEPT = 500;

export const emptyLiveState: LiveState = {
  epoch: null,
  revision: 0,
  visits: [],
  candidates: [],
  health: null,
  touchedAt: {},
  snapshotAt: 0,
  ended: [],
  needsSnapshot: false,
};

/** The state after a message. Returns the very same object when the message changes nothing. */
export function applyLiveMessage(state: LiveState, message: LiveMessage): LiveState {
  switch (message.type) {
    case 'live.snapshot':
      return {
        epoch: message.epoch,
        revision: message.revision,
        visits: [...message.data.visits].sort(newestVisitFirst),
        candidates: [...message.data.candidates].sort(newestQuestionFirst),
        health: message.data.health,
        touchedAt: {},
        snapshotAt: message.revision,
        // Whose dossier was erased, merged or narrowed meanwhile nobody knows here.
        ended: message.epoch === state.epoch ? state.ended.map((each) => ({ ...each, shown: 'no' })) : [],
        needsSnapshot: false,
      };
    case 'live.resumed':
      // The missed events follow under their own revisions; only a strange epoch makes them useless.
      return message.epoch === state.epoch ? state : { ...state, needsSnapshot: true };
    case 'live.pong':
    case 'error':
      return state;
    case 'visit.opened':
    case 'visit.updated':
    case 'visit.closed':
    case 'sighting.candidate':
    case 'sighting.resolved':
    case 'customer.forgotten':
    case 'box.health':
      if (state.needsSnapshot) return state;
      if (message.epoch !== state.epoch || message.revision > state.revision + 1) {
        return { ...state, needsSnapshot: true };
      }
      if (message.revision <= state.revision) return state; // already shown
      return { ...applyEvent(state, message), revision: message.revision };
    default:
      message satisfies never;
      return state;
  }
}

type LiveEvent = Exclude<LiveMessage, { type: 'live.snapshot' | 'live.resumed' | 'live.pong' | 'error' }>;

function applyEvent(state: LiveState, event: LiveEvent): LiveState {
  switch (event.type) {
    case 'visit.opened': {
      // What this one takes the place of has gone already; should its end have been lost, it goes now: never both cards.
      const { visit, corrects } = event.data;
      const rest = corrects === null ? state : withoutVisit(state, corrects, 'corrected');
      return {
        ...rest,
        visits: withVisit(rest.visits, visit),
        touchedAt: { ...state.touchedAt, [visit.visitId]: event.revision },
        ended: rest.ended.filter(({ visitId }) => visitId !== visit.visitId),
      };
    }
    case 'visit.updated':
      return {
        ...state,
        visits: withVisit(state.visits, event.data.visit),
        touchedAt: { ...state.touchedAt, [event.data.visit.visitId]: event.revision },
        ended: state.ended.filter(({ visitId }) => visitId !== event.data.visit.visitId),
      };
    case 'visit.closed':
      return {
        ...withoutVisit(state, event.data.visitId, event.data.reason),
        // A withdrawn consent also ends the questions about that person.
        candidates:
          event.data.reason === 'consent_withdrawn'
            ? state.candidates.filter((candidate) => candidate.customerId !== event.data.customerId)
            : state.candidates,
      };
    case 'sighting.candidate':
      return { ...state, candidates: withCandidate(state.candidates, event.data.candidate) };
    case 'sighting.resolved':
      return {
        ...state,
        candidates: state.candidates.filter((candidate) => candidate.sightingId !== event.data.sightingId),
      };
    case 'customer.forgotten': {
      const { customerId, erased } = event.data;
      const isMeant = (each: { customerId: string }): boolean => customerId === null || each.customerId === customerId;
      return {
        ...state,
        ended: state.ended.map((each) => (isMeant(each) && each.shown !== 'no' ? { ...each, shown: erased ? 'no' : 'ifHeld' } : each)),
        candidates: erased ? state.candidates.filter((candidate) => !isMeant(candidate)) : state.candidates,
      };
    }
    case 'box.health':
      return { ...state, health: event.data.health };
  }
}

/** The card goes, and no late answer brings it back. */
function withoutVisit(state: LiveState, visitId: string, reason: EndReason): LiveState {
  const customerId = state.visits.find((visit) => visit.visitId === visitId)?.customerId ?? ''; // none: no card of it is on this page
  return {
    ...state,
    visits: state.visits.filter((visit) => visit.visitId !== visitId),
    ended: [...state.ended.filter((each) => each.visitId !== visitId), { visitId, customerId, reason, shown: 'on' as const }].slice(-ENDED_KEPT),
  };
}

/**
 * The box took back a name it had said. `withdrawn`: the card is away, and another may follow at once; `replaced`: the
 * right one is there. `wrongName` is null when that card was not on the board.
 */
export type Correction =
  | { readonly kind: 'withdrawn'; readonly visitId: string; readonly wrongName: string | null }
  | { readonly kind: 'replaced'; readonly visitId: string; readonly rightName: string };

/** What an event says about a mistake of the box, heard on top of the state `before` it; null: nothing. */
export function correctionOf(before: LiveState, message: LiveMessage): Correction | null {
  if (message.type === 'visit.closed' && message.data.reason === 'corrected') {
    const { visitId } = message.data;
    const wrong = before.visits.find((visit) => visit.visitId === visitId);
    return { kind: 'withdrawn', visitId, wrongName: wrong ? nameOf(wrong) : null };
  }
  if (message.type === 'visit.opened' && message.data.corrects !== null) {
    return { kind: 'replaced', visitId: message.data.corrects, rightName: nameOf(message.data.visit) };
  }
  return null;
}

const nameOf = (card: VisitCard): string => card.salutation ?? card.displayName;

/**
 * The state after the box answered a request with `visit`. Live events win: the answer is dropped when the visit has
 * ended, or when anything newer was heard about it since the request was sent at `asked`.
 */
export function withAnswer(state: LiveState, visit: VisitCard, asked: Pick<LiveState, 'epoch' | 'revision'>): LiveState {
  if (state.epoch !== asked.epoch || state.ended.some(({ visitId }) => visitId === visit.visitId)) return state;
  if (Math.max(state.snapshotAt, state.touchedAt[visit.visitId] ?? 0) > asked.revision) return state;
  return { ...state, visits: withVisit(state.visits, visit) };
}

function withVisit(visits: readonly VisitCard[], visit: VisitCard): readonly VisitCard[] {
  return [...visits.filter((other) => other.visitId !== visit.visitId), visit].sort(newestVisitFirst);
}

function withCandidate(candidates: readonly CandidateCard[], added: CandidateCard): readonly CandidateCard[] {
  return [...candidates.filter((other) => other.sightingId !== added.sightingId), added].sort(newestQuestionFirst);
}

const newestVisitFirst = (a: VisitCard, b: VisitCard): number =>
  b.openedAt.localeCompare(a.openedAt) || b.visitId.localeCompare(a.visitId);

const newestQuestionFirst = (a: CandidateCard, b: CandidateCard): number =>
  b.askedAt.localeCompare(a.askedAt) || b.sightingId.localeCompare(a.sightingId);

/** Questions that may still be answered at `nowMs`. */
export function openCandidates(state: LiveState, nowMs: number): readonly CandidateCard[] {
  return state.candidates.filter((candidate) => Date.parse(candidate.expiresAt) > nowMs);
}
