/**
 * The page's only window on the box: the types of appliance/contract, and its few constants said again with the
 * contract's own literal types, so that a difference does not compile. (Importing them would pull in typebox.)
 */
import type { Static } from 'typebox';
import type {
  AGE_MS_MAX as AgeMsMaxOf,
  APPOINTMENT_STATES as AppointmentStatesOf,
  ANSWER_WORKDAYS as AnswerWorkdaysOf,
  ASSESSMENT_FIELDS as AssessmentFieldsOf,
  BACKUP_ERRORS as BackupErrorsOf,
  BREACH_KINDS as BreachKindsOf,
  CAMERA_RANGES as CameraRangesOf,
  CLOSE as CloseOf,
  CONTACT_WAYS as ContactWaysOf,
  DATE_KINDS as DateKindsOf,
  EnrolmentFinish as EnrolmentFinishOf,
  DOSSIER_REASONS as DossierReasonsOf,
  FILING_AT as FilingAtOf,
  GUARDIAN_RELATIONS as GuardianRelationsOf,
  LANGUAGES as LanguagesOf,
  LINES_MAX as LinesMaxOf,
  LINK_HEADER as LinkHeaderOf,
  MAX_FRAME_BYTES as MaxFrameBytesOf,
  MINOR_MAX as MinorMaxOf,
  MODE_OBSTACLES as ModeObstaclesOf,
  NO_TEAM as NoTeamOf,
  NO_TIER as NoTierOf,
  NOTICE_FIELDS as NoticeFieldsOf,
  POSES as PosesOf,
  PROTOCOL_VERSION as ProtocolVersionOf,
  PRIVACY_TASKS as PrivacyTasksOf,
  PURPOSES as PurposesOf,
  RECOGNITION_MODES as RecognitionModesOf,
  REQUEST_KINDS as RequestKindsOf,
  REQUEST_OUTCOMES as RequestOutcomesOf,
  ROLES as RolesOf,
  SIGNAGE_ITEMS as SignageItemsOf,
  VISIT_STAGES as VisitStagesOf,
  TICKET_STATES as TicketStatesOf,
  WARNING_AT as WarningAtOf,
} from '../../appliance/contract/index.js';

export type {
  BoxHealth, BoxInfo, CameraFace, CameraMessage, CameraMode, CameraRange, CameraResult, CandidateCard, CaptureHint, Consent,
  ConsentLink, ConsentRequest, CustomerChange, CustomerCreate, CustomerFields, CustomerSummary, Deletion, DeletionStatus, Device, Dossier, DossierReason, Enrolled,
  EnrolmentProgress, ErrorBody, ErrorCode, FollowUp, FollowUpRequest, FpirChoice, KeySet, Language, LiveMessage, LiveRequest, Note,
  Notice, OwnConsent, OwnerRequest, PairingCode, PairRequest, Passkey, Pose, Purpose, RecognitionQuality, Refusal, Role, Session,
  ShareEstimate, SightingAnswer, Signature, StaffMember, StaffRequest, TemplateInfo, Visit, VisitCard, WithdrawalReceipt,
  WithdrawalRequest,
} from '../../appliance/contract/index.js';

// The clienteling desk.
export type {
  Appointment, AppointmentChange, AppointmentRequest, CardFact, CardSlot, Companion, ContactWay, DayAppointment, DraftsKey, Duplicate, FieldData, FieldHistory, FieldKind, FieldQuery,
  FieldValue, FieldValuesChange, FormerFieldValue, GreetingChange, GreetingWords, HandOver, ListedProduct, Look, MemberCodeLink, OwnField, OwnForm, OwnFormChange, OwnMemberCode, Product, ProductChange,
  ProductCreate, ProductImport, Purchase, PurchaseRequest, QuickNote, Rejection, ReturnRequest, ScanFound, Service, Size, LookRequest, StageMark, StoredFile, Suggestion, SuggestionKind, SuggestionVerdict, Tag, Taste, Ticket, TicketChange,
  NoteRequest, TicketRequest, VisitStage, Wish, WishRequest, Words, YearlyDate,
} from '../../appliance/contract/index.js';

// The box, for IT.
export type { BackupRun, Backups, BoxCheck, BoxReport, CheckId, CheckState } from '../../appliance/contract/index.js';
export type BackupError = (typeof BackupErrorsOf)[number];

// Head office's nightly release.
export type {
  ExportComparison, ExportDay, ExportDelivery, ExportDetail, ExportError, ExportState, ExportTarget, ReleasedCell, ReleaseParameters, ReleaseTable, ReleaseTableSpec, SkipReason,
  StageCell, StaffTeams, VisitorCell,
} from '../../appliance/contract/index.js';

// The privacy office.
export type {
  Assessment, AssessmentRequest, AuditAction, AuditEntry, AuditPage, AuditVerification, Breach, BreachRequest, Explanation, ModeState,
  NoticeDraft, NoticeDraftState, NoticeVersion, PrivacyOverview, RecognitionMode, RecordKind, RequestClosing, Restriction, RetentionKind, RetentionRule, RetentionTable,
  RightsRequest, RightsRequestNew, RunnableStation, Station, StationRequest, StoredPersons, Zone,
} from '../../appliance/contract/index.js';

/** Who may do what: the box's own table, as it is. */
export { PERMISSIONS, type Permission } from '../../appliance/contract/permissions.js';
/** How days of the year are reckoned, as the box does. */
export { daysBetween, isYearlyDate, nextOccurrence } from '../../appliance/contract/yearlyDates.js';

export type EnrolmentFinish = Static<typeof EnrolmentFinishOf>;
export const PROTOCOL_VERSION: typeof ProtocolVersionOf = 1;
export const AGE_MS_MAX: typeof AgeMsMaxOf = 604_800_000;
export const LANGUAGES: typeof LanguagesOf = ['zh-CN', 'en'];
export const PURPOSES: typeof PurposesOf = ['recognise', 'greet', 'preferences', 'contact', 'keep_photo', 'refresh'];
export const GUARDIAN_RELATIONS: typeof GuardianRelationsOf = ['mother', 'father', 'other'];
export const LINK_HEADER: typeof LinkHeaderOf = 'x-portico-link';
export const POSES: typeof PosesOf = ['front', 'left', 'right'];
/** The most frequent first. */
export const ROLES: readonly (typeof RolesOf)[number][] = ['associate', 'manager', 'privacy_officer', 'it'];
export const NOTICE_FIELDS: typeof NoticeFieldsOf = [
  'handler', 'contact', 'purpose', 'method', 'kinds', 'retention', 'necessity', 'impact', 'rights',
];
export const CAMERA_RANGES: typeof CameraRangesOf = ['near', 'far'];
export const MAX_FRAME_BYTES: typeof MaxFrameBytesOf = 4_000_000;
export const MINOR_MAX: typeof MinorMaxOf = 1e13;
export const CLOSE: typeof CloseOf = {
  wrongVersion: 4426,
  notAllowed: 4403,
  sessionEnded: 4401,
  flood: 4429,
  tooSlow: 4408,
  goingAway: 1001,
};

export const VISIT_STAGES: typeof VisitStagesOf = ['discover', 'register', 'arrive', 'attract', 'complete', 'reflect'];
export const TICKET_STATES: typeof TicketStatesOf = ['open', 'waiting', 'ready', 'done'];
export const APPOINTMENT_STATES: typeof AppointmentStatesOf = ['planned', 'kept', 'missed', 'cancelled'];
export const CONTACT_WAYS: typeof ContactWaysOf = ['phone', 'sms', 'wechat', 'email'];
export const DATE_KINDS: typeof DateKindsOf = ['birthday', 'anniversary', 'other'];
export const LINES_MAX: typeof LinesMaxOf = { facts: 3, doNot: 5, allergies: 8, likes: 12, dislikes: 12, sizes: 12, dates: 8, companions: 8 };
export const DOSSIER_REASONS: typeof DossierReasonsOf = ['visit', 'search', 'enrolment', 'follow_up', 'rights', 'edit'];
export const RECOGNITION_MODES: typeof RecognitionModesOf = ['off', 'opt_in', 'fixed_station'];
export type ModeObstacle = (typeof ModeObstaclesOf)[number];
export const SIGNAGE_ITEMS: typeof SignageItemsOf = [
  'sign_at_entrance', 'sign_at_camera', 'sign_names_handler', 'way_round', 'no_private_space', 'staff_instructed',
];
export type SignageItem = (typeof SignageItemsOf)[number];
export const ASSESSMENT_FIELDS: typeof AssessmentFieldsOf = ['purpose', 'impact', 'risks', 'measures', 'conclusion'];
export type AssessmentField = (typeof AssessmentFieldsOf)[number];
export const REQUEST_KINDS: typeof RequestKindsOf = ['access', 'correct', 'restrict', 'delete', 'explain', 'complaint'];
export const ANSWER_WORKDAYS: typeof AnswerWorkdaysOf = 15;
export type RequestKind = (typeof RequestKindsOf)[number];
export const REQUEST_OUTCOMES: typeof RequestOutcomesOf = ['done', 'partly', 'refused', 'withdrawn_by_person'];
export type RequestOutcome = (typeof RequestOutcomesOf)[number];
export const BREACH_KINDS: typeof BreachKindsOf = ['template', 'photo', 'contact', 'visits', 'notes', 'purchases', 'files', 'signature'];
export type BreachKind = (typeof BreachKindsOf)[number];
export const NO_TIER: typeof NoTierOf = 'other';
export const NO_TEAM: typeof NoTeamOf = 'none';
export const FILING_AT: typeof FilingAtOf = 100_000;
export const WARNING_AT: typeof WarningAtOf = 80_000;
export type PrivacyTask = (typeof PrivacyTasksOf)[number];
export type NoticeField = (typeof NoticeFieldsOf)[number];
