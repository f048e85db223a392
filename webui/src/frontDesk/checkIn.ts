import { isLost, noFaceSince } from '../camera/noFace.js';
import type { CameraFace, CameraResult } from '../contract.js';

/** The camera of the front desk looks for at most this long after a tap. */
export const CHECK_IN_MS = 15_000;
/** The greeting stays this long, then the screen rests again. */
export const GREETING_MS = 7_000;
/** This many answers "unknown" about the nearest person are enough; waiting longer would only embarrass. */
const UNKNOWN_ENOUGH = 8;

export type CheckIn =
  | {
      readonly step: 'looking'; readonly trackId: number | null; readonly unknowns: number;
      /** `lost`: no face for some seconds; the customer is told what to do. */
      readonly sight: 'face' | 'none' | 'lost'; readonly emptySinceMs: number | null;
    }
  | { readonly step: 'greeted'; readonly name: string }
  /** The same words for everyone who is not greeted by name, whatever the reason: nobody near learns which. */
  | { readonly step: 'staff' };

export const startCheckIn: CheckIn = { step: 'looking', trackId: null, unknowns: 0, sight: 'none', emptySinceMs: null };

export function afterFrontDeskResult(state: CheckIn, result: CameraResult['data'], nowMs: number): CheckIn {
  if (state.step !== 'looking') return state;
  const nearest = nearestFace(result.faces);
  if (!nearest) {
    const emptySinceMs = noFaceSince(state.emptySinceMs, result.faces, nowMs);
    return { step: 'looking', trackId: null, unknowns: 0, sight: isLost(emptySinceMs, nowMs) ? 'lost' : 'none', emptySinceMs };
  }
  if (nearest.decision === 'known') {
    return nearest.greeting ? { step: 'greeted', name: nearest.greeting } : { step: 'staff' };
  }
  if (nearest.decision === 'candidate') return { step: 'staff' };
  const sameTrack = nearest.trackId === state.trackId;
  const unknowns = (sameTrack ? state.unknowns : 0) + (nearest.decision === 'unknown' ? 1 : 0);
  if (unknowns >= UNKNOWN_ENOUGH) return { step: 'staff' };
  return { step: 'looking', trackId: nearest.trackId, unknowns, sight: 'face', emptySinceMs: null };
}

function nearestFace(faces: readonly CameraFace[]): CameraFace | null {
  let nearest: CameraFace | null = null;
  for (const face of faces) if (!nearest || face.box.width > nearest.box.width) nearest = face;
  return nearest;
}
