/** When a box may be taken out of service for a moment without asking anybody. */
import { isOpenAt, readOpeningHours, type Opening } from '../appliance/config/index.js';

/**
 * Where nobody said when the store is open, by its clock: nothing that keeps hours serves anybody then, the backup (02:40) is over, and the timer looks
 * twice.
 */
const NIGHT = readOpeningHours('Mo-Su 03:00-05:00');

/** @param openings empty: not known */
export const isQuietAt = (openings: readonly Opening[], atMs: number, timeZone: string): boolean =>
  (openings.length > 0 ? isOpenAt(openings, atMs, timeZone) === false : isOpenAt(NIGHT, atMs, timeZone) === true);
