/** When a confirmed sighting may become part of a template, and when a template has moved too far: pure. */

/** Confirmed sightings a template holds beside its enrolment photos; the oldest makes room. They never outweigh the enrolment. */
export const REFRESH_PHOTOS_MAX = 2;
/** A template that took something from every visit would follow one week's light. */
export const REFRESH_EVERY_MS = 7 * 86_400_000;
/**
 * What was added since the enrolment, taken together, must look like it by this much more than one sighting must, or the template
 * drifts: means of several looks score higher than one.
 */
export const DRIFT_MARGIN = 0.05;

/**
 * @param similarity cosine of the sighting with the mean of the enrolment photos, -1..1
 * @param samePerson cosine that hardly any stranger reaches, so that a wrong "yes" seldom gets in
 */
export function judgeRefresh(similarity: number, samePerson: number, lastRefreshAtMs: number | null, now: number): 'take' | 'too_soon' | 'too_different' {
  if (similarity < samePerson) return 'too_different';
  // A clock set back counts by its distance.
  if (lastRefreshAtMs !== null && Math.abs(now - lastRefreshAtMs) < REFRESH_EVERY_MS) return 'too_soon';
  return 'take';
}
