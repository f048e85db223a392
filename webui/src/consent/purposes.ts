/** Which purposes can be taken back one by one, and what a withdrawal leaves. Pure. */
import { PURPOSES, type Purpose } from '../contract.js';

/** All but recognition: the rest rests on that one, so taking it back takes back everything. */
export const separable = (purposes: readonly Purpose[]): Purpose[] => PURPOSES.filter((purpose) => purpose !== 'recognise' && purposes.includes(purpose));

/** What is left of `purposes` when `withdrawn` end; `recognise` among them ends all. Empty `withdrawn`: all of them end. */
export function purposesLeft(purposes: readonly Purpose[], withdrawn: readonly Purpose[]): Purpose[] {
  if (withdrawn.length === 0 || withdrawn.includes('recognise')) return [];
  return PURPOSES.filter((purpose) => purposes.includes(purpose) && !withdrawn.includes(purpose));
}
