/** What the dossier says about a template. Pure, time included. */
import { activeConsent } from '../consent/activeConsent.js';
import type { Dossier, TemplateInfo } from '../contract.js';
import { dayIn } from '../format/when.js';

export interface PhotoGroup {
  readonly source: TemplateInfo['photos'][number]['source'];
  /** YYYY-MM-DD, in the store. */
  readonly day: string;
  readonly confirmedBy: string | null;
  readonly count: number;
}

/** Photos of one source, day and person in one line; the order of the template is kept. */
export function groupPhotos(photos: TemplateInfo['photos'], timeZone: string): PhotoGroup[] {
  const groups = new Map<string, PhotoGroup>();
  for (const { source, takenAt, confirmedBy } of photos) {
    const day = dayIn(takenAt, timeZone);
    const key = JSON.stringify([source, day, confirmedBy]);
    groups.set(key, { source, day, confirmedBy, count: (groups.get(key)?.count ?? 0) + 1 });
  }
  return [...groups.values()];
}

/** Whether the customer should be photographed again: drifting or of other models, and agreed to recognition. */
export function photosWanted(dossier: Pick<Dossier, 'template' | 'consents'>, today: string): boolean {
  if (dossier.template === null || dossier.template.state === 'ok') return false;
  return activeConsent(dossier.consents, today)?.purposes.includes('recognise') === true;
}

/** The day until which a clearer match is asked for; null: not now. */
export function stricterUntil(template: TemplateInfo, nowMs: number): string | null {
  return template.stricterUntil !== null && Date.parse(template.stricterUntil) > nowMs ? template.stricterUntil : null;
}
