/** When a confirmed sighting may become part of a template, and when a template has moved too far: pure. */

/** Confirmed sightings a template holds beside its enrolment photos; the oldest makes room. They never outweigh the enrolment. */
export const REFRESH_PHOTOS_MAX = 2;
/** A template that took something from every visit would follow one week's light. */
export const REFRESH_EVERY_MS = 7 * 86_400_000;
/** Like the enrolment at least this much: strangers reach .5 once in a thousand, so a wrong "yes" seldom gets in. */
export const REFRESH_SIMILARITY_MIN = 0.5;
/** What was added since the enrolment, taken together, looks like it at least this much; below, the template drifts. */
export const DRIFT_SIMILARITY_MIN = 0.55;

/** @param similarity cosine of the sighting with the mean of the enrolment photos, -1..1 */
export function judgeRefresh(similarity: number, lastRefreshAtMs: number | null, now: number): 'take' | 'too_soon' | 'too_different' {
  if (similarity < REFRESH_SIMILARITY_MIN) return 'too_different';
  // A clock set back counts by its distance.
  if (lastRefreshAtMs !== null && Math.abs(now - lastRefreshAtMs) < REFRESH_EVERY_MS) return 'too_soon';
  return 'take';
}
