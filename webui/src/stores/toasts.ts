import { defineStore } from 'pinia';
import { ref } from 'vue';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'plain' | 'problem';
  /** One tap, offered for as long as the toast stays. `label` null: undo. */
  readonly action: { readonly label: string | null; readonly run: () => void } | null;
}

const PLAIN_MS = 4_000;
const UNDO_MS = 5_000;
/** To read, and to decide. */
const OFFER_MS = 10_000;
const MOST = 4;

/** Short messages at the edge of the screen, and "undo rather than are-you-sure". */
export const useToasts = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([]);
  const pending = new Map<number, (keepalive: boolean) => void>();
  /** Changes on their way to the box. */
  const underWay = new Set<Promise<void>>();
  let lastId = 0;

  function show(text: string, tone: Toast['tone'] = 'plain', action: Toast['action'] = null): number {
    const id = ++lastId;
    toasts.value = [...toasts.value, { id, text, tone, action }].slice(-MOST);
    return id;
  }

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  function say(text: string, tone: Toast['tone'] = 'plain'): void {
    const id = show(text, tone);
    setTimeout(() => dismiss(id), PLAIN_MS);
  }

  /** Shows `text` with one thing that can be done about it. */
  function offer(text: string, label: string, run: () => void): void {
    const id = show(text, 'plain', { label, run: () => { dismiss(id); run(); } });
    setTimeout(() => dismiss(id), OFFER_MS);
  }

  /**
   * Shows `text` with an undo for five seconds, then calls `commit`, which tells of its own errors; `revert` puts the screen back when undone.
   * When the page goes away first, the change is made at once: the person has seen it as done.
   */
  function undoable(text: string, commit: (keepalive: boolean) => Promise<void>, revert: () => void): void {
    const finish = (keepalive: boolean): void => {
      clearTimeout(timer);
      pending.delete(id);
      dismiss(id);
      const made = commit(keepalive).finally(() => underWay.delete(made));
      underWay.add(made);
    };
    const undo = (): void => {
      clearTimeout(timer);
      pending.delete(id);
      dismiss(id);
      revert();
    };
    const id = show(text, 'plain', { label: null, run: undo });
    const timer = setTimeout(() => finish(false), UNDO_MS);
    pending.set(id, finish);
  }

  /** Makes all changes that wait for an undo; resolves when the box has answered them and any already on their way. */
  async function flush(keepalive: boolean): Promise<void> {
    for (const finish of [...pending.values()]) finish(keepalive);
    await Promise.allSettled([...underWay]);
  }

  /** What was said in another language is not said again; what can still be undone stays. */
  function hush(): void {
    toasts.value = toasts.value.filter(({ action }) => action !== null);
  }

  /** Whoever looks at the screen next is somebody else. What waits for an undo is flushed before. */
  function clear(): void {
    toasts.value = [];
  }

  return { toasts, say, offer, dismiss, undoable, flush, hush, clear };
});
