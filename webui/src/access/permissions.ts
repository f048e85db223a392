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

/** What a page needs; pages that are not here are open to everybody signed in. */
const NEEDED: Readonly<Record<string, Permission>> = {
  board: 'serve', 'look-up': 'serve', enrol: 'enrol', customers: 'read_dossier', dossier: 'read_dossier',
};

export function mayOpen(role: Role, page: string): boolean {
  const needed = page.startsWith('privacy') ? 'privacy_office' : NEEDED[page];
  return needed === undefined || roleMay(role, needed);
}

/** Where a role begins, and where it is sent when a page is not for it. */
export function homeOf(role: Role): 'board' | 'privacy' | 'settings' {
  if (roleMay(role, 'serve')) return 'board';
  return roleMay(role, 'privacy_office') ? 'privacy' : 'settings';
}
