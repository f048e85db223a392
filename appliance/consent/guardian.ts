/** Who is under 14, as days of the calendar. Pure. */
import type { ConsentRequest } from '../contract/index.js';
import { dayAfter, isCalendarDay } from '../kit/index.js';

/** Below this age a parent or other guardian decides (PIPL 31; article 7 of the 2025 face-recognition measures). */
const OWN_CONSENT_AGE = 14;

/**
 * The day on which somebody turns 14. Born on 29 February: 28 February, for that year never has the day, and then the last
 * of the month counts (Civil Code 202).
 * @param birthDay YYYY-MM-DD, a day of the calendar
 */
export function ownConsentDay(birthDay: string): string {
  const year = String(Number(birthDay.slice(0, 4)) + OWN_CONSENT_AGE).padStart(4, '0');
  const monthAndDay = birthDay.slice(4);
  const same = `${year}${monthAndDay}`;
  return isCalendarDay(same) ? same : `${year}-02-28`;
}

/** Whether a day of birth is one of somebody who is born and under 14 on the day `today`. */
export function isUnder14(birthDay: string, today: string): boolean {
  return isCalendarDay(birthDay) && birthDay <= today && today < ownConsentDay(birthDay);
}

/** The last day on which a guardian's consent can hold; null: the customer signs. */
export function lastDayOfGuardian(guardian: ConsentRequest['guardian']): string | null {
  return guardian === undefined ? null : dayAfter(ownConsentDay(guardian.childBirthDay), -1);
}
