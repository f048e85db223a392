import { defineStore } from 'pinia';
import { reactive } from 'vue';

/**
 * What was typed and not yet saved, by member of staff and customer, so that a look at another tab or page loses
 * nothing. In memory only: a note about a customer has no business in the iPad's storage.
 */
export const useDrafts = defineStore('drafts', () => {
  const notes = reactive(new Map<string, string>());
  return { notes };
});
