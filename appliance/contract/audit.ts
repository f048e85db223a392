/** The audit chain on the wire. */
import { Type, type Static } from 'typebox';
import { closed, Id, Instant, Nullable, OneOf } from './base.js';

/** Everything that is written down, in the past tense. */
export const AUDIT_ACTIONS = [
  // access
  'device_paired', 'device_removed', 'pairing_code_made', 'owner_made', 'staff_added', 'staff_removed', 'pin_set', 'signed_in', 'sign_in_failed',
  'pin_locked', 'signed_out', 'session_locked', 'front_desk_started', 'ipad_handed_over', 'passkey_added', 'passkey_removed', 'audit_exported', 'audit_pruned',
  // customers
  'dossier_opened', 'customer_created', 'customer_changed', 'customers_merged', 'merge_undone', 'note_added', 'visit_written', 'visit_closed',
  'template_enrolled', 'template_reverted',
  'tag_added', 'tag_removed', 'member_code_made', 'member_code_ended', 'customer_scanned', 'duplicate_dismissed', 'visit_handed_over', 'visit_rejected', 'purchase_added', 'purchase_returned', 'purchase_taken_back',
  'file_added', 'file_opened', 'file_removed', 'customers_exported', 'customer_restricted', 'customer_released', 'dossier_erased',
  // consent
  'notice_published', 'consent_asked', 'consent_refused', 'consent_ask_blocked', 'consent_given', 'consent_narrowed', 'consent_ended', 'consent_copied', 'consent_link_made',
  'face_deleted', 'deletion_completed', 'deletion_replayed', 'gallery_rekeyed',
  // privacy office
  'request_received', 'request_closed', 'access_copy_made', 'recognition_explained', 'assessment_recorded', 'mode_changed', 'station_changed', 'signage_signed',
  'retention_changed', 'retention_ran', 'breach_recorded', 'breach_notices_made', 'audit_pack_made', 'setting_changed',
  // the box
  'backup_made', 'backup_failed', 'backup_restored',
  // head office's release
  'release_made', 'release_skipped', 'release_sent', 'release_given_up', 'release_sent_again', 'release_opened', 'release_compared', 'team_changed',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Why a dossier was opened. `edit`: it was changed without having been opened before, and the answer shows it. */
export const DOSSIER_REASONS = ['visit', 'search', 'enrolment', 'follow_up', 'rights', 'edit'] as const;
export type DossierReason = (typeof DOSSIER_REASONS)[number];
export const DossierQuery = Type.Object(
  {
    why: Type.Optional(OneOf(DOSSIER_REASONS)),
    /** The page reads again by itself what it shows already: no use of the iPad, and no new opening for the log. */
    again: Type.Optional(OneOf(['true'])),
  }, closed);

export const AuditEntry = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }), at: Instant, action: OneOf(AUDIT_ACTIONS),
    /** Null: the box itself, or the customer over their own link. Ids are given as they stand there: what was written over is still shown. */
    staff: Nullable(Type.Object({ id: Type.String(), name: Type.String() }, closed)),
    device: Nullable(Type.Object({ id: Type.String(), name: Type.String() }, closed)),
    /** Which customer it was about; the name is looked up when shown and gone with the dossier. */
    customer: Nullable(Type.Object({ id: Type.String(), displayName: Nullable(Type.String()) }, closed)),
    /** Ids, codes, counts and days; never a name, number or text of a person. */
    detail: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
    /** SHA-256, hexadecimal: over the hash before it and this entry. */
    hash: Type.String(),
  },
  closed,
);
export type AuditEntry = Static<typeof AuditEntry>;
export const AuditQuery = Type.Object(
  {
    before: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,14}$' })), limit: Type.Optional(Type.String({ pattern: '^([1-9]|[1-9][0-9]|[1-4][0-9]{2}|500)$' })),
    action: Type.Optional(OneOf(AUDIT_ACTIONS)), customerId: Type.Optional(Id), staffId: Type.Optional(Id),
  },
  closed,
);
export const AuditPage = Type.Object({ entries: Type.Array(AuditEntry), more: Type.Boolean() }, closed);
export type AuditPage = Static<typeof AuditPage>;
/** Records that have to agree with what the log told of them. */
export const RECORD_KINDS = ['consents', 'notices', 'assessments', 'deletions'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];
/** Ids that are named of one kind; there may be more. */
export const BROKEN_NAMED_MAX = 100;
/** Whether everything that the log holds fast is as it was, the log itself first. */
export const AuditVerification = Type.Object(
  {
    /** Nothing below is amiss. */
    whole: Type.Boolean(),
    entries: Type.Integer({ minimum: 0 }),
    /** The first entry that is not what its hash says, or that is missing. */
    firstBroken: Nullable(Type.Integer()),
    /** The clock stands before the day on which old entries were deleted last: whether they were old enough cannot be said. */
    clockBehind: Type.Boolean(),
    head: Type.String(), checkedAt: Instant,
    records: Type.Array(Type.Object(
      {
        kind: OneOf(RECORD_KINDS), checked: Type.Integer({ minimum: 0 }),
        /** How many are not what the log tells, or are missing; and the ids of the first of them. */
        broken: Type.Integer({ minimum: 0 }), ids: Type.Array(Type.String(), { maxItems: BROKEN_NAMED_MAX }),
      }, closed)),
  },
  closed,
);
export type AuditVerification = Static<typeof AuditVerification>;
