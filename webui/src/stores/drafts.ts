import { defineStore } from 'pinia';
import { reactive, ref } from 'vue';
import type { BreachKind } from '../contract.js';
import { followed } from '../outbox/follow.js';
import type { Kept } from '../outbox/sealedStore.js';
import { useSealed } from './sealed.js';

export const emptyIncident = () => ({
  kind: null as 'drill' | 'real' | null, from: '', to: '', discoveredAt: '', kinds: [] as BreachKind[], cause: '', harm: '', measures: '', selfHelp: '', contact: '',
});

/** So long after the last key. */
const QUIET_MS = 300;
/** Of one person on one iPad; beyond that the oldest goes. */
const DRAFTS_MAX = 100;
interface Draft { id: string; atMs: number; value: unknown }
/** A record of a draft among what is kept. `key`: which field of whom, e.g. "note CUSTOMER". */
interface KeptDraft { draft: { key: string; value: unknown } }
const isKeptDraft = (content: unknown): content is KeptDraft => typeof content === 'object' && content !== null && 'draft' in content;

/**
 * What was typed and not yet saved, so that neither a look at another page nor a reload loses anything. Kept sealed for who typed it, as
 * unsent writing is; the incident that is being recorded (it names nobody, and the privacy officer has no such key) in memory only.
 */
export const useDrafts = defineStore('drafts', () => {
  const sealed = useSealed();
  const incident = reactive(emptyIncident());
  const drafts = new Map<string, Draft>();
  const touched = new Set<string>();
  /** Ids of records whose draft was emptied. */
  const gone = new Set<string>();
  /** Counts how often drafts were read in. */
  const opened = ref(0);
  /** Counts how often drafts went to another dossier, or away. */
  const moved = ref(0);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const get = (key: string): unknown => drafts.get(key)?.value;

  /** @param value undefined: nothing is to be kept any more */
  function set(key: string, value: unknown): void {
    const before = drafts.get(key);
    if (value === undefined) {
      if (before) gone.add(before.id);
      drafts.delete(key);
      touched.delete(key);
    } else {
      drafts.delete(key); // to the end: the newest
      drafts.set(key, { id: before?.id ?? crypto.randomUUID(), atMs: sealed.now().atMs, value });
      touched.add(key);
      const [oldest] = drafts.keys();
      if (drafts.size > DRAFTS_MAX && oldest !== undefined) return set(oldest, undefined);
    }
    clearTimeout(timer);
    timer = setTimeout(() => void flush(), QUIET_MS);
  }

  /** To the dossier that took it over: see `followed`. */
  function follow(from: string, into: string, formText: (form: unknown) => string): void {
    const changes = followed(new Map([...drafts].map(([key, { value }]) => [key, value])), from, into, formText);
    for (const [key, value] of changes) set(key, value);
    if (changes.size > 0) moved.value++;
  }

  /** What was typed about a customer whose dossier was erased. */
  function drop(customerId: string): void {
    for (const key of [...drafts.keys()]) if (key.endsWith(` ${customerId}`)) set(key, undefined);
    moved.value++;
  }

  /** Seals what was typed since, at once. What cannot be kept stays in memory and is tried again with the next key. */
  async function flush(): Promise<void> {
    clearTimeout(timer);
    if (!sealed.store || touched.size + gone.size === 0) return;
    const keys = [...touched];
    const ids = [...gone];
    touched.clear();
    gone.clear();
    const put: Kept[] = keys.flatMap((key) => {
      const draft = drafts.get(key);
      return draft ? [{ id: draft.id, atMs: draft.atMs, content: { draft: { key, value: draft.value } } satisfies KeptDraft }] : [];
    });
    await sealed.store.write(put, ids).catch(() => {
      for (const key of keys) if (drafts.has(key)) touched.add(key);
      for (const id of ids) gone.add(id);
    });
  }

  const hiding = (): void => void (document.visibilityState === 'hidden' && flush());
  document.addEventListener('visibilitychange', hiding);
  window.addEventListener('pagehide', () => void flush());
  sealed.onClose(() => {
    void flush();
    drafts.clear();
    touched.clear();
    gone.clear();
  });
  sealed.onOpen((kept) => {
    for (const { id, atMs, content } of [...kept].sort((a, b) => a.atMs - b.atMs)) {
      if (!isKeptDraft(content)) continue;
      const { key, value } = content.draft;
      const here = drafts.get(key);
      if (!here) drafts.set(key, { id, atMs, value });
      else if (here.id !== id) gone.add(id); // typed here since, before the key came
    }
    opened.value++;
    void flush();
  });

  return { incident, opened, moved, get, set, follow, drop, flush };
});
