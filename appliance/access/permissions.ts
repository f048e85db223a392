import { PERMISSIONS, type Permission, type Role, type SESSION_SCOPES } from '../contract/index.js';

export type Scope = (typeof SESSION_SCOPES)[number];

/** What an iPad may still do that stands in front of customers, or is in the hands of one: there with that customer's own only. */
const NARROWED = { front_desk: ['front_desk', 'own_session'], handed_over: ['enrol', 'own_session'] } as const satisfies Partial<Record<Scope, readonly Permission[]>>;

/** Whether somebody of this role may, in a session of this scope. */
export function may(who: { role: Role; scope: Scope }, permission: Permission): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission];
  const narrowed: readonly Permission[] | null = who.scope === 'staff' ? null : NARROWED[who.scope];
  return roles.includes(who.role) && (narrowed === null || narrowed.includes(permission));
}
