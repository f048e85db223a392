/**
 * What was written and the box has not confirmed: a queue, as pure functions of it. One request at a time for a customer, in order;
 * nothing is dropped but by the box's yes or the person's own word. Times are of the page's steady clock, milliseconds.
 */
import type { PageErrorCode } from '../api/errorCodes.js';
import type { CustomerFields, FieldData, StageMark } from '../contract.js';
import { backoffMs } from '../live/backoff.js';
import { type Edits, type EditWork, type Entry, isEdit, isEmpty, only, same, type Work } from './entry.js';

export interface Outbox {
  readonly entries: readonly Entry[];
  /** Requests in a row that the box did not answer; none goes out before `notBeforeMs`. */
  readonly failures: number;
  readonly notBeforeMs: number;
}
export const emptyOutbox: Outbox = { entries: [], failures: 0, notBeforeMs: 0 };

/** Beyond that writing is refused: nothing older is dropped for it. */
export const ENTRIES_MAX = 200;

/** The box cannot be reached, or wants no more for now: everything waits. */
const EVERYTHING_WAITS: readonly PageErrorCode[] = ['network', 'too_many_requests'];
/** Until somebody has signed in again. */
const SIGN_IN_FIRST: readonly PageErrorCode[] = ['sign_in_required', 'session_expired', 'session_locked', 'device_not_paired', 'pin_again'];
/** The box has a trouble of its own with this one. */
const TROUBLED: readonly PageErrorCode[] = ['storage_full', 'storage_read_only', 'storage_busy', 'internal', 'unexpected'];

/** Fields of a dossier that rest on the customer's agreement (the box: customers). */
const PREFERENCES: readonly string[] = ['facts', 'likes', 'dislikes', 'sizes'] satisfies readonly (keyof CustomerFields)[];

export type Answer =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: PageErrorCode; readonly details: Readonly<Record<string, unknown>> };

export type NewEntry = Omit<Entry, 'order' | 'tries' | 'state' | 'notBeforeMs' | 'problem'>;
/** Can still be undone: it goes out when `release` says so, and keeps nothing else from going. */
export const isHeld = (entry: Entry): boolean => entry.notBeforeMs === Infinity;
export const open = (entry: Entry): boolean => entry.state === 'waiting' || entry.state === 'sending';

const byOrder = (entries: readonly Entry[]): Entry[] => [...entries].sort((a, b) => a.order - b.order);
const withEntries = (box: Outbox, entries: readonly Entry[]): Outbox => ({ ...box, entries: byOrder(entries) });
/** @param next null: it is gone */
function replace(box: Outbox, id: string, next: (entry: Entry) => readonly Entry[]): Outbox {
  return withEntries(box, box.entries.flatMap((entry) => (entry.id === id ? next(entry) : [entry])));
}
const withEdits = (entry: Entry, work: EditWork, edits: Edits): Entry => ({ ...entry, work: { ...work, edits } });
/** Two edits of the same thing: the same customer's fields, or own fields. */
const meets = (one: Entry, work: Work, customerId: string): boolean => one.customerId === customerId && one.work.kind === work.kind && isEdit(one.work);

/**
 * Puts something newly written at the end. A change follows on from what waits already: it joins an earlier one that was never tried and
 * has nothing of that customer behind it, takes the place of what is in conflict or refused, and else counts from what that one will have written.
 * @param held it can still be undone, and waits for `release`. Not for a change
 * @returns null: full
 */
export function add(box: Outbox, written: NewEntry, held = false): Outbox | null {
  const order = (box.entries.at(-1)?.order ?? 0) + 1;
  const entry: Entry = { ...written, order, tries: 0, state: 'waiting', notBeforeMs: held ? Infinity : 0, problem: null };
  const next = isEdit(entry.work) ? addEdit(box, entry, entry.work) : withEntries(box, [...box.entries, entry]);
  return next.entries.length > ENTRIES_MAX && next.entries.length > box.entries.length ? null : next;
}

function addEdit(box: Outbox, entry: Entry, work: EditWork): Outbox {
  const last = box.entries.filter((other) => other.customerId === entry.customerId && open(other)).at(-1);
  const earlier = box.entries.filter((other) => meets(other, work, entry.customerId) && open(other));
  const joined = last && last.state === 'waiting' && last.tries === 0 && meets(last, work, entry.customerId) ? last : null;
  const edits: Record<string, Edits[string]> = joined ? { ...(joined.work as EditWork).edits } : {};
  for (const [field, edit] of Object.entries(work.edits)) {
    const before = earlier.map((other) => (other.work as EditWork).edits[field]).filter((found) => found !== undefined).at(-1);
    const base = joined && field in edits ? edits[field]!.base : before ? before.mine : edit.base;
    if (same(base, edit.mine)) delete edits[field];
    else edits[field] = { base, mine: edit.mine };
  }
  // The person's newest word is what counts.
  const settled = box.entries.filter((other) => other !== joined).flatMap((other) => {
    if (open(other) || !meets(other, work, entry.customerId)) return [other];
    const left = only((other.work as EditWork).edits, (field) => !(field in work.edits));
    return isEmpty(left) ? [] : [withEdits(other, other.work as EditWork, left)];
  });
  const names = work.kind === 'fields' && joined?.work.kind === 'fields' ? { names: { ...joined.work.names, ...work.names } } : {};
  const made: Entry = { ...entry, order: joined?.order ?? entry.order, work: { ...work, ...names, edits } };
  return withEntries(box, isEmpty(edits) ? settled : [...settled, made]);
}

/** What goes to the box next, and in how many milliseconds; null: nothing, until somebody writes or decides. */
export function nextDue(box: Outbox, nowMs: number): { entry: Entry; waitMs: number } | null {
  const heads = new Map<string, Entry>();
  for (const entry of box.entries) if (open(entry) && !isHeld(entry) && (entry.state === 'sending' || !heads.has(entry.customerId))) heads.set(entry.customerId, entry);
  const due = [...heads.values()].filter((entry) => entry.state === 'waiting')
    .map((entry) => ({ entry, waitMs: Math.max(0, entry.notBeforeMs - nowMs, box.notBeforeMs - nowMs) }))
    .sort((a, b) => a.waitMs - b.waitMs || a.entry.order - b.entry.order)[0];
  return due && due.waitMs < Infinity ? due : null;
}

/** On its way. */
export const begin = (box: Outbox, id: string): Outbox => replace(box, id, (entry) => [{ ...entry, state: 'sending', tries: entry.tries + 1 }]);

/**
 * What the box answered, `edit_conflict` aside: see `conflicted`.
 * @param newId for what goes out without the field that is refused; null: who wrote it stands before it, and has it back whole
 * @param random 0..1
 */
export function answered(box: Outbox, id: string, answer: Answer, nowMs: number, random: number, newId: string | null): Outbox {
  if (answer.ok) return { ...replace(box, id, () => []), failures: 0, notBeforeMs: 0 };
  const { code, details } = answer;
  const back = (entry: Entry): Entry => ({ ...entry, state: 'waiting' });
  if (EVERYTHING_WAITS.includes(code)) return unreached(replace(box, id, (entry) => [back(entry)]), nowMs, random);
  if (SIGN_IN_FIRST.includes(code)) return { ...replace(box, id, (entry) => [back(entry)]), notBeforeMs: Infinity };
  if (TROUBLED.includes(code)) return replace(box, id, (entry) => [{ ...back(entry), notBeforeMs: nowMs + backoffMs(entry.tries, random) }]);
  const into = details['into'];
  if (code === 'customer_merged' && typeof into === 'string') return readdressed(box, id, into);
  const left = replace(box, id, (entry) => {
    const refused: Entry = { ...entry, state: 'refused', problem: code };
    if (!isEdit(entry.work) || newId === null) return [refused];
    const { work } = entry;
    const amiss = only(work.edits, (field) => isAmiss(work, field, code, details));
    const others = only(work.edits, (field) => !(field in amiss));
    if (isEmpty(others) || isEmpty(amiss)) return [refused];
    return [withEdits(refused, work, amiss), { ...withEdits(back(entry), work, others), id: newId }];
  });
  return followingNoMore(left, box.entries.find((entry) => entry.id === id));
}

/** Whether it is this field that the box does not take: it was removed, or notes a preference nobody agreed to. The others are still wanted. */
function isAmiss(work: EditWork, field: string, code: PageErrorCode, details: Readonly<Record<string, unknown>>): boolean {
  if (code === 'field_gone') return field === details['fieldId'];
  return code === 'preferences_not_agreed' && work.kind === 'customer' && PREFERENCES.includes(field);
}

/** What was to follow on from this one counts from what stood there before it. */
function followingNoMore(box: Outbox, gone: Entry | undefined): Outbox {
  if (!gone || !isEdit(gone.work)) return box;
  const { edits } = gone.work;
  return withEntries(box, box.entries.map((entry) => {
    if (entry.order <= gone.order || entry.tries > 0 || !open(entry) || !isEdit(entry.work) || !meets(entry, gone.work, gone.customerId)) return entry;
    return withEdits(entry, entry.work, Object.fromEntries(Object.entries(entry.work.edits).map(([field, edit]) =>
      [field, field in edits && same(edit.base, edits[field]!.mine) ? { ...edit, base: edits[field]!.base } : edit])));
  }));
}

/** The box did not answer, or not with anything for us. */
export function unreached(box: Outbox, nowMs: number, random: number): Outbox {
  const failures = box.failures + 1;
  return { ...box, failures, notBeforeMs: nowMs + backoffMs(failures, random) };
}

/** The box can be reached (again): nothing waits for its time any more but what can still be undone. */
export const wake = (box: Outbox): Outbox => ({ entries: box.entries.map((entry) => (isHeld(entry) ? entry : { ...entry, notBeforeMs: 0 })), failures: 0, notBeforeMs: 0 });

/** The time to undo is over. */
export const release = (box: Outbox, id: string): Outbox => replace(box, id, (entry) => [isHeld(entry) ? { ...entry, notBeforeMs: 0 } : entry]);

/** The dossier was merged: all that was written for it goes to the one that stayed. */
function readdressed(box: Outbox, id: string, into: string): Outbox {
  const from = box.entries.find((entry) => entry.id === id)?.customerId;
  return withEntries(box, box.entries.map((entry) =>
    (entry.customerId === from ? { ...entry, customerId: into, state: entry.state === 'sending' ? 'waiting' as const : entry.state } : entry)));
}

/**
 * The box says that somebody else changed the same. What does not stand against what is there now goes out again under a new id; where two
 * words stand against each other, the person chooses. A field that was written again later is settled there.
 * @param theirs what stands in the fields now
 */
export function conflicted(box: Outbox, id: string, theirs: Readonly<Record<string, unknown>>, nowMs: number, random: number, newId: string): Outbox {
  return replace(box, id, (entry) => {
    if (!isEdit(entry.work)) return [entry];
    const { work } = entry;
    const later = box.entries.filter((other) => other.order > entry.order && open(other) && meets(other, work, entry.customerId));
    const isLater = (field: string): boolean => later.some((other) => field in (other.work as EditWork).edits);
    const wanted = only(work.edits, (field, { mine }) => !same(theirs[field], mine));
    const free = only(wanted, (field, { base }) => same(theirs[field], base));
    const against = only(wanted, (field) => !(field in free) && !isLater(field));
    const conflict: Edits = Object.fromEntries(Object.entries(against).map(([field, { base, mine }]) => [field, { base, mine, theirs: theirs[field] }]));
    return [
      ...(isEmpty(conflict) ? [] : [{ ...withEdits(entry, work, conflict), state: 'conflict' as const }]),
      ...(isEmpty(free) ? [] : [{ ...withEdits(entry, work, free), id: newId, state: 'waiting' as const, notBeforeMs: nowMs + backoffMs(entry.tries, random) * (isEmpty(conflict) ? 1 : 0) }]),
    ];
  });
}

// ---- The person decides ----------------------------------------------------------------------------------------

/** Of a conflict: what stands there now stays. */
export const keepTheirs = (box: Outbox, id: string, field: string): Outbox => replace(box, id, (entry) => {
  if (!isEdit(entry.work) || entry.state !== 'conflict') return [entry];
  const left = only(entry.work.edits, (other) => other !== field);
  return isEmpty(left) ? [] : [withEdits(entry, entry.work, left)];
});

/** Of a conflict: mine, over what stood there when it was shown. Should that change again, there is another conflict. */
export function keepMine(box: Outbox, id: string, field: string, newId: string): Outbox {
  const entry = box.entries.find((other) => other.id === id);
  if (!entry || !isEdit(entry.work) || entry.state !== 'conflict' || !(field in entry.work.edits)) return box;
  const { mine, theirs } = entry.work.edits[field]!;
  const again: NewEntry = { ...entry, id: newId, work: { ...entry.work, edits: { [field]: { base: theirs, mine } } } };
  return add(keepTheirs(box, id, field), again) ?? box;
}

/** Of something refused: once more, as it is. @param sharedPhone the number is another customer's too, and that is right */
export const again = (box: Outbox, id: string, newId: string, sharedPhone = false): Outbox => replace(box, id, (entry) => {
  if (entry.state !== 'refused') return [entry];
  const work = sharedPhone && entry.work.kind === 'customer' ? { ...entry.work, sharedPhone } : entry.work;
  const isOther = work !== entry.work || entry.problem === 'id_taken';
  return [{ ...entry, work, id: isOther ? newId : entry.id, state: 'waiting', problem: null, notBeforeMs: 0 }];
});

/** Whether it may be kept as a note: not where the customer has agreed to no such thing being noted. */
export const mayBeNote = ({ state, work, problem }: Entry): boolean => state === 'refused' && isEdit(work) && problem !== 'preferences_not_agreed' && problem !== 'contact_not_agreed';

/** What has no place any more is kept as a note. @param text in the person's language */
export const asNote = (box: Outbox, id: string, newId: string, text: string): Outbox =>
  replace(box, id, (entry) => (!mayBeNote(entry) ? [entry] : [{ ...entry, id: newId, work: { kind: 'note', text }, state: 'waiting', tries: 0, problem: null, notBeforeMs: 0 }]));

/** Thrown away, by the person's own word. Not what is on its way. */
export function discard(box: Outbox, id: string): Outbox {
  const entry = box.entries.find((other) => other.id === id);
  return entry?.state === 'sending' ? box : followingNoMore(replace(box, id, () => []), entry);
}

/** What `add` changed or took away for something new. */
export const replaced = (before: Outbox, after: Outbox): Entry[] => before.entries.filter((entry) => !after.entries.includes(entry));

/** As if it had never been added: what it joined or took the place of is there again. @param was as `replaced` gave it */
export const takeBack = (box: Outbox, id: string, was: readonly Entry[]): Outbox => was.reduce(putBack, discard(box, id));

/** Taken back, within the moment of an undo. */
export const putBack = (box: Outbox, entry: Entry): Outbox => withEntries(box, [...box.entries.filter(({ id }) => id !== entry.id), entry]);

/** What an earlier life of the page had kept: whether it went out before is not known. */
export function restored(kept: readonly Entry[]): Outbox {
  return withEntries(emptyOutbox, kept.map((entry) => ({ ...entry, state: entry.state === 'sending' ? 'waiting' : entry.state, tries: Math.max(1, entry.tries), notBeforeMs: 0 })));
}

/** A dossier's fields with what waits laid over them, as the person wrote them last. */
export function overlaid<T extends object>(fields: T, entries: readonly Entry[], customerId: string): T {
  const mine = entries.filter((entry) => entry.customerId === customerId && entry.work.kind === 'customer' && open(entry))
    .flatMap((entry) => Object.entries((entry.work as EditWork).edits).map(([field, edit]) => [field, edit.mine]));
  return { ...fields, ...Object.fromEntries(mine) };
}

type FieldsWork = Extract<Work, { kind: 'fields' }>;
/** Own fields of one customer as they will be when what waits is saved, by id. @param entries that customer's */
export function waitingFields(entries: readonly Entry[]): Record<string, FieldData | null> {
  return Object.fromEntries(entries.filter((entry) => entry.work.kind === 'fields' && open(entry))
    .flatMap(({ work }) => Object.entries((work as EditWork).edits).map(([field, edit]) => [field, named(edit.mine as FieldData | null, (work as FieldsWork).names)])));
}
function named(value: FieldData | null, names: FieldsWork['names']): FieldData | null {
  return value !== null && 'productId' in value ? { ...value, productName: names[value.productId] ?? '' } : value;
}

/** How far a visit got, with what waits laid over it. */
export function stagesWith(stages: readonly StageMark[], entries: readonly Entry[], visitId: string): StageMark[] {
  return entries.reduce<StageMark[]>((marks, { work, typed, ...entry }) => {
    if (work.kind !== 'stage' || work.visitId !== visitId || entry.state === 'refused') return marks;
    const others = marks.filter(({ stage }) => stage !== work.stage);
    return work.reached ? [...others, { stage: work.stage, at: new Date(typed.atMs).toISOString(), by: null }] : others;
  }, [...stages]);
}

/** What is looked at in a visit by what waits; null: as the box says. */
export function lookOf(entries: readonly Entry[], visitId: string): string | null {
  return entries.filter(({ work, state }) => state !== 'refused' && work.kind === 'made' && work.made.what === 'look' && work.made.visitId === visitId)
    .map(({ work }) => (work as Extract<Work, { kind: 'made' }>).text).at(-1) ?? null;
}
