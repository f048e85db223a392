import { computed, ref, toRaw, toValue, watch, type MaybeRefOrGetter, type Ref } from 'vue';
import { same } from '../outbox/entry.js';
import { useDrafts } from '../stores/drafts.js';

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/**
 * What is typed into a field or a form, saved as it is typed: there again after another page, a reload, a new sign-in of the same person.
 * @param key which form about whom, e.g. `note ${customerId}`; one at a time on the screen
 * @param initial what stands there while nothing was typed; JSON
 * @returns `value`, to be bound; `isDraft`: something was typed; `clear`: back to `initial`, nothing is kept any more
 */
export function useDraft<T>(key: MaybeRefOrGetter<string>, initial: MaybeRefOrGetter<T>): { value: Ref<T>; isDraft: Ref<boolean>; clear: () => void } {
  const drafts = useDrafts();
  const start = (): T => copy(toValue(initial));
  const stored = (): T => copy((drafts.get(toValue(key)) as T | undefined) ?? start());
  const value = ref(stored()) as Ref<T>;
  const isDraft = computed(() => !same(value.value, toValue(initial)));
  /** What is put in here by this code is nothing that was typed. */
  let putting = false;

  function put(next: T): void {
    if (same(next, value.value)) return;
    putting = true;
    value.value = next;
    putting = false;
  }
  watch(() => toValue(key), () => put(stored()), { flush: 'sync' });
  // What stands there changed, and nobody has typed.
  watch(start, (_, before) => same(value.value, before) && put(stored()));
  // What was kept comes a moment after the page.
  watch(() => drafts.opened, () => !isDraft.value && put(stored()));
  watch(() => drafts.moved, () => put(stored()), { flush: 'sync' });
  watch(value, (typed) => !putting && drafts.set(toValue(key), isDraft.value ? copy(toRaw(typed)) : undefined), { deep: true, flush: 'sync' });

  function clear(): void {
    drafts.set(toValue(key), undefined);
    put(start());
  }
  return { value, isDraft, clear };
}
