/** How long unsent writing is kept on an iPad, and what the clocks have to say to that. Pure. */

/** What is kept at most this long; the box takes nothing older (contract, AGE_MS_MAX). */
export const KEPT_MS = 7 * 86_400_000;
/** Two clocks that both go right do not come apart so far between two sign-ins. */
const JUMP_MS = 86_400_000;

/** When somebody last signed in on this iPad, by the box's clock and by its own; nothing is deleted for its age until `spareUntilMs` (its own). */
export interface Clocks { readonly boxMs: number; readonly ownMs: number; readonly spareUntilMs: number }

/**
 * The box's clock may have jumped: by it everything here would be over its time at once. Where it ran on by more than a day further than the
 * iPad's own, nothing is deleted for its age for as long as anything is kept at all, so that everybody who wrote something can sign in before.
 * @param before null: nobody knows
 */
export function clocksNow(before: Clocks | null, boxMs: number, ownMs: number): Clocks {
  const hasJumped = before !== null && boxMs - before.boxMs - (ownMs - before.ownMs) > JUMP_MS;
  return { boxMs, ownMs, spareUntilMs: hasJumped ? ownMs + KEPT_MS : (before?.spareUntilMs ?? 0) };
}

/** @param atMs when it was written, by the box's clock */
export const isOver = (atMs: number, { boxMs, ownMs, spareUntilMs }: Clocks): boolean => ownMs >= spareUntilMs && atMs < boxMs - KEPT_MS;
