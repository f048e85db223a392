import type { Decision } from '../contract/index.js';
import type { MatchDecision } from '../gallery/index.js';
import { Embedding } from '../kit/index.js';
import type { Box } from '../vision/index.js';

/** Good frames that are fused: more than three gain nothing (RECOGNITION: 2 to 3). */
export const FUSED_FRAMES_MAX = 3;
/**
 * A single frame names somebody only when this far above the threshold; else the next frame is waited for. Measured on LFW
 * (docs/recognition.md): with this lead and the lift below, as many strangers are named at any of three looks as the store
 * chose; 99.7 % of customers are named at the first frame all the same.
 */
export const ONE_FRAME_LEAD = 0.03;
/**
 * Each look that differs from the others is one more chance for a stranger. Looks as unlike as press photos of different
 * years (1 - |mean| of .08 for two, .11 for three) need .02 more; frames of one second are nearly one look and need nothing.
 */
const LIFT_PER_SPREAD = 0.2;
const LIFT_MAX = 0.03;
/** Frames in a row in which a decided track is followed by its place alone; at five a second it is read once a second. */
const UNREAD_FRAMES_MAX = 4;
/** Later than this after a visit began, the box leaves its judgement to the staff. */
const CORRECT_WITHIN_MS = 30_000;

/** A person in view of one camera. Identity hangs here, never on a place in a list of faces. */
export interface Track {
  readonly id: number;
  box: Box;
  lastSeenMs: number;
  /** Which of the frames that this camera's line looked at it was last seen in. */
  lastFrame: number;
  /** What the box showed when the track was last decided on; null: the face there now was not. */
  glance: Embedding | null;
  /** Frames since it was last decided on, rather than followed by its place. */
  unreadFrames: number;
  /** The newest good embeddings, oldest first. */
  good: Embedding[];
  /** Good frames so far, those no longer fused too. */
  goodFrames: number;
  /** Mean of `good`; null: no good frame yet. */
  appearance: Embedding | null;
  identity: Identity;
  /** The open "Is this ...?" about this track. */
  sightingId: string | null;
  /** The visit that this track's naming opened, while the box may still take it back. */
  opened: { visitId: string; customerId: string; atMs: number } | null;
  /** Whether a first fusion of three frames has had its say about an early guess. */
  fusionJudged: boolean;
  /** It was named wrongly once: from then on it asks instead of naming anybody but whom it was corrected to. */
  corrected: boolean;
  /** It is nobody's only because staff or a missing consent said so: no stranger to be counted. */
  silenced: boolean;
}

export interface Identity {
  decision: Decision | 'undecided';
  customerId: string | null;
  score: number | null;
  margin: number | null;
}

export const UNDECIDED: Identity = { decision: 'undecided', customerId: null, score: null, margin: null };

export function newTrack(id: number, box: Box, now: number, frame: number): Track {
  return {
    id, box, lastSeenMs: now, lastFrame: frame, glance: null, unreadFrames: 0, good: [], goodFrames: 0, appearance: null, identity: UNDECIDED, sightingId: null,
    opened: null, fusionJudged: false, corrected: false, silenced: false,
  };
}

/** Adds a good frame's embedding and fuses anew. */
export function addGoodFrame(track: Track, embedding: Embedding): void {
  track.good.push(embedding);
  if (track.good.length > FUSED_FRAMES_MAX) track.good.shift();
  track.goodFrames += 1;
  track.appearance = Embedding.mean(track.good);
}

/** How much more similarity is asked of the fused looks than of one, cosine: by how much they differ from their mean. */
export function lookLift({ good, appearance }: Pick<Track, 'good' | 'appearance'>): number {
  if (appearance === null) return 0;
  const coherence = good.reduce((sum, look) => sum + look.similarity(appearance), 0) / good.length;
  return Math.min(LIFT_MAX, LIFT_PER_SPREAD * Math.max(0, 1 - coherence));
}

/** Forgets who a track is and what it looked like, as after a withdrawal. */
export function forgetTrack(track: Track): void {
  track.good = [];
  track.glance = null;
  track.goodFrames = 0;
  track.appearance = null;
  track.identity = UNDECIDED;
  track.sightingId = null;
  track.opened = null;
  track.fusionJudged = false;
}

/** Whether the track's place alone may carry it through the next frame: named or nobody's, read lately, seen just now. */
export function isSettled(track: Track, frame: number): track is Track & { glance: Embedding } {
  const { decision } = track.identity;
  return (decision === 'known' || decision === 'unknown') && track.glance !== null && track.goodFrames >= FUSED_FRAMES_MAX
    && track.unreadFrames < UNREAD_FRAMES_MAX && track.lastFrame === frame - 1;
}

/** The next frame reads the track anew, as after staff said something about it. */
export function unsettle(track: Track): void {
  track.unreadFrames = UNREAD_FRAMES_MAX;
}

/**
 * What a match means for a track: one frame alone decides only what is clear, and who was mixed up once is asked about.
 * @param match of the mean of the track's good frames
 */
export function identify(match: MatchDecision, track: Pick<Track, 'goodFrames' | 'corrected' | 'opened'>): Identity {
  const { score, margin, customerId } = match;
  const several = track.goodFrames >= 2;
  switch (match.decision) {
    case 'unknown':
      return { decision: 'unknown', customerId: null, score, margin };
    case 'candidate':
      return several ? { decision: 'candidate', customerId, score, margin } : { ...UNDECIDED, score, margin };
    case 'known': {
      if (track.corrected && track.opened?.customerId !== customerId) return { decision: 'candidate', customerId, score, margin };
      const clear = score !== null && score >= match.thresholds.known + ONE_FRAME_LEAD;
      return several || clear ? { decision: 'known', customerId, score, margin } : { ...UNDECIDED, score, margin };
    }
  }
}

/**
 * Whether the visit that this track opened has to be taken back.
 * Another clear name takes its place at any time. That it is nobody, or only perhaps somebody else, counts just once: when
 * the first fusion is complete. Later frames may simply be worse ones.
 */
export function mustTakeBack(track: Pick<Track, 'opened' | 'identity' | 'goodFrames' | 'fusionJudged'>, now: number): boolean {
  const { opened, identity } = track;
  if (opened === null || Math.abs(now - opened.atMs) > CORRECT_WITHIN_MS) return false;
  if (identity.customerId === opened.customerId) return false;
  switch (identity.decision) {
    case 'known':
      return true;
    case 'candidate':
    case 'unknown':
      return track.goodFrames >= FUSED_FRAMES_MAX && !track.fusionJudged;
    case 'undecided':
      return false;
  }
}
