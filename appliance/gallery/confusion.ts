/** How "not this person" makes the same confusion less likely: a number for the person named, never the other's face. */
import type { Thresholds } from './thresholds.js';

/** Both thresholds never rise by more than this: photos of one person seldom score less than .1 above them, and must still be found. */
export const OFFSET_MAX = 0.08;
/** The rejected face shall fall clearly short next time: frames of one face differ by about this much. */
export const CLEARLY = 0.02;
/** Long enough for a relative who comes every other week, short enough not to outlive a changed template. */
export const OFFSET_LASTS_MS = 30 * 86_400_000;

/**
 * How much higher a customer's own thresholds stand after a face that scored `score` was rejected, cosine: enough that the same
 * face would no longer be named (or no longer asked about, if it was asked about), at most OFFSET_MAX, and never less than what
 * stands already. Where the limit cuts it short, as with a sibling far above the threshold, the face is asked about: besides,
 * nobody is named by a score that was rejected (`Gallery.rejected`).
 */
export function offsetAfterRejection(score: number, was: 'named' | 'asked', thresholds: Thresholds, present: number): number {
  const needed = score + CLEARLY - (was === 'named' ? thresholds.known : thresholds.candidate);
  return Math.min(OFFSET_MAX, Math.max(present, needed, CLEARLY));
}
