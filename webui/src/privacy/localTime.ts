/** What `<input type="datetime-local">` speaks: the time of this iPad, without a zone. Pure. */
import { dayOf } from '../consent/terms.js';

const two = (n: number): string => String(n).padStart(2, '0');

/** YYYY-MM-DDTHH:MM */
export const localMinute = (at: Date): string => `${dayOf(at)}T${two(at.getHours())}:${two(at.getMinutes())}`;
/** The instant of a local minute; null when nothing is filled in. */
export function instantOf(minute: string): string | null {
  const at = new Date(minute);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
