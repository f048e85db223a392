/**
 * The page's only window on the box: the types of appliance/contract, and its few constants said again with the
 * contract's own literal types, so that a difference does not compile. (Importing them would pull in typebox.)
 */
import type { Static } from 'typebox';
import type {
  CAMERA_RANGES as CameraRangesOf,
  CLOSE as CloseOf,
  DOSSIER_REASONS as DossierReasonsOf,
  EnrolmentFinish as EnrolmentFinishOf,
  LANGUAGES as LanguagesOf,
  MAX_FRAME_BYTES as MaxFrameBytesOf,
  NOTICE_FIELDS as NoticeFieldsOf,
  POSES as PosesOf,
  PROTOCOL_VERSION as ProtocolVersionOf,
  PURPOSES as PurposesOf,
  ROLES as RolesOf,
} from '../../appliance/contract/index.js';

export type {
  BoxHealth, BoxInfo, CameraFace, CameraMessage, CameraMode, CameraRange, CameraResult, CandidateCard, CaptureHint, Consent,
  ConsentRequest, CustomerChange, CustomerCreate, CustomerFields, CustomerSummary, Device, Dossier, DossierReason, Enrolled,
  EnrolmentProgress, ErrorBody, ErrorCode, FollowUp, FollowUpRequest, FpirChoice, KeySet, Language, LiveMessage, LiveRequest, Note,
  Notice, OwnerRequest, PairingCode, PairRequest, Pose, Purpose, RecognitionQuality, Role, Session,
  ShareEstimate, SightingAnswer, Signature, StaffMember, StaffRequest, TemplateInfo, Visit, VisitCard, WithdrawalReceipt,
} from '../../appliance/contract/index.js';

export type EnrolmentFinish = Static<typeof EnrolmentFinishOf>;
export const PROTOCOL_VERSION: typeof ProtocolVersionOf = 1;
export const LANGUAGES: typeof LanguagesOf = ['zh-CN', 'en'];
export const PURPOSES: typeof PurposesOf = ['recognise', 'greet', 'preferences', 'contact', 'keep_photo', 'refresh'];
export const DOSSIER_REASONS: typeof DossierReasonsOf = ['visit', 'search', 'enrolment', 'follow_up', 'rights'];
export const POSES: typeof PosesOf = ['front', 'left', 'right'];
/** The most frequent first. */
export const ROLES: readonly (typeof RolesOf)[number][] = ['associate', 'manager', 'privacy_officer', 'it'];
export const NOTICE_FIELDS: typeof NoticeFieldsOf = [
  'handler', 'contact', 'purpose', 'method', 'kinds', 'retention', 'necessity', 'impact', 'rights',
];
export const CAMERA_RANGES: typeof CameraRangesOf = ['near', 'far'];
export const MAX_FRAME_BYTES: typeof MaxFrameBytesOf = 4_000_000;
export const CLOSE: typeof CloseOf = {
  wrongVersion: 4426,
  notAllowed: 4403,
  sessionEnded: 4401,
  flood: 4429,
  tooSlow: 4408,
  goingAway: 1001,
};
