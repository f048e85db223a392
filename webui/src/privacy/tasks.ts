/** Where each thing that is to be done is done. Pure. */
import type { PrivacyOverview, PrivacyTask } from '../contract.js';

/** The parts of the office, by the name of their page, in the order of the list. */
export const SECTIONS = [
  'privacy', 'privacy-requests', 'privacy-notice', 'privacy-assessments', 'privacy-mode', 'privacy-retention', 'privacy-persons', 'privacy-export', 'privacy-incidents',
  'privacy-audit', 'privacy-pack',
] as const;
export type Section = (typeof SECTIONS)[number];

/** Where something is done: a part, or a page that is reached from the overview alone. */
export type Place = Section | 'privacy-deletions';
const PLACES: Readonly<Record<PrivacyTask, Place>> = {
  assessment_missing: 'privacy-assessments', assessment_old: 'privacy-assessments', requests_overdue: 'privacy-requests', requests_due_soon: 'privacy-requests',
  filing_warning: 'privacy-persons', filing_due: 'privacy-persons', audit_broken: 'privacy-audit', deletions_pending: 'privacy-deletions',
  retention_late: 'privacy-retention', clock_implausible: 'privacy-retention', notice_behind_built_in: 'privacy-notice', notice_unreviewed: 'privacy-notice',
};
export const placeOf = (task: PrivacyTask): Place => PLACES[task];

const LATE: readonly PrivacyTask[] = ['requests_overdue', 'filing_due', 'audit_broken', 'assessment_missing', 'clock_implausible'];
/** Whether it is late or broken, rather than soon to be done. */
export const isLate = (task: PrivacyTask): boolean => LATE.includes(task);

/** How many things are to be done in each part. */
export function badges(tasks: PrivacyOverview['tasks']): Partial<Record<Place, number>> {
  const counts: Partial<Record<Place, number>> = {};
  for (const { task, count } of tasks) counts[placeOf(task)] = (counts[placeOf(task)] ?? 0) + Math.max(1, count);
  return counts;
}

/** The part that a page belongs to. */
export function sectionOf(page: string): Section {
  if (page === 'privacy-request') return 'privacy-requests';
  if (page === 'privacy-assessment') return 'privacy-assessments';
  if (page === 'privacy-zone') return 'privacy-mode';
  if (page === 'privacy-export-day') return 'privacy-export';
  if (page === 'privacy-incident') return 'privacy-incidents';
  return SECTIONS.find((section) => section === page) ?? 'privacy';
}
