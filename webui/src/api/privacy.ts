/** Every request of the privacy office, one line each. */
import type {
  Assessment, AssessmentRequest, AuditPage, AuditVerification, Breach, BreachRequest, Deletion, Explanation, ModeState, Notice, NoticeDraft,
  NoticeDraftState, NoticeVersion, PrivacyOverview, RecognitionMode, RequestClosing, Restriction, RetentionKind, RetentionTable, RightsRequest, RightsRequestNew,
  SignageItem, Station, StationRequest, StoredPersons,
} from '../contract.js';
import type { PaperName } from '../privacy/papers.js';
import { call, callFile } from './client.js';

const id = encodeURIComponent;

export interface AuditFilter { action?: string; staffId?: string; customerId?: string }

function auditSearch(filter: AuditFilter, page: { before?: number; limit?: number }): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...filter, ...page })) if (value) search.set(key, String(value));
  return search.size > 0 ? `?${search}` : '';
}

export const office = {
  overview: () => call<PrivacyOverview>('GET', '/privacy/overview'),

  requests: () => call<RightsRequest[]>('GET', '/privacy/requests'),
  addRequest: (request: RightsRequestNew) => call<RightsRequest>('POST', '/privacy/requests', { json: request }),
  closeRequest: (requestId: string, closing: RequestClosing) => call<RightsRequest>('POST', `/privacy/requests/${id(requestId)}/close`, { json: closing }),
  explanations: (customerId: string) => call<Explanation[]>('GET', `/customers/${id(customerId)}/explanations`),
  restriction: (customerId: string) => call<Restriction>('GET', `/customers/${id(customerId)}/restriction`),
  restrict: (customerId: string, restricted: boolean, reason: string) =>
    call<Restriction>('PUT', `/customers/${id(customerId)}/restriction`, { json: { restricted, reason } }),
  erase: (customerId: string) => call<Deletion>('DELETE', `/customers/${id(customerId)}`),

  notices: () => call<NoticeVersion[]>('GET', '/notices'),
  notice: (noticeId: string) => call<Notice>('GET', `/notices/${id(noticeId)}`),
  draft: () => call<NoticeDraftState>('GET', '/notices/draft'),
  saveDraft: (draft: NoticeDraft, keepalive = false) => call<NoticeDraftState>('PUT', '/notices/draft', { json: draft, keepalive }),
  dropDraft: () => call<void>('DELETE', '/notices/draft'),
  currentNotice: () => call<Notice>('GET', '/notices/current'),
  publish: (material: boolean) => call<Notice>('POST', '/notices/draft/publish', { json: { material } }),

  assessments: () => call<Assessment[]>('GET', '/privacy/assessments'),
  recordAssessment: (request: AssessmentRequest) => call<Assessment>('POST', '/privacy/assessments', { json: request }),

  mode: () => call<ModeState>('GET', '/privacy/mode'),
  setMode: (mode: RecognitionMode) => call<ModeState>('PUT', '/privacy/mode', { json: { mode } }),
  stations: () => call<Station[]>('GET', '/privacy/stations'),
  addStation: (request: StationRequest) => call<Station>('POST', '/privacy/stations', { json: request }),
  changeStation: (stationId: string, change: StationRequest) => call<Station>('PATCH', `/privacy/stations/${id(stationId)}`, { json: change }),
  removeStation: (stationId: string, keepalive = false) => call<void>('DELETE', `/privacy/stations/${id(stationId)}`, { keepalive }),
  signSignage: (stationId: string, items: SignageItem[]) => call<Station>('POST', `/privacy/stations/${id(stationId)}/signage`, { json: { items } }),

  retention: () => call<RetentionTable>('GET', '/privacy/retention'),
  setRetention: (kind: RetentionKind, days: number) => call<RetentionTable>('PUT', '/privacy/retention', { json: { kind, days } }),

  persons: () => call<StoredPersons>('GET', '/privacy/persons'),
  setPersons: (change: { elsewhere?: number; filedOn?: string | null }) => call<StoredPersons>('PUT', '/privacy/persons', { json: change }),

  breaches: () => call<Breach[]>('GET', '/privacy/breaches'),
  recordBreach: (request: BreachRequest) => call<Breach>('POST', '/privacy/breaches', { json: request }),

  audit: (filter: AuditFilter, before?: number) => call<AuditPage>('GET', `/audit${auditSearch(filter, { limit: 100, ...(before ? { before } : {}) })}`),
  verifyAudit: () => call<AuditVerification>('GET', '/audit/verification'),
} as const;

/** A file to be saved or handed on. */
export interface Paper {
  name: PaperName;
  type: 'pdf' | 'json' | 'csv' | 'zip';
  fetch: (onProgress?: (bytes: number) => void) => Promise<Blob>;
}
const paper = (path: string, name: PaperName, type: Paper['type']): Paper => ({ name, type, fetch: (onProgress) => callFile(path, {}, onProgress) });

export const papers = {
  accessCopy: (customerId: string, type: 'pdf' | 'json') => paper(`/customers/${id(customerId)}/access-copy.${type}`, 'accessCopy', type),
  assessment: (assessmentId: string) => paper(`/privacy/assessments/${id(assessmentId)}.pdf`, 'assessment', 'pdf'),
  affected: (breachId: string) => paper(`/privacy/breaches/${id(breachId)}/affected.csv`, 'affected', 'csv'),
  notices: (breachId: string) => paper(`/privacy/breaches/${id(breachId)}/notices.pdf`, 'notices', 'pdf'),
  audit: paper('/audit/export.csv', 'auditLog', 'csv'),
  auditPack: paper('/privacy/audit-pack.zip', 'auditPack', 'zip'),
} as const;
