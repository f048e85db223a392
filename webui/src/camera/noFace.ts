import type { CameraFace } from '../contract.js';

/** Long enough to lift the iPad and aim; after that a person wants to be told why nothing happens. */
export const NO_FACE_MS = 5_000;

/** Since when the camera has seen no face at all; null: it sees one. */
export function noFaceSince(before: number | null, faces: readonly CameraFace[], nowMs: number): number | null {
  return faces.length > 0 ? null : (before ?? nowMs);
}

export const isLost = (sinceMs: number | null, nowMs: number): boolean => sinceMs !== null && nowMs - sinceMs >= NO_FACE_MS;
