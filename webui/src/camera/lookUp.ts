import type { CameraFace, CameraResult } from '../contract.js';

/** Whom the panel beside the picture speaks of. It hangs on the track, never on a place in the list. */
export interface LookUpFocus {
  readonly trackId: number;
  readonly decision: 'known' | 'candidate';
  readonly person: NonNullable<CameraFace['person']>;
  readonly sightingId: string | null;
  readonly score: number | null;
}

export type LookUpHint = 'nobody' | 'wait' | 'unknown';

export interface LookUp {
  readonly focus: LookUpFocus | null;
  /** The focus is in the picture right now; if not, the panel stays so that it can still be tapped. */
  readonly inView: boolean;
  readonly hint: LookUpHint;
  /** Questions already answered here; not asked again while the box catches up. */
  readonly answered: readonly string[];
}

export const emptyLookUp: LookUp = { focus: null, inView: false, hint: 'nobody', answered: [] };

export function afterResult(state: LookUp, result: CameraResult['data']): LookUp {
  const faces = [...result.faces].sort((a, b) => area(b) - area(a));
  const named = faces.map((face) => focusOf(face, state.answered)).filter((focus) => focus !== null);
  const same = named.find(
    (focus) => focus.trackId === state.focus?.trackId && focus.person.customerId === state.focus.person.customerId,
  );
  const focus = same ?? named[0] ?? null;
  if (focus) return { ...state, focus, inView: true };
  return { ...state, inView: false, hint: hintFor(faces) };
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

function hintFor(facesBySize: readonly CameraFace[]): LookUpHint {
  const nearest = facesBySize[0];
  if (!nearest) return 'nobody';
  return nearest.decision === 'unknown' ? 'unknown' : 'wait';
}

const area = (face: CameraFace): number => face.box.width * face.box.height;
