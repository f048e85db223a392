/** Every request of the page, one line each. */
import type {
  BoxHealth, BoxInfo, Consent, ConsentLink, ConsentRequest, CustomerChange, CustomerCreate, CustomerSummary, Deletion, DeletionStatus, Device, Dossier, DraftsKey, DossierReason,
  Enrolled, EnrolmentFinish, EnrolmentProgress, FollowUp, FollowUpRequest, FpirChoice, KeySet, Note, NoteRequest, Notice, OwnerRequest, PairingCode, PairRequest,
  Passkey, Purpose, QuickNote, RecognitionQuality, Refusal, RunnableStation, Session, SightingAnswer, StaffMember, StaffRequest, StaffTeams, VisitCard, WithdrawalReceipt, Words,
} from '../contract.js';
import { call, callFile } from './client.js';

const id = encodeURIComponent;

export const portico = {
  box: () => call<BoxInfo>('GET', '/box'),
  keys: () => call<KeySet>('GET', '/keys'),
  health: () => call<BoxHealth>('GET', '/health'),

  pair: (request: PairRequest) => call<Device>('POST', '/pairings', { json: request }),
  makeOwner: (request: OwnerRequest) => call<StaffMember>('POST', '/setup/owner', { json: request }),
  pairingCode: () => call<PairingCode>('POST', '/pairing-codes'),
  devices: () => call<Device[]>('GET', '/devices'),
  removeDevice: (deviceId: string, keepalive = false) =>
    call<void>('DELETE', `/devices/${id(deviceId)}`, { keepalive }),

  staff: () => call<StaffMember[]>('GET', '/staff'),
  addStaff: (request: StaffRequest) => call<StaffMember>('POST', '/staff', { json: request }),
  removeStaff: (staffId: string, keepalive = false) => call<void>('DELETE', `/staff/${id(staffId)}`, { keepalive }),
  resetPin: (staffId: string, pin: string) => call<void>('PUT', `/staff/${id(staffId)}/pin`, { json: { pin } }),
  /** Head office's list of teams, and who is in which. */
  teams: () => call<StaffTeams>('GET', '/staff/teams'),
  setTeam: (staffId: string, team: string | null) => call<StaffTeams>('PUT', `/staff/${id(staffId)}/team`, { json: { team } }),
  signIn: (staffId: string, pin: string) => call<Session>('POST', '/sessions', { json: { staffId, pin } }),
  /** Who is signed in shows the PIN again. */
  prove: (pin: string) => call<void>('POST', '/sessions/current/proof', { json: { pin } }),
  session: (timeoutMs?: number) => call<Session>('GET', '/sessions/current', timeoutMs === undefined ? {} : { timeoutMs }),
  /** What unsent writing is sealed with, and the box's clock. */
  draftsKey: () => call<DraftsKey>('GET', '/sessions/current/drafts-key'),
  signOut: () => call<void>('DELETE', '/sessions/current'),
  lock: () => call<void>('POST', '/sessions/current/lock', { keepalive: true }),
  /** Somebody touches the page or types. */
  use: () => call<void>('POST', '/sessions/current/use'),
  /** The fixed stations that may run now. */
  stations: () => call<RunnableStation[]>('GET', '/stations'),
  toFrontDesk: () => call<Session>('POST', '/sessions/current/front-desk'),
  handOver: (customerId: string) => call<Session>('POST', '/sessions/current/hand-over', { json: { customerId } }),

  customers: (query: string, limit = 30, signal?: AbortSignal) => {
    const search = new URLSearchParams({ limit: String(limit) });
    if (query.trim()) search.set('query', query.trim());
    return call<CustomerSummary[]>('GET', `/customers?${search}`, signal ? { signal } : {});
  },
  createCustomer: (request: CustomerCreate) => call<Dossier>('POST', '/customers', { json: request }),
  /** `why` goes into the audit log. */
  /** `again`: the page shows it already and reads it anew by itself. */
  dossier: (customerId: string, why: DossierReason, again = false) => call<Dossier>('GET', `/customers/${id(customerId)}?why=${why}${again ? '&again=true' : ''}`),
  changeCustomer: (customerId: string, change: CustomerChange) =>
    call<Dossier>('PATCH', `/customers/${id(customerId)}`, { json: change }),
  /** The customer `fromId` is the same person as `into`, whose dossier stays. */
  merge: (fromId: string, into: string) => call<Dossier>('POST', `/customers/${id(fromId)}/merge`, { json: { into } }),
  undoMerge: (mergeId: string) => call<Dossier>('POST', `/merges/${id(mergeId)}/undo`),
  revertTemplate: (customerId: string) => call<Dossier>('POST', `/customers/${id(customerId)}/template/revert`),
  addNote: (customerId: string, note: NoteRequest, keepalive = false) =>
    call<Note>('POST', `/customers/${id(customerId)}/notes`, { json: note, keepalive }),
  quickNotes: () => call<QuickNote[]>('GET', '/quick-notes'),
  /** All of them; none: as delivered. */
  setQuickNotes: (notes: readonly { id?: string; text: Words }[]) => call<QuickNote[]>('PUT', '/quick-notes', { json: notes }),
  addFollowUp: (customerId: string, request: FollowUpRequest) =>
    call<FollowUp>('POST', `/customers/${id(customerId)}/follow-ups`, { json: request }),
  finishFollowUp: (followUpId: string, keepalive = false) =>
    call<FollowUp>('POST', `/follow-ups/${id(followUpId)}/done`, { keepalive }),

  passkeyOptions: () => call<Record<string, unknown>>('POST', '/sessions/passkey/options'),
  signInByPasskey: (response: object) => call<Session>('POST', '/sessions/passkey', { json: { response } }),
  passkeys: () => call<Passkey[]>('GET', '/passkeys'),
  newPasskeyOptions: () => call<Record<string, unknown>>('POST', '/passkeys/options'),
  addPasskey: (name: string, response: object) => call<Passkey>('POST', '/passkeys', { json: { name, response } }),
  removePasskey: (passkeyId: string, keepalive = false) => call<void>('DELETE', `/passkeys/${id(passkeyId)}`, { keepalive }),

  /** Says that a customer is asked now; gives the notice to show. Refused for a time after a "no". */
  askConsent: (customerId: string) => call<Notice>('POST', `/customers/${id(customerId)}/consents/ask`),
  refuseConsent: (customerId: string) => call<Refusal>('POST', `/customers/${id(customerId)}/consents/refuse`),
  giveConsent: (customerId: string, request: ConsentRequest) =>
    call<Consent>('POST', `/customers/${id(customerId)}/consents`, { json: request }),
  /** Without `purposes`: all of them. */
  withdrawConsent: (customerId: string, purposes?: readonly Purpose[]) =>
    call<WithdrawalReceipt>('POST', `/customers/${id(customerId)}/consents/withdraw`, { json: purposes ? { purposes } : {} }),
  consentLink: (customerId: string) => call<ConsentLink>('POST', `/customers/${id(customerId)}/consents/link`),
  consentCopy: (consentId: string) => callFile(`/consents/${id(consentId)}/copy.pdf`),
  /** Those under way. */
  deletions: () => call<Deletion[]>('GET', '/deletions'),
  deletion: (deletionId: string) => call<DeletionStatus>('GET', `/deletions/${id(deletionId)}`),
  deletionReceipt: (deletionId: string) => callFile(`/deletions/${id(deletionId)}/receipt.pdf`),

  startEnrolment: (customerId: string) =>
    call<EnrolmentProgress>('POST', `/customers/${id(customerId)}/enrolments`),
  sendPhoto: (enrolmentId: string, jpeg: Blob) =>
    call<EnrolmentProgress>('POST', `/enrolments/${id(enrolmentId)}/photos`, { jpeg }),
  finishEnrolment: (enrolmentId: string, choices: EnrolmentFinish) =>
    call<Enrolled>('POST', `/enrolments/${id(enrolmentId)}/finish`, { json: choices }),
  dropEnrolment: (enrolmentId: string) =>
    call<void>('DELETE', `/enrolments/${id(enrolmentId)}`, { keepalive: true }),

  recognition: () => call<RecognitionQuality>('GET', '/recognition'),
  setFpir: (choice: FpirChoice) => call<RecognitionQuality>('PUT', '/recognition/fpir', { json: choice }),

  arrive: (customerId: string, by: 'by_hand' | 'scanned' = 'by_hand') => call<VisitCard>('POST', '/visits', { json: { customerId, by } }),
  serve: (visitId: string) => call<VisitCard>('POST', `/visits/${id(visitId)}/serve`),
  closeVisit: (visitId: string, keepalive = false) =>
    call<void>('POST', `/visits/${id(visitId)}/close`, { keepalive }),
  answer: (sightingId: string, answer: SightingAnswer['answer']) =>
    call<void>('POST', `/sightings/${id(sightingId)}/answer`, { json: { answer } }),
} as const;
