/** What is written while the box may be out of reach: requests that may come twice, and late. */
import type { Dossier, FieldData, FieldValuesChange, VisitCard } from '../contract.js';
import type { Edits, EditWork, Entry } from '../outbox/entry.js';
import { call } from './client.js';

const id = encodeURIComponent;
const map = (edits: Edits, side: 'base' | 'mine'): Record<string, unknown> => Object.fromEntries(Object.entries(edits).map(([field, edit]) => [field, edit[side]]));
/** What the box adds when it tells a value is no part of what is written. */
export const bare = (value: FieldData | null | undefined): FieldData | null => (value && 'productId' in value ? { productId: value.productId } : (value ?? null));

const LISTS = { wish: 'wishes', purchase: 'purchases', ticket: 'tickets' } as const;

/**
 * @param show what the box answers about a visit
 * @returns the dossier as it is then, after a change of it
 */
export async function send(entry: Entry, ageMs: number, show: (visitId: string, request: () => Promise<VisitCard>) => Promise<unknown>): Promise<Dossier | null> {
  const customer = `/customers/${id(entry.customerId)}`;
  const { work } = entry;
  const request = <T>(method: string, path: string, json?: unknown) => call<T>(method, path, { background: true, ...(json === undefined ? {} : { json }) });
  switch (work.kind) {
    case 'note':
      await request('POST', `${customer}/notes`, { text: work.text, id: entry.id, ageMs });
      return null;
    case 'follow_up':
      await request('POST', `${customer}/follow-ups`, { text: work.text, dueOn: work.dueOn, id: entry.id, ageMs });
      return null;
    case 'follow_up_done':
      await request('POST', `/follow-ups/${id(work.followUpId)}/done`);
      return null;
    case 'stage':
      await show(work.visitId, () => request('POST', `/visits/${id(work.visitId)}/stages`, { stage: work.stage, reached: work.reached, ageMs }));
      return null;
    case 'made': {
      const { made } = work;
      const sent = { ...made.request, id: entry.id };
      if (made.what === 'look') await show(made.visitId, () => request('POST', `/visits/${id(made.visitId)}/looks`, sent));
      else await request('POST', `${customer}/${LISTS[made.what]}`, { ...sent, ageMs });
      return null;
    }
    case 'customer':
      return request<Dossier>('PATCH', customer, { ...map(work.edits, 'mine'), base: map(work.edits, 'base'), ...(work.sharedPhone ? { sharedPhone: true } : {}) });
    case 'fields': {
      const values = Object.entries(work.edits).map(([fieldId, { base, mine }]) => ({ fieldId, base, value: mine })) as FieldValuesChange['values'];
      await request('PUT', `${customer}/fields`, { values });
      return null;
    }
  }
}

/** What stands now in the fields of a change that was refused for a conflict. */
export async function theirs(customerId: string, work: EditWork): Promise<Record<string, unknown>> {
  const dossier = await call<Dossier>('GET', `/customers/${id(customerId)}?why=edit&again=true`, { background: true });
  if (work.kind === 'customer') return { ...dossier };
  return Object.fromEntries(Object.keys(work.edits).map((field) => [field, bare(dossier.fields.find(({ fieldId }) => fieldId === field)?.value)]));
}
