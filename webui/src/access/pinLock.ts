import type { ErrorBody } from '../contract.js';

const UNSAID_SECONDS = 30;

/** What `pin_locked` locks and until when. `person`: this one's PIN, on every iPad. `device`: this iPad, whoever signs in. */
export function lockOf(details: NonNullable<ErrorBody['details']>, nowMs: number): { of: 'person' | 'device'; untilMs: number } {
  const seconds = Number(details['retryAfterSeconds'] ?? UNSAID_SECONDS);
  return { of: details['of'] === 'device' ? 'device' : 'person', untilMs: nowMs + (Number.isFinite(seconds) ? seconds : UNSAID_SECONDS) * 1000 };
}
