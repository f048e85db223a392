import type { Consent, Purpose } from '../contract.js';

/** The consent in force on `today` (YYYY-MM-DD), if any; it may be outdated. */
export function activeConsent(consents: readonly Consent[], today: string): Consent | null {
  return consents.find((consent) => consent.endedAt === null && consent.validUntil >= today) ?? null;
}

/** The consent on which a face may be enrolled today: to recognition, under a notice that has not changed materially since. */
export function standingConsent(consents: readonly Consent[], today: string): Consent | null {
  const active = activeConsent(consents, today);
  return active?.purposes.includes('recognise') === true && !active.outdated ? active : null;
}

/** Whether there is a consent that has not ended and leaves this purpose out: then the box takes nothing new that rests on it. */
export function leavesOut(consents: readonly Consent[], purpose: Purpose): boolean {
  const open = consents.find((consent) => consent.endedAt === null);
  return open !== undefined && !open.purposes.includes(purpose);
}
