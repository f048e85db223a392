import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { ApiError } from '../api/client.js';
import { send, theirs } from '../api/unsent.js';
import { asApiError } from '../composables/useTask.js';
import type { CustomerChange, CustomerFields, Dossier, VisitCard } from '../contract.js';
import { ageMs, editsOf, isEdit, isEmpty, type Edits, type EditWork, type Entry, type Work } from '../outbox/entry.js';
import * as queue from '../outbox/outbox.js';
import type { Kept } from '../outbox/sealedStore.js';
import { useLive } from './live.js';
import { useSealed } from './sealed.js';

/** Whom something is written about; the name is for the list of what waits. */
export interface Whom { readonly id: string; readonly displayName: string }
/**
 * What became of a change: `saved` with the dossier as it is now (null: nothing had to go out); `queued`: kept here, goes to the box by itself;
 * `conflict`: what stands against a colleague's change waits for the person, all else is saved.
 */
export type Changed = { readonly outcome: 'saved'; readonly dossier: Dossier | null } | { readonly outcome: 'queued' | 'conflict' };

/** Nobody stands before a form for longer: it is kept, and goes on by itself. */
const PATIENCE_MS = 2_500;
/** A record of an entry among what is kept; drafts have another. */
interface KeptEntry { entry: Entry }
const isKeptEntry = (content: unknown): content is KeptEntry => typeof content === 'object' && content !== null && 'entry' in content;

/** What was written and the box has not confirmed: kept on this iPad, sent as soon as it can be, told of until it is done. */
export const useOutbox = defineStore('outbox', () => {
  const sealed = useSealed();
  const live = useLive();
  const box = shallowRef(queue.emptyOutbox);
  const sheetOpen = ref(false);
  const savedListeners = new Set<(customerId: string, dossier: Dossier | null) => void>();
  /** Who waits for an answer; `choosesHere`: the form shows a conflict itself. */
  const waitingFor = new Map<string, { answer: (changed: Changed | ApiError) => void; choosesHere: boolean }>();
  const channel = new BroadcastChannel('portico-outbox');
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let clockSet = true;
  let generation = 0;

  const entries = computed(() => box.value.entries);
  const waiting = computed(() => entries.value.filter((entry) => queue.open(entry) && !queue.isHeld(entry)).length);
  const undecided = computed(() => entries.value.filter((entry) => !queue.open(entry)).length);
  const of = (customerId: string): Entry[] => entries.value.filter((entry) => entry.customerId === customerId);

  // ---- Keeping -------------------------------------------------------------------------------------------------

  const record = (entry: Entry): Kept => ({ id: entry.id, atMs: entry.typed.atMs, content: { entry } satisfies KeptEntry });
  /** What is tried and how often need not be kept: after a reload everything counts as tried. */
  const differs = (before: Entry | undefined, after: Entry): boolean =>
    before === undefined || before.work !== after.work || before.customerId !== after.customerId || before.problem !== after.problem;

  /** Shows the new state at once, and keeps what is new in it. Rejects when that cannot be kept. */
  async function put(next: queue.Outbox): Promise<void> {
    const before = new Map(entries.value.map((entry) => [entry.id, entry]));
    box.value = next;
    const gone = [...before.keys()].filter((id) => !next.entries.some((entry) => entry.id === id));
    const changed = next.entries.filter((entry) => differs(before.get(entry.id), entry));
    if (gone.length + changed.length === 0) return;
    if (!sealed.store) throw new ApiError('network');
    await sealed.store.write(changed.map(record), gone);
    for (const id of gone) channel.postMessage(id);
  }
  /** What went out already, or was decided, is done; if the iPad cannot note that, the box hears it once more and answers as before. */
  const settle = (next: queue.Outbox): Promise<void> => put(next).catch(() => undefined);

  /** @returns the entry's id, and what it took the place of; or it is with the box already. Throws ApiError: not kept, and not saved either */
  async function accept(whom: Whom, work: Work, { held = false, id = crypto.randomUUID() }: { held?: boolean; id?: string } = {}): Promise<{ id: string; was: Entry[] } | { id: null; dossier: Dossier | null }> {
    const entry: queue.NewEntry = { id, staffId: sealed.staffId ?? '', customerId: whom.id, customerName: whom.displayName, work, typed: sealed.now() };
    const next = queue.add(box.value, entry, held);
    if (next === null) throw new ApiError('outbox_full');
    const was = queue.replaced(box.value, next);
    try {
      if (!sealed.store) throw new ApiError('network');
      await put(next);
    } catch {
      // Nothing can be kept on this iPad: then straight to the box, or not at all.
      box.value = queue.takeBack(box.value, entry.id, was);
      const dossier = await send({ ...entry, order: 0, tries: 1, state: 'sending', notBeforeMs: 0, problem: null }, 0, show);
      tell(whom.id, dossier);
      return { id: null, dossier };
    }
    void pump();
    return { id: entry.id, was };
  }

  // ---- Sending -------------------------------------------------------------------------------------------------

  /** A visit that has ended meanwhile does not come back to the board. */
  const show = (visitId: string, request: () => Promise<VisitCard>): Promise<VisitCard> =>
    (live.state.visits.some((visit) => visit.visitId === visitId) ? live.put(request) : request());

  async function pump(): Promise<void> {
    if (busy || !sealed.store) return;
    clearTimeout(timer);
    const due = queue.nextDue(box.value, performance.now());
    if (!due) return;
    if (due.waitMs > 0) return void (timer = setTimeout(() => void pump(), due.waitMs));
    busy = true;
    try {
      await sendOne(due.entry, generation);
    } finally {
      busy = false;
    }
    void pump();
  }

  async function sendOne(entry: Entry, mine: number): Promise<void> {
    const { store } = sealed;
    try {
      if (!clockSet) await sealed.setClock(); // nobody knows how long it was, nor what became of this iPad's clock
      clockSet = true;
    } catch (error) {
      if (mine === generation) box.value = asApiError(error).code === 'network' ? queue.unreached(box.value, performance.now(), Math.random()) : { ...box.value, notBeforeMs: Infinity };
      return;
    }
    if (mine !== generation) return;
    box.value = queue.begin(box.value, entry.id);
    let dossier: Dossier | null;
    try {
      dossier = await send(entry, ageMs(entry.typed, sealed.now()), show);
    } catch (error) {
      if (mine === generation) await refused(entry, asApiError(error), mine);
      return;
    }
    if (mine !== generation) return void (await store?.write([], [entry.id]).catch(() => undefined));
    tell(entry.customerId, dossier);
    await hear(entry, { ok: true });
    answer(entry.id, { outcome: 'saved', dossier });
  }

  async function refused(entry: Entry, error: ApiError, mine: number): Promise<void> {
    if (error.code !== 'edit_conflict' || !isEdit(entry.work) || waitingFor.get(entry.id)?.choosesHere) {
      clockSet &&= error.code !== 'network';
      await hear(entry, { ok: false, code: error.code, details: error.details });
      const now = entries.value.find(({ id }) => id === entry.id);
      return answer(entry.id, now?.state === 'refused' ? error : { outcome: 'queued' });
    }
    try {
      const there = await theirs(entry.customerId, entry.work);
      if (mine !== generation) return;
      await settle(queue.conflicted(box.value, entry.id, there, performance.now(), Math.random(), crypto.randomUUID()));
      answer(entry.id, { outcome: entries.value.some(({ id }) => id === entry.id) ? 'conflict' : 'queued' });
      tell(entry.customerId);
    } catch (caught) {
      const { code, details } = asApiError(caught);
      if (mine === generation) await hear(entry, { ok: false, code, details });
      answer(entry.id, { outcome: 'queued' });
    }
  }

  const hear = (entry: Entry, heard: queue.Answer): Promise<void> =>
    settle(queue.answered(box.value, entry.id, heard, performance.now(), Math.random(), waitingFor.has(entry.id) ? null : crypto.randomUUID()));
  function answer(id: string, changed: Changed | ApiError): void {
    waitingFor.get(id)?.answer(changed);
    waitingFor.delete(id);
  }
  const tell = (customerId: string, dossier: Dossier | null = null): void => savedListeners.forEach((listener) => listener(customerId, dossier));

  function wake(): void {
    box.value = queue.wake(box.value);
    void pump();
  }
  watch(() => live.link.status === 'live', (isLive) => isLive && wake());
  window.addEventListener('online', wake);

  sealed.onOpen((kept) => {
    box.value = queue.restored(kept.flatMap(({ content }) => (isKeptEntry(content) ? [content.entry] : [])));
    void pump();
  });
  sealed.onClose(() => {
    generation++;
    clearTimeout(timer);
    for (const id of waitingFor.keys()) answer(id, { outcome: 'queued' });
    box.value = queue.emptyOutbox;
    sheetOpen.value = false;
  });
  // Another window of this iPad has sent or settled it.
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    box.value = { ...box.value, entries: entries.value.filter((entry) => entry.id !== data) };
  });

  // ---- Writing -------------------------------------------------------------------------------------------------

  /**
   * Something done or made while the person waits for it: true when the box has it, false when it is kept here and goes by itself.
   * Throws ApiError when the box refuses it; nothing is kept of it then.
   * @param id of what is made: the same for every attempt
   */
  async function make(whom: Whom, work: Exclude<Work, EditWork>, id: string = crypto.randomUUID()): Promise<boolean> {
    const accepted = await accept(whom, work, { id });
    return accepted.id === null || (await answerTo(accepted.id, accepted.was, false)).outcome === 'saved';
  }

  /** Kept when this resolves, and on its way; throws ApiError when it could neither be kept nor sent. */
  const write = async (whom: Whom, work: Exclude<Work, EditWork>): Promise<void> => void (await accept(whom, work));

  /**
   * A note that can be taken back for a moment. It is kept at once, so that nothing that happens to the page loses it, and goes out when
   * `release` says so. @returns its id; null: it could not be kept and is with the box already. Throws as `write`
   */
  const hold = async (whom: Whom, text: string): Promise<string | null> => (await accept(whom, { kind: 'note', text }, { held: true })).id;
  function release(id: string): void {
    box.value = queue.release(box.value, id);
    void pump();
  }

  async function edit(whom: Whom, work: EditWork, choosesHere: boolean): Promise<Changed> {
    if (isEmpty(work.edits)) return { outcome: 'saved', dossier: null };
    const accepted = await accept(whom, work);
    if (accepted.id === null) return { outcome: 'saved', dossier: accepted.dossier };
    if (!entries.value.some((entry) => entry.id === accepted.id)) return { outcome: 'saved', dossier: null }; // taken back what waited
    return answerTo(accepted.id, accepted.was, choosesHere);
  }

  /** Waits a moment for the box. Throws what it refuses, and nothing is kept of it then. @param was what it took the place of */
  async function answerTo(id: string, was: readonly Entry[], choosesHere: boolean): Promise<Changed> {
    const changed = await new Promise<Changed | ApiError>((resolve) => {
      waitingFor.set(id, { answer: resolve, choosesHere });
      setTimeout(() => answer(id, { outcome: 'queued' }), live.link.status === 'live' ? PATIENCE_MS : 0);
    });
    if (!(changed instanceof ApiError)) return changed;
    await settle(queue.takeBack(box.value, id, was)); // the form is still there, with all that was typed
    void pump();
    throw changed;
  }

  /**
   * Changes a dossier, against what stood in these fields when the editing began.
   * Throws ApiError when the box refuses the change while the person waits; nothing is kept of it then.
   * @param choosesHere the form shows a conflict itself: it is thrown too (`edit_conflict`), as long as the person waits
   */
  const change = (whom: Whom, { sharedPhone = false, ...fields }: Omit<CustomerChange, 'base'>, base: Partial<CustomerFields>, choosesHere = false): Promise<Changed> =>
    edit(whom, { kind: 'customer', edits: editsOf(fields, base), ...(sharedPhone ? { sharedPhone } : {}) }, choosesHere);
  /** The same with own fields. @param names what fields, options and products are called, by id */
  const changeFields = (whom: Whom, edits: Edits, names: Readonly<Record<string, string>>, choosesHere = false): Promise<Changed> =>
    edit(whom, { kind: 'fields', edits, names }, choosesHere);

  async function decide(next: queue.Outbox): Promise<void> {
    await settle(next);
    void pump();
  }
  const keepMine = (id: string, field: string): Promise<void> => decide(queue.keepMine(box.value, id, field, crypto.randomUUID()));
  const keepTheirs = (id: string, field: string): Promise<void> => decide(queue.keepTheirs(box.value, id, field));
  const again = (id: string, sharedPhone = false): Promise<void> => decide(queue.again(box.value, id, crypto.randomUUID(), sharedPhone));
  const asNote = (id: string, text: string): Promise<void> => decide(queue.asNote(box.value, id, crypto.randomUUID(), text));
  const discard = (id: string): Promise<void> => decide(queue.discard(box.value, id));
  /** Undoes `discard` and `keepTheirs`. */
  const putBack = (entry: Entry): Promise<void> => decide(queue.putBack(box.value, entry));

  /** Hears of each customer about whom something has just reached the box; with the dossier, where the box answered with it. */
  function onSaved(listener: (customerId: string, dossier: Dossier | null) => void): () => void {
    savedListeners.add(listener);
    return () => savedListeners.delete(listener);
  }
  /** With what waits laid over it: as the person wrote it last. */
  const overlaid = <T extends Whom>(dossier: T): T => queue.overlaid(dossier, entries.value, dossier.id);

  return { entries, waiting, undecided, sheetOpen, of, write, make, hold, release, change, changeFields, keepMine, keepTheirs, again, asNote, discard, putBack, onSaved, overlaid };
});
