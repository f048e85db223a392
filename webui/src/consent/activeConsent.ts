import type { Consent } from '../contract.js';

/** The consent in force on `today` (YYYY-MM-DD), if any. */
export function activeConsent(consents: readonly Consent[], today: string): Consent | null {
  return consents.find((consent) => consent.endedAt === null && consent.validUntil >= today) ?? null;
}
