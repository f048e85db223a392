/** The list of releases as it is read page by page and followed while something is under way. Pure. */
import type { ExportDay } from '../contract.js';

/** Newest first; what was read last of a day is what is shown of it. */
export function merged(known: readonly ExportDay[], read: readonly ExportDay[]): ExportDay[] {
  const days = new Map([...known, ...read].map((day) => [day.day, day]));
  return [...days.values()].sort((a, b) => (a.day < b.day ? 1 : -1));
}

/**
 * Further down than the newest page reached: after which day to read again, because something there has not arrived yet.
 * @returns null: nothing to read; what has arrived stays as it is
 */
export function stillMovingAfter(days: readonly ExportDay[], newest: readonly ExportDay[]): string | null {
  const reached = newest.at(-1)?.day;
  const at = reached === undefined ? -1 : days.findIndex(({ day, delivery }) => day < reached && delivery.state !== 'delivered');
  return at < 1 ? null : days[at - 1]!.day;
}

/** @param day YYYY-MM-DD @param days may be below 0 */
export const dayAfter = (day: string, days = 1): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** Whether a person can have it sent now: it waits for its next try, or nobody takes it. */
export const canSend = ({ delivery }: Pick<ExportDay, 'delivery'>): boolean => delivery.state === 'waiting' || delivery.state === 'dead';

/**
 * The day before today in the store, where it has no release yet and may still get one: of it a specimen can be looked at.
 * @param today YYYY-MM-DD, in the store
 */
export function previewDay(days: readonly ExportDay[], today: string, restoredUpTo: string | null): string | null {
  const yesterday = dayAfter(today, -1);
  return days.some(({ day }) => day === yesterday) || (restoredUpTo !== null && yesterday <= restoredUpTo) ? null : yesterday;
}
