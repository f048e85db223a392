/** Which page somebody may be on, from what is known about the iPad, the box and the session. Pure: the router asks. */
export interface Standing {
  /** null: the box has not answered. */
  readonly box: { readonly devicePaired: boolean; readonly ownerNeeded: boolean } | null;
  readonly scope: 'staff' | 'front_desk' | null;
  /** A customer holds this iPad for an enrolment. */
  readonly handedOver: boolean;
}
export type Door = 'pair' | 'sign-in' | 'front-desk' | 'hand-back' | 'board';

/**
 * The page somebody is sent to instead of `page`; null: stay. While a customer holds the iPad every page leads to the
 * hand-back screen. That is a lock of this page, not of the box: the session of the staff goes on behind it.
 */
export function doorFor(page: string, { box, scope, handedOver }: Standing): Door | null {
  const only = (door: Door): Door | null => (page === door ? null : door);
  if (!box) return handedOver ? only('hand-back') : null; // App says that the box cannot be reached
  if (!box.devicePaired || box.ownerNeeded) return only('pair');
  if (!scope) return only('sign-in');
  if (scope === 'front_desk') return only('front-desk');
  if (handedOver) return only('hand-back');
  return ['pair', 'sign-in', 'front-desk', 'hand-back'].includes(page) ? 'board' : null;
}

/** An address of this page to go on to, taken from the address bar; anything else is refused. */
export function safeNext(next: unknown): string | null {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : null;
}
