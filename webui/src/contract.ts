/**
 * The page's only window on the box: the types of appliance/contract, and its few constants said again with the
 * contract's own literal types, so that a difference does not compile. (Importing them would pull in typebox.)
 */
import type { Static } from 'typebox';
import type {
  CAMERA_RANGES as CameraRangesOf,
  CLOSE as CloseOf,
  EnrolmentFinish as EnrolmentFinishOf,
  GUARDIAN_RELATIONS as GuardianRelationsOf,
  LANGUAGES as LanguagesOf,
  LINK_HEADER as LinkHeaderOf,
  MAX_FRAME_BYTES as MaxFrameBytesOf,
  NOTICE_FIELDS as NoticeFieldsOf,
  POSES as PosesOf,
  PROTOCOL_VERSION as ProtocolVersionOf,
  PURPOSES as PurposesOf,
} from '../../appliance/contract/index.js';

export type {
  BoxHealth, BoxInfo, CameraFace, CameraMessage, CameraMode, CameraRange, CameraResult, CandidateCard, CaptureHint, Consent,
  ConsentLink, ConsentRequest, CustomerChange, CustomerCreate, CustomerFields, CustomerSummary, Deletion, Device, Dossier, DossierReason, Enrolled,
  EnrolmentProgress, ErrorBody, ErrorCode, FollowUp, FollowUpRequest, FpirChoice, Language, LiveMessage, LiveRequest, Note,
  Notice, OwnConsent, OwnerRequest, PairingCode, PairRequest, Passkey, Pose, Purpose, RecognitionQuality, Refusal, Role, Session,
  ShareEstimate, SightingAnswer, Signature, StaffMember, StaffRequest, TemplateInfo, Visit, VisitCard, WithdrawalReceipt,
  WithdrawalRequest,
} from '../../appliance/contract/index.js';

export type EnrolmentFinish = Static<typeof EnrolmentFinishOf>;
export const PROTOCOL_VERSION: typeof ProtocolVersionOf = 1;
export const LANGUAGES: typeof LanguagesOf = ['zh-CN', 'en'];
export const PURPOSES: typeof PurposesOf = ['recognise', 'greet', 'preferences', 'contact', 'keep_photo', 'refresh'];
export const GUARDIAN_RELATIONS: typeof GuardianRelationsOf = ['mother', 'father', 'other'];
export const LINK_HEADER: typeof LinkHeaderOf = 'x-portico-link';
export const POSES: typeof PosesOf = ['front', 'left', 'right'];
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
