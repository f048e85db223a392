import { computed, type ComputedRef } from 'vue';
import type { Dossier } from '../contract.js';
import type { Entry, Made } from '../outbox/entry.js';
import { useOutbox } from '../stores/outbox.js';

const LISTS = { wish: 'wishes', purchase: 'purchases', ticket: 'tickets' } as const satisfies Partial<Record<Made['what'], keyof Dossier>>;

/** What of such things waits for the box, of one customer. The dossier may have it already, while the answer is under way. */
export function useWaiting(dossier: () => Dossier, what: keyof typeof LISTS): ComputedRef<Entry[]> {
  const outbox = useOutbox();
  return computed(() => outbox.of(dossier().id).filter(({ id, work }) => work.kind === 'made' && work.made.what === what && !dossier()[LISTS[what]].some((there) => there.id === id)));
}
