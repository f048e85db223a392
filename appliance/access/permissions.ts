import { PERMISSIONS, type Permission, type Role } from '../contract/index.js';

/** What an iPad that stands in front of customers may still do. */
const AT_FRONT_DESK: readonly Permission[] = ['front_desk', 'own_session'];

/** Whether somebody of this role may, in a session of this scope. */
export function may(who: { role: Role; scope: 'staff' | 'front_desk' }, permission: Permission): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission];
  return roles.includes(who.role) && (who.scope === 'staff' || AT_FRONT_DESK.includes(permission));
}
