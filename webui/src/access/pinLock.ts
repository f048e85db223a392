import type { ErrorBody } from '../contract.js';

/**
 * What is locked. `here`: one person on this iPad. `device`: this iPad, whoever signs in. `elsewhere`: one person on every iPad on which
 * they never signed in, and this is one.
 */
export const PIN_LOCKS = ['here', 'device', 'elsewhere'] as const;
export type PinLock = (typeof PIN_LOCKS)[number];

const UNSAID_SECONDS = 30;

/** What `pin_locked` is about and until when. */
export function lockOf(details: NonNullable<ErrorBody['details']>, nowMs: number): { lock: PinLock; untilMs: number } {
  const seconds = Number(details['retryAfterSeconds'] ?? UNSAID_SECONDS);
  return {
    lock: PIN_LOCKS.find((known) => known === details['lock']) ?? 'here',
    untilMs: nowMs + (Number.isFinite(seconds) ? seconds : UNSAID_SECONDS) * 1000,
  };
}
