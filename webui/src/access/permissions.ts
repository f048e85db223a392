import type { Role } from '../contract.js';

/** Who may do what: the box's own table (appliance/access/permissions.ts), kept equal by a test. The box decides; the page hides. */
export const PERMISSIONS = {
  serve: ['manager', 'associate'],
  front_desk: ['manager', 'associate'],
  enrol: ['manager', 'associate'],
  withdraw: ['manager', 'associate', 'privacy_officer'],
  read_notice: ['manager', 'associate', 'privacy_officer'],
  read_dossier: ['manager', 'associate', 'privacy_officer'],
  correct_dossier: ['manager', 'associate', 'privacy_officer'],
  edit_notice: ['privacy_officer'],
  read_audit: ['privacy_officer'],
  privacy_office: ['privacy_officer'],
  manage_staff: ['manager'],
  tune_recognition: ['manager'],
  manage_devices: ['manager', 'it'],
  health: ['manager', 'associate', 'privacy_officer', 'it'],
  own_passkeys: ['manager', 'associate', 'privacy_officer', 'it'],
  own_session: ['manager', 'associate', 'privacy_officer', 'it'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

/** Whether a role has a permission. */
export function roleMay(role: Role, permission: Permission): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission];
  return roles.includes(role);
}
