/** Which page somebody may be on, from what is known about the iPad, the box and the session. Pure: the router asks. */
import type { Role, Session } from '../contract.js';
import { homeOf, mayOpen } from './permissions.js';

export interface Standing {
  /** null: the box has not answered. */
  readonly box: { readonly devicePaired: boolean; readonly ownerNeeded: boolean } | null;
  readonly scope: Session['scope'] | null;
  /** Of who is signed in; null: nobody. */
  readonly role: Role | null;
  /** A customer holds this iPad for an enrolment. */
  readonly handedOver: boolean;
  /** It stands at a fixed station, not at the front desk. */
  readonly atStation: boolean;
}
export type Door = 'pair' | 'sign-in' | 'front-desk' | 'station' | 'hand-back' | 'board' | 'privacy' | 'box' | 'settings';

/**
 * The page somebody is sent to instead of `page`; null: stay. While a customer holds the iPad every page leads to the
 * hand-back screen: the box has narrowed the session, and this page remembers it while the box cannot be reached.
 */
export function doorFor(page: string, { box, scope, role, handedOver, atStation }: Standing): Door | null {
  const only = (door: Door): Door | null => (page === door ? null : door);
  if (!box) return handedOver ? only('hand-back') : null; // App says that the box cannot be reached
  if (!box.devicePaired || box.ownerNeeded) return only('pair');
  if (!scope || !role) return only('sign-in');
  if (scope === 'front_desk') return only(atStation ? 'station' : 'front-desk');
  if (handedOver || scope === 'handed_over') return only('hand-back');
  if (['pair', 'sign-in', 'front-desk', 'station', 'hand-back'].includes(page)) return homeOf(role);
  return mayOpen(role, page) ? null : homeOf(role);
}

/** An address of this page to go on to, taken from the address bar; anything else is refused. */
export function safeNext(next: unknown): string | null {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : null;
}
