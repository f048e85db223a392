/** Whether the consents of a pack are what was signed: by their seals, and by what the audit log said when they were given. */
import { createHash } from 'node:crypto';
import type { SealedEvidence } from '../contract/index.js';
import type { PorticoError } from '../kit/index.js';
import type { ChainEntry } from './pack.js';

export interface ConsentsReport {
  checked: number;
  /** How many of these a guardian signed: held against the log alone, because the child's birth day is not in the pack. */
  byGuardian: number;
}

/**
 * @param log the audit log of the pack, which was found whole
 * @param prunedBeforeMs older entries may be over their term and gone; 0: none is
 * @throws what `refuse` makes, for the first consent that is not what was signed
 */
export function checkConsents(
  consents: readonly SealedEvidence[], log: readonly ChainEntry[], prunedBeforeMs: number, refuse: (reason: string, cause?: unknown) => PorticoError,
): ConsentsReport {
  const given = new Map<unknown, ChainEntry[]>();
  for (const entry of log) {
    if (entry.action !== 'consent_given') continue;
    const { consentId } = JSON.parse(entry.detail) as { consentId?: unknown };
    given.set(consentId, [...(given.get(consentId) ?? []), entry]);
  }
  for (const consent of consents) {
    let wrong: string | null;
    try {
      wrong = whatIsWrong(consent, given.get(consent.id) ?? [], prunedBeforeMs);
    } catch (cause) {
      throw refuse(`consents.jsonl: consent ${String(consent.id)} is not a whole record`, cause);
    }
    if (wrong !== null) throw refuse(`consents.jsonl: consent ${consent.id} ${wrong}`);
  }
  return { checked: consents.length, byGuardian: consents.filter(({ guardian }) => guardian !== null).length };
}

function whatIsWrong(consent: SealedEvidence, entries: readonly ChainEntry[], prunedBeforeMs: number): string | null {
  const { seal, notice, language, validUntil, guardian, sealed } = consent;
  if (seal === null || (guardian === null && sealOf(consent) !== seal)) return 'does not fit its seal';
  if (!consent.purposes.every((purpose) => sealed.purposes.includes(purpose))) return 'holds more than was agreed to';
  if (entries.length === 0 && Date.parse(consent.givenAt) >= prunedBeforeMs) return 'is not in the audit log';
  const said = {
    seal, noticeId: notice.id, noticeHash: notice.hash, language, purposes: sealed.purposes.join(','), validUntil, guardian: guardian !== null,
  };
  const agrees = ({ customer_id, detail }: ChainEntry) => {
    const told = JSON.parse(detail) as Record<string, unknown>;
    return customer_id === consent.customerId && Object.entries(said).every(([name, value]) => told[name] === value);
  };
  return entries.every(agrees) ? null : 'is not what the audit log says was given';
}

/** The formula of README.txt, for a consent without a guardian. */
function sealOf({ id, customerId, notice, language, validUntil, signature, givenAt, sealed }: SealedEvidence): string {
  const record = [
    'portico consent 1', id, customerId, notice.id, notice.hash, language, sealed.purposes.join(','), validUntil, null, null, null,
    JSON.stringify(signature), Date.parse(givenAt), sealed.staffId, sealed.deviceId,
  ];
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}
