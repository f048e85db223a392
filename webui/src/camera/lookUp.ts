import type { CameraFace, CameraResult } from '../contract.js';
import { isLost, noFaceSince } from './noFace.js';

/** Whom the panel beside the picture speaks of. It hangs on the track, never on a place in the list. */
export interface LookUpFocus {
  readonly trackId: number;
  readonly decision: 'known' | 'candidate';
  readonly person: NonNullable<CameraFace['person']>;
  readonly sightingId: string | null;
  readonly score: number | null;
}

/** `no_face`: nobody in the picture for some seconds. `unsure`: may be somebody, but there is no question to ask; another way to find the customer is offered. */
export type LookUpHint = 'nobody' | 'no_face' | 'wait' | 'unsure' | 'unknown';

export interface LookUp {
  readonly focus: LookUpFocus | null;
  /** The focus is in the picture right now; if not, the panel stays a little so that it can still be tapped. */
  readonly inView: boolean;
  /** When the box last named the focus. */
  readonly namedAtMs: number;
  readonly hint: LookUpHint;
  /** The nearest face may be somebody, without a question to ask, since `sinceMs`. */
  readonly vague: { readonly trackId: number; readonly sinceMs: number } | null;
  /** No face in the picture since then; null: there is one. */
  readonly emptySinceMs: number | null;
  /** Questions already answered here; not asked again while the box catches up. */
  readonly answered: readonly string[];
}

/** A face that may be somebody for this long without a question: nothing more will come. */
const VAGUE_MS = 3_000;
/** Long enough to tap "I'll serve" after the customer has walked on; after that the name is for nobody's eyes. */
const KEEP_MS = 10_000;

export const emptyLookUp: LookUp = {
  focus: null, inView: false, namedAtMs: 0, hint: 'nobody', vague: null, emptySinceMs: null, answered: [],
};

export function afterResult(state: LookUp, result: CameraResult['data'], nowMs: number): LookUp {
  const faces = [...result.faces].sort((a, b) => area(b) - area(a));
  const named = faces.map((face) => focusOf(face, state.answered)).filter((focus) => focus !== null);
  const same = named.find(
    (focus) => focus.trackId === state.focus?.trackId && focus.person.customerId === state.focus.person.customerId,
  );
  const focus = same ?? named[0] ?? null;
  if (focus) return { ...state, focus, inView: true, namedAtMs: nowMs, vague: null, emptySinceMs: null };
  const vague = vagueAfter(state, faces[0], nowMs);
  const emptySinceMs = noFaceSince(state.emptySinceMs, faces, nowMs);
  const kept = faces.some((face) => endsFocus(state.focus, face)) ? null : state.focus;
  const inView = faces.some((face) => face.trackId === kept?.trackId);
  return withoutStale({ ...state, focus: kept, inView, vague, emptySinceMs, hint: hintFor(faces[0], vague, emptySinceMs, nowMs) }, nowMs);
}

/** Drops a name that the box has not said for a while; also called when no results come. */
export function withoutStale(state: LookUp, nowMs: number): LookUp {
  if (!state.focus || nowMs - state.namedAtMs < KEEP_MS) return state;
  return { ...state, focus: null, inView: false };
}

/** A decision about another face, or a new one about this face, makes the name on the panel the wrong one. */
function endsFocus(focus: LookUpFocus | null, face: CameraFace): boolean {
  if (!focus || face.decision === 'undecided') return false;
  if (face.trackId !== focus.trackId || face.decision === 'unknown') return true;
  return focus.decision === 'candidate'; // its question is no longer open; a "yes" just given made it known
}

function vagueAfter(state: LookUp, nearest: CameraFace | undefined, nowMs: number): LookUp['vague'] {
  if (!nearest || nearest.decision === 'known' || nearest.decision === 'unknown') return null;
  if (state.vague?.trackId === nearest.trackId) return state.vague;
  return nearest.decision === 'candidate' ? { trackId: nearest.trackId, sinceMs: nowMs } : null;
}

/** A "yes" makes the candidate known; "no" and "unsure" take the question away. */
export function afterAnswer(state: LookUp, sightingId: string, answer: 'yes' | 'no' | 'unsure'): LookUp {
  const answered = [...state.answered, sightingId].slice(-50);
  if (state.focus?.sightingId !== sightingId) return { ...state, answered };
  const focus =
    answer === 'yes' ? { ...state.focus, decision: 'known' as const, sightingId: null } : null;
  return { ...state, answered, focus, hint: focus ? state.hint : 'wait' };
}

export const cleared = (state: LookUp): LookUp => ({ ...emptyLookUp, answered: state.answered });

function focusOf(face: CameraFace, answered: readonly string[]): LookUpFocus | null {
  if (!face.person) return null;
  if (face.decision !== 'known' && face.decision !== 'candidate') return null;
  if (face.decision === 'candidate' && (face.sightingId === null || answered.includes(face.sightingId))) return null;
  const { trackId, decision, person, sightingId, score } = face;
  return { trackId, decision, person, sightingId, score };
}

function hintFor(nearest: CameraFace | undefined, vague: LookUp['vague'], emptySinceMs: number | null, nowMs: number): LookUpHint {
  if (!nearest) return isLost(emptySinceMs, nowMs) ? 'no_face' : 'nobody';
  if (nearest.decision === 'unknown') return 'unknown';
  return vague && nowMs - vague.sinceMs >= VAGUE_MS ? 'unsure' : 'wait';
}

const area = (face: CameraFace): number => face.box.width * face.box.height;
