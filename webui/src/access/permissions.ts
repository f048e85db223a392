import { PERMISSIONS, type Permission, type Role } from '../contract.js';

/** Whether a role has a permission. */
export function roleMay(role: Role, permission: Permission): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission];
  return roles.includes(role);
}

/** What a page needs; pages that are not here are open to everybody signed in. */
const NEEDED: Readonly<Record<string, Permission>> = {
  board: 'serve', 'look-up': 'serve', enrol: 'enrol', customers: 'read_dossier', products: 'arrange_desk', dossier: 'read_dossier', 'settings-greetings': 'arrange_desk', 'settings-fields': 'arrange_desk', box: 'look_after_box', 'box-export': 'see_export', 'box-export-day': 'see_export',
};

export function mayOpen(role: Role, page: string): boolean {
  const needed = page.startsWith('privacy') ? 'privacy_office' : NEEDED[page];
  return needed === undefined || roleMay(role, needed);
}

/** Where a role begins, and where it is sent when a page is not for it. */
export function homeOf(role: Role): 'board' | 'privacy' | 'box' | 'settings' {
  if (roleMay(role, 'serve')) return 'board';
  if (roleMay(role, 'privacy_office')) return 'privacy';
  return roleMay(role, 'look_after_box') ? 'box' : 'settings';
}
