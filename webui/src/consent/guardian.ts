/** Who signs for whom: the rules about age that the page shows. The box decides by its own clock. Days are YYYY-MM-DD. */
import type { ConsentRequest } from '../contract.js';
import { addDays, addMonths, isDay } from './terms.js';

/** PIPL 31: below this age a guardian agrees. */
export const AGE_OF_OWN_CONSENT = 14;

/** The day before the 14th birthday: the last one on which a guardian's consent can hold. Null: not a day. */
export function lastGuardianDay(birthDay: string): string | null {
  return isDay(birthDay) ? addDays(addMonths(birthDay, AGE_OF_OWN_CONSENT * 12), -1) : null;
}

/** `needs_guardian`: born by today and not yet 14. */
export function ageOn(birthDay: string, today: string): 'unknown' | 'not_born' | 'needs_guardian' | 'old_enough' {
  const last = lastGuardianDay(birthDay);
  if (last === null) return 'unknown';
  if (birthDay > today) return 'not_born';
  return today <= last ? 'needs_guardian' : 'old_enough';
}

export interface ConsentDraft {
  readonly recognise: boolean;
  /** Null: not said yet. */
  readonly age: 'own' | 'guardian' | null;
  readonly guardian: { readonly name: string; readonly relation: NonNullable<ConsentRequest['guardian']>['relation'] | null; readonly childBirthDay: string };
  readonly signed: boolean;
}

/** The first thing that a consent still lacks, as the end of its word's key; null: it can be sent. */
export function consentLacks(draft: ConsentDraft, today: string): 'purpose' | 'age' | 'guardian' | 'birthDay' | 'oldEnough' | 'signature' | null {
  if (!draft.recognise) return 'purpose';
  if (draft.age === null) return 'age';
  if (draft.age === 'guardian') {
    if (!draft.guardian.name.trim() || draft.guardian.relation === null) return 'guardian';
    const age = ageOn(draft.guardian.childBirthDay, today);
    if (age === 'old_enough') return 'oldEnough';
    if (age !== 'needs_guardian') return 'birthDay';
  }
  return draft.signed ? null : 'signature';
}
