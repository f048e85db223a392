/** All that a dossier tells with a time, in one line of events. Pure. */
import type { Dossier } from '../contract.js';

export const TIMELINE_KINDS = ['note', 'visit', 'purchase', 'wish', 'ticket', 'appointment', 'followUp', 'consent', 'file', 'field', 'dossier'] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];
/** What happened: the kind itself, or the kind and how. */
export type TimelineEvent =
  | TimelineKind | 'return' | 'wish_arrived' | 'wish_bought' | 'wish_dropped' | 'ticket_ready' | 'ticket_done' | 'followUp_done' | 'consent_ended' | 'dossier_merged' | 'handed_over'
  | `appointment_${Dossier['appointments'][number]['state']}`;
export interface TimelineEntry {
  /** Of its own within one dossier. */
  readonly key: string;
  readonly kind: TimelineKind;
  readonly event: TimelineEvent;
  /** Instant. */
  readonly at: string;
  /** As somebody wrote it; empty where the event says all. */
  readonly text: string;
  readonly by: string | null;
  /** Of an article: how many. Of fields: how many changed. Of a consent: the version of the notice. */
  readonly n: number | null;
  /** In the smallest unit of the store's currency. */
  readonly amountMinor: number | null;
  readonly visit: Dossier['visits'][number] | null;
}
export interface TimelineDay { readonly day: string; readonly entries: readonly TimelineEntry[] }

/** Newest first; appointments that are still to come stand before everything. */
export function timelineOf(dossier: Dossier): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  const add = (kind: TimelineKind, id: string, at: string | null, more: Partial<Omit<TimelineEntry, 'key' | 'kind' | 'at'>> = {}): void => {
    const event = more.event ?? kind;
    if (at !== null) entries.push({ text: '', by: null, n: null, amountMinor: null, visit: null, ...more, kind, event, at, key: `${event} ${id}` });
  };
  add('dossier', dossier.id, dossier.createdAt);
  for (const { id, at, by, displayName } of dossier.merges) add('dossier', id, at, { event: 'dossier_merged', text: displayName, by });
  for (const { id, at, author, text } of dossier.notes) add('note', id, at, { text, by: author });
  for (const visit of dossier.visits) {
    add('visit', visit.id, visit.openedAt, { by: visit.adviser, visit });
    for (const { by, to, handedOver } of visit.services) {
      if (handedOver === null) continue;
      add('visit', `${visit.id} ${to}`, to, { event: 'handed_over', text: [handedOver.to && `→ ${handedOver.to.name}`, handedOver.note].filter(Boolean).join(' · '), by: by.name });
    }
  }
  for (const { id, at, by, text, quantity, amountMinor, returns } of dossier.purchases) {
    add('purchase', id, at, { text, by, n: quantity, amountMinor });
    for (const back of returns) add('purchase', back.id, back.at, { event: 'return', text, by: back.by, n: back.quantity, amountMinor: back.amountMinor });
  }
  for (const { id, at, by, text, arrivedAt, ended } of dossier.wishes) {
    add('wish', id, at, { text, by });
    add('wish', id, arrivedAt, { event: 'wish_arrived', text });
    if (ended !== null) add('wish', id, ended.at, { event: `wish_${ended.outcome}`, text });
  }
  for (const { id, at, by, subject, state, changedAt, doneAt } of dossier.tickets) {
    add('ticket', id, at, { text: subject, by });
    if (state === 'ready') add('ticket', id, changedAt, { event: 'ticket_ready', text: subject });
    add('ticket', id, doneAt, { event: 'ticket_done', text: subject });
  }
  for (const { id, at, subject, adviser, state } of dossier.appointments) add('appointment', id, at, { event: `appointment_${state}`, text: subject, by: adviser?.name ?? null });
  for (const { id, at, author, text, doneAt } of dossier.followUps) {
    add('followUp', id, at, { text, by: author });
    add('followUp', id, doneAt, { event: 'followUp_done', text });
  }
  for (const { id, givenAt, endedAt, witness, noticeVersion } of dossier.consents) {
    add('consent', id, givenAt, { by: witness, n: noticeVersion });
    add('consent', id, endedAt, { event: 'consent_ended', n: noticeVersion });
  }
  for (const { id, at, by, name } of dossier.files) add('file', id, at, { text: name, by });
  // What one person wrote into own fields at one moment is one event.
  const written = new Map<string, { at: string; by: string; n: number }>();
  for (const { at, by } of dossier.fields) written.set(`${at} ${by}`, { at, by, n: (written.get(`${at} ${by}`)?.n ?? 0) + 1 });
  for (const [id, { at, by, n }] of written) add('field', id, at, { by, n });
  // Of one moment the later of its kind first: done before begun.
  return entries.reverse().sort((a, b) => b.at.localeCompare(a.at));
}

/** The kinds that are there, in the order of TIMELINE_KINDS. */
export function kindsIn(entries: readonly TimelineEntry[]): TimelineKind[] {
  return TIMELINE_KINDS.filter((kind) => entries.some((entry) => entry.kind === kind));
}

/** @param dayOf the day of an instant in the store @param kind null: all of them */
export function byDay(entries: readonly TimelineEntry[], dayOf: (at: string) => string, kind: TimelineKind | null = null): TimelineDay[] {
  const days: { day: string; entries: TimelineEntry[] }[] = [];
  for (const entry of entries) {
    if (kind !== null && entry.kind !== kind) continue;
    const day = dayOf(entry.at);
    if (days.at(-1)?.day === day) days.at(-1)!.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
