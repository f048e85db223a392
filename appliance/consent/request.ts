/** Whether a request for consent may be taken as it is. Pure. */
import type { ConsentRequest, Notice } from '../contract/index.js';
import { isCalendarDay, PorticoError, toDay } from '../kit/index.js';
import { isUnder14, lastDayOfGuardian } from './guardian.js';

/** The pen has to have moved by this much, CSS pixels, so that a tap does not count. */
const SIGNATURE_LENGTH_MIN = 20;

/**
 * @param now ms since 1970
 * @throws PorticoError consent_notice_outdated, consent_purpose_missing, consent_guardian_required, consent_guardian_invalid,
 *   consent_signature_empty, consent_term_invalid {lastDay}
 */
export function checkRequest(request: ConsentRequest, notice: Notice, now: number, timeZone: string): void {
  const { guardian } = request;
  const today = toDay(now, timeZone);
  if (request.noticeId !== notice.id) throw new PorticoError('consent_notice_outdated');
  if (!request.purposes.includes('recognise')) throw new PorticoError('consent_purpose_missing');
  if (!request.ageConfirmed && guardian === undefined) throw new PorticoError('consent_guardian_required');
  if (guardian !== undefined && (request.ageConfirmed || !isUnder14(guardian.childBirthDay, today))) throw new PorticoError('consent_guardian_invalid');
  if (!isDrawn(request.signature)) throw new PorticoError('consent_signature_empty');
  const longest = toDay(now + notice.maxTermDays * 86_400_000, timeZone);
  const ofGuardian = lastDayOfGuardian(guardian);
  const lastDay = ofGuardian !== null && ofGuardian < longest ? ofGuardian : longest;
  if (!isCalendarDay(request.validUntil) || request.validUntil < today || request.validUntil > lastDay) throw new PorticoError('consent_term_invalid', { lastDay });
}

function isDrawn(signature: ConsentRequest['signature']): boolean {
  let length = 0;
  for (const stroke of signature.strokes) {
    for (let i = 1; i < stroke.length; i++) length += Math.hypot(stroke[i]!.x - stroke[i - 1]!.x, stroke[i]!.y - stroke[i - 1]!.y);
  }
  return length >= SIGNATURE_LENGTH_MIN;
}
