import type { Decision } from '../contract/index.js';
import type { MatchDecision } from '../gallery/index.js';
import { Embedding } from '../kit/index.js';
import type { Box } from '../vision/index.js';

/** Good frames that are fused: more than three gain nothing (RECOGNITION: 2 to 3). */
export const FUSED_FRAMES_MAX = 3;
/** A single frame names somebody only when this far above the threshold; else the next frame is waited for. */
export const ONE_FRAME_LEAD = 0.05;

/** A person in view of one camera. Identity hangs here, never on a place in a list of faces. */
export interface Track {
  readonly id: number;
  box: Box;
  lastSeenMs: number;
  /** The newest good embeddings, oldest first. */
  good: Embedding[];
  /** Mean of `good`; null: no good frame yet. */
  appearance: Embedding | null;
  identity: Identity;
  /** The open "Is this ...?" about this track. */
  sightingId: string | null;
}

export interface Identity {
  decision: Decision | 'undecided';
  customerId: string | null;
  score: number | null;
  margin: number | null;
}

export const UNDECIDED: Identity = { decision: 'undecided', customerId: null, score: null, margin: null };

export function newTrack(id: number, box: Box, now: number): Track {
  return { id, box, lastSeenMs: now, good: [], appearance: null, identity: UNDECIDED, sightingId: null };
}

/** Adds a good frame's embedding and fuses anew. */
export function addGoodFrame(track: Track, embedding: Embedding): void {
  track.good.push(embedding);
  if (track.good.length > FUSED_FRAMES_MAX) track.good.shift();
  track.appearance = Embedding.mean(track.good);
}

/** Forgets who a track is and what it looked like, as after a withdrawal. */
export function forgetTrack(track: Track): void {
  track.good = [];
  track.appearance = null;
  track.identity = UNDECIDED;
  track.sightingId = null;
}

/**
 * What a match means for a track with this many good frames: one frame alone decides only what is clear.
 */
export function identify(match: MatchDecision, goodFrames: number): Identity {
  const { score, margin, customerId } = match;
  switch (match.decision) {
    case 'unknown':
      return { decision: 'unknown', customerId: null, score, margin };
    case 'candidate':
      return goodFrames >= 2 ? { decision: 'candidate', customerId, score, margin } : { ...UNDECIDED, score, margin };
    case 'known': {
      const clear = score !== null && score >= match.thresholds.known + ONE_FRAME_LEAD;
      return goodFrames >= 2 || clear ? { decision: 'known', customerId, score, margin } : { ...UNDECIDED, score, margin };
    }
  }
}
