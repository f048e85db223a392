/** Own fields: the requests of their pages. */
import type { CustomerSummary, FieldHistory, FieldQuery, Language, OwnForm, OwnFormChange } from '../contract.js';
import { call, callFile } from './client.js';

const id = encodeURIComponent;

export const ownFields = {
  form: () => call<OwnForm>('GET', '/fields'),
  saveForm: (form: OwnFormChange) => call<OwnForm>('PUT', '/fields', { json: form }),
  history: (customerId: string, fieldId: string) => call<FieldHistory>('GET', `/customers/${id(customerId)}/fields/${id(fieldId)}/history`),
  find: (query: FieldQuery) => call<CustomerSummary[]>('POST', '/fields/search', { json: query }),
  export: (fieldIds: readonly string[], language: Language) => callFile(`/fields/export.csv?fields=${fieldIds.join(',')}&language=${language}`),
} as const;
