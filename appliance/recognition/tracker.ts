import type { Embedding } from '../kit/index.js';
import type { Likeness } from '../gallery/index.js';
import { iou, type Box } from '../vision/index.js';

/** What the tracker needs to know of a face in a frame. */
export interface TrackableFace {
  box: Box;
  embedding: Embedding;
  /** Whether the embedding says anything (norm gate); if not, only the place counts. */
  readable: boolean;
}
/** What the tracker needs to know of a track. */
export interface Trackable {
  id: number;
  box: Box;
  lastSeenMs: number;
  /** Mean of the good frames so far; null: none was readable. */
  appearance: Embedding | null;
}

/** Unseen this long, a track ends; who comes back gets a new one. */
export const TRACK_TTL_MS = 3_000;
/** Looks count for more than place, so that two who swap places do not swap names. */
const PLACE_WEIGHT = 0.3;
/** Overlap (intersection over union) of one face in two frames 200 ms apart, walking. */
const OVERLAP_MIN = 0.3;

/**
 * Which face continues which track. Looks at place and appearance together, so that people who cross keep their own
 * tracks and a person who takes another's place does not inherit the name. Greedy, best pair first.
 *
 * @param likeness below `samePlace` two faces are not taken for one person, however near they are: who steps up after another
 *   must not inherit the name; from `samePerson` on they are one, however far the face moved
 * @returns for each face the id of its track, or null for a new one
 */
export function associate(tracks: readonly Trackable[], faces: readonly TrackableFace[], likeness: Likeness): (number | null)[] {
  const pairs: { track: number; face: number; affinity: number }[] = [];
  for (const [trackIndex, track] of tracks.entries()) {
    for (const [faceIndex, face] of faces.entries()) {
      const place = iou(track.box, face.box);
      if (track.appearance === null || !face.readable) {
        if (place >= OVERLAP_MIN) pairs.push({ track: trackIndex, face: faceIndex, affinity: place });
        continue;
      }
      const similarity = track.appearance.similarity(face.embedding);
      const together = place >= OVERLAP_MIN && similarity >= likeness.samePlace;
      if (together || similarity >= likeness.samePerson) {
        pairs.push({ track: trackIndex, face: faceIndex, affinity: similarity + PLACE_WEIGHT * place });
      }
    }
  }
  pairs.sort((a, b) => b.affinity - a.affinity);
  const result: (number | null)[] = faces.map(() => null);
  const taken = new Set<number>();
  for (const pair of pairs) {
    if (taken.has(pair.track) || result[pair.face] !== null) continue;
    taken.add(pair.track);
    result[pair.face] = tracks[pair.track]!.id;
  }
  return result;
}
