import { defineStore } from 'pinia';
import { reactive } from 'vue';
import type { BreachKind } from '../contract.js';

export const emptyIncident = () => ({
  kind: null as 'drill' | 'real' | null, from: '', to: '', discoveredAt: '', kinds: [] as BreachKind[], cause: '', harm: '', measures: '', selfHelp: '', contact: '',
});

/**
 * What was typed and not yet saved, so that a look at another tab or page loses nothing: notes by member of staff and
 * customer, and the incident being recorded. In memory only: nothing about a customer has any business in the iPad's storage.
 */
export const useDrafts = defineStore('drafts', () => {
  const notes = reactive(new Map<string, string>());
  const incident = reactive(emptyIncident());
  return { notes, incident };
});
