import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { ApiError } from '../api/client.js';
import { portico } from '../api/portico.js';
import { backoffMs } from '../live/backoff.js';
import type { Moment } from '../outbox/entry.js';
import { clocksNow, isOver, type Clocks } from '../outbox/keeping.js';
import { importKey } from '../outbox/seal.js';
import { SealedStore, sweep, type Kept } from '../outbox/sealedStore.js';
import { useSession } from './session.js';

const LIFE = crypto.randomUUID();
/** Safari loses its storage for a moment now and then. */
const STORAGE_TRIES = 4;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const CLOCKS_KEY = 'portico.clocks';
function knownClocks(): Clocks | null {
  try {
    return JSON.parse(localStorage.getItem(CLOCKS_KEY) ?? 'null') as Clocks | null;
  } catch {
    return null;
  }
}
function rememberClocks(clocks: Clocks): void {
  try {
    localStorage.setItem(CLOCKS_KEY, JSON.stringify(clocks));
  } catch {
    // A jump is not noticed then; nothing else changes.
  }
}

/**
 * What this iPad keeps of unsent writing, as long as who wrote it is signed in and the page is not covered. The key comes from the box
 * and is held in memory only; without it nothing is kept, and nothing that is there can be read.
 */
export const useSealed = defineStore('sealed', () => {
  const access = useSession();
  const store = shallowRef<SealedStore | null>(null);
  const openListeners = new Set<(kept: readonly Kept[]) => void>();
  const closeListeners = new Set<() => void>();
  const staffId = computed(() => (access.can('serve') && !access.locked ? (access.session?.staff.id ?? null) : null));
  /** How much of one's own was over its time at this sign-in, and is deleted. */
  const overCount = ref(0);
  /** What has to be added to this iPad's clock to have the box's. */
  let behindMs = 0;
  let generation = 0;

  const now = (): Moment => ({ atMs: Date.now() + behindMs, steadyMs: performance.now(), life: LIFE });

  /** Asks the box for the key, and sets the clock by it. Throws ApiError. */
  async function ask(): Promise<string> {
    const { key, now: boxTime } = await portico.draftsKey();
    behindMs = Date.parse(boxTime) - Date.now();
    return key;
  }

  async function open(owner: string): Promise<void> {
    const mine = ++generation;
    for (let attempt = 1; mine === generation; attempt++) {
      try {
        const opened = new SealedStore(owner, await importKey(await ask()));
        const staff = await portico.staff();
        const clocks = clocksNow(knownClocks(), now().atMs, Date.now());
        const all = await opened.read(); // before anything is deleted: one's own is told of
        if (mine !== generation) return;
        await sweep(clocks, staff.map(({ id }) => id));
        if (mine !== generation) return;
        store.value = opened;
        rememberClocks(clocks);
        const kept = all.filter(({ atMs }) => !isOver(atMs, clocks));
        overCount.value = all.length - kept.length;
        openListeners.forEach((listener) => listener(kept));
        return;
      } catch (error) {
        // Storage is switched off, or this is nobody to keep anything for: writing goes straight to the box, as far as it can be reached.
        if (error instanceof ApiError ? error.code === 'not_allowed' : attempt >= STORAGE_TRIES) return;
        await pause(backoffMs(attempt, Math.random()));
      }
    }
  }

  function close(): void {
    generation++;
    overCount.value = 0;
    closeListeners.forEach((listener) => listener()); // what is to be kept yet is sealed with the key of the moment
    store.value = null;
  }

  watch(staffId, (owner) => {
    close();
    if (owner) void open(owner);
  }, { immediate: true, flush: 'sync' });

  function onOpen(listener: (kept: readonly Kept[]) => void): void {
    openListeners.add(listener);
  }
  function onClose(listener: () => void): void {
    closeListeners.add(listener);
  }

  return { store, staffId, overCount, now, setClock: async () => void (await ask()), onOpen, onClose };
});
