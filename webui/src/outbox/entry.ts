import type { PageErrorCode } from '../api/errorCodes.js';
import { AGE_MS_MAX, type LookRequest, type PurchaseRequest, type TicketRequest, type VisitStage, type WishRequest } from '../contract.js';

/** One field: what stood there when the editing began, what was typed; in a conflict also what somebody else wrote meanwhile. */
export interface FieldEdit { readonly base: unknown; readonly mine: unknown; readonly theirs?: unknown }
export type Edits = Readonly<Record<string, FieldEdit>>;

export type Work =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'follow_up'; readonly text: string; readonly dueOn: string | null }
  | { readonly kind: 'follow_up_done'; readonly followUpId: string; readonly text: string }
  | { readonly kind: 'stage'; readonly visitId: string; readonly stage: VisitStage; readonly reached: boolean }
  /** Something made: under the entry's id, so that a repeated request makes one. `text`: what it is, in the person's words. */
  | { readonly kind: 'made'; readonly text: string; readonly made: Made }
  /** Keys are the names of CustomerFields. `sharedPhone`: the number is another customer's too, and that is right. */
  | { readonly kind: 'customer'; readonly edits: Edits; readonly sharedPhone?: boolean }
  /** Keys are the ids of own fields; `names`: what fields, options and products are called, by id. */
  | { readonly kind: 'fields'; readonly edits: Edits; readonly names: Readonly<Record<string, string>> };
export type Made =
  | { readonly what: 'wish'; readonly request: WishRequest }
  | { readonly what: 'purchase'; readonly request: PurchaseRequest }
  | { readonly what: 'ticket'; readonly request: TicketRequest }
  | { readonly what: 'look'; readonly visitId: string; readonly request: LookRequest };
export type EditWork = Extract<Work, { edits: Edits }>;

/** When something was typed. `atMs`: by the box's clock. `steadyMs`: by the page's own steady clock, which means something only in that `life`. */
export interface Moment { readonly atMs: number; readonly steadyMs: number; readonly life: string }

/**
 * `waiting`: goes to the box as soon as it can. `conflict`: somebody else wrote something else into the same fields. `refused`: the box
 * does not take it. The last two wait for the person.
 */
export type EntryState = 'waiting' | 'sending' | 'conflict' | 'refused';

/** What somebody wrote and the box has not confirmed. Under one id always the same is sent. */
export interface Entry {
  /** Also the id of the note or follow-up that is made of it, so that a repeated request makes one. */
  readonly id: string;
  readonly staffId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly work: Work;
  readonly typed: Moment;
  /** Place in the queue. */
  readonly order: number;
  /** How often it was tried. What was tried may have arrived although nobody answered. */
  readonly tries: number;
  readonly state: EntryState;
  /** Not before then (steady clock). */
  readonly notBeforeMs: number;
  /** Why it is refused. */
  readonly problem: PageErrorCode | null;
}

export const isEdit = (work: Work): work is EditWork => work.kind === 'customer' || work.kind === 'fields';

/**
 * How long ago something was typed, 0 to a week. The box's clock tells: the iPad's may be wrong and is compared with it before anything
 * is sent. Never less than the page has lived through since; that clock stands still while an iPad sleeps, so it alone is not enough.
 */
export function ageMs(typed: Moment, now: Moment): number {
  const lived = typed.life === now.life ? now.steadyMs - typed.steadyMs : 0;
  return Math.round(Math.min(AGE_MS_MAX, Math.max(0, lived, now.atMs - typed.atMs)));
}

/** The same as JSON: what the wire carries, whatever order its keys have. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((part, index) => same(part, b[index]));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) || Array.isArray(b)) return a === b;
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) => same(one[key], other[key]));
}

/** Only what is really changed. */
export function editsOf(change: Readonly<Record<string, unknown>>, base: Readonly<Record<string, unknown>>): Edits {
  return Object.fromEntries(Object.keys(change).filter((field) => !same(change[field], base[field])).map((field) => [field, { base: base[field], mine: change[field] }]));
}

export const isEmpty = (edits: Edits): boolean => Object.keys(edits).length === 0;
export const only = (edits: Edits, wanted: (field: string, edit: FieldEdit) => boolean): Edits =>
  Object.fromEntries(Object.entries(edits).filter(([field, edit]) => wanted(field, edit)));
