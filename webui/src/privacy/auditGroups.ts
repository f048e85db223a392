/** The actions of the audit log in groups, for the filter; one that is in no group does not compile. */
import type { AuditAction } from '../contract.js';

export const AUDIT_GROUPS = {
  access: [
    'signed_in', 'sign_in_failed', 'pin_locked', 'signed_out', 'session_locked', 'pin_set', 'passkey_added', 'passkey_removed', 'device_paired', 'device_removed',
    'pairing_code_made', 'owner_made', 'staff_added', 'staff_removed', 'front_desk_started', 'setting_changed',
  ],
  customers: [
    'dossier_opened', 'customer_created', 'customer_changed', 'customers_merged', 'merge_undone', 'note_added', 'visit_written', 'visit_closed',
    'template_enrolled', 'template_reverted', 'tag_added', 'tag_removed', 'member_code_made', 'member_code_ended', 'customer_scanned',
    'duplicate_dismissed', 'visit_handed_over', 'visit_rejected', 'purchase_added', 'purchase_returned', 'purchase_taken_back', 'file_added', 'file_opened', 'file_removed', 'customers_exported', 'customer_restricted', 'customer_released', 'dossier_erased',
  ],
  consent: [
    'ipad_handed_over', 'consent_asked', 'consent_given', 'consent_refused', 'consent_ask_blocked', 'consent_narrowed', 'consent_ended', 'consent_copied', 'consent_link_made',
    'face_deleted', 'deletion_completed', 'deletion_replayed', 'gallery_rekeyed', 'notice_published',
  ],
  office: [
    'request_received', 'request_closed', 'access_copy_made', 'recognition_explained', 'assessment_recorded', 'mode_changed', 'station_changed', 'signage_signed',
    'retention_changed', 'retention_ran', 'breach_recorded', 'breach_notices_made', 'audit_exported', 'audit_pack_made', 'audit_pruned',
    'backup_made', 'backup_failed', 'backup_restored',
    'release_made', 'release_skipped', 'release_sent', 'release_given_up', 'release_sent_again', 'release_opened', 'release_compared', 'team_changed',
  ],
} as const satisfies Record<string, readonly AuditAction[]>;

type Grouped = (typeof AUDIT_GROUPS)[keyof typeof AUDIT_GROUPS][number];
export const everyActionIsInAGroup: [Exclude<AuditAction, Grouped>] extends [never] ? true : Exclude<AuditAction, Grouped> = true;
