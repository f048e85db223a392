import type { VisitCard } from '../contract.js';
import type { EndReason, LiveState } from './applyLiveMessage.js';

/** `ended`: why the visit is over; null: it goes on. */
export interface BoardCard { readonly visit: VisitCard; readonly ended: EndReason | null }

export interface Hands {
  /** Whoever looks at this iPad. */
  readonly me: string | undefined;
  /** Visits with a sheet open: their card stays when the visit ends, so that nothing closes under a hand. */
  readonly held: ReadonlySet<string>;
  /** Messages of an ended visit that were read. */
  readonly read: ReadonlySet<string>;
  /** Somebody acts on a card: none moves, and what comes in stands behind. */
  readonly still: boolean;
}

/** Handed to this person, who has not taken the customer up. */
const isForMe = ({ handedOver }: VisitCard, me: string | undefined): boolean => me !== undefined && handedOver?.to?.id === me;
/** By itself: nobody said so who knew of the hand-over. */
const UNNOTICED: readonly EndReason[] = ['left', 'day_over'];

/**
 * The cards as they are to stand: first those that wait for this person (served, or handed over to them), then the newest arrival.
 * What a colleague said with a hand-over stays, when the visit ends before it was taken up, until it was read.
 * @param before as they stand now
 * @param open visits that go on, newest first
 */
export function boardCards(before: readonly BoardCard[], open: readonly VisitCard[], why: LiveState['ended'], { me, held, read, still }: Hands): BoardCard[] {
  const going = open.map((visit) => ({ visit, ended: null }));
  const over = before.flatMap(({ visit, ended }) => {
    if (open.some(({ visitId }) => visitId === visit.visitId)) return [];
    const reason = ended ?? why.find(({ visitId }) => visitId === visit.visitId)?.reason ?? null;
    const unread = reason !== null && UNNOTICED.includes(reason) && isForMe(visit, me) && visit.handedOver?.note
      && !read.has(visit.visitId) && !open.some(({ handedOver }) => handedOver?.at === visit.handedOver?.at);
    return held.has(visit.visitId) || unread ? [{ visit, ended: reason ?? 'left' }] : [];
  });
  const first = ({ visit, ended }: BoardCard): number => Number(ended !== null || visit.adviser?.id === me || isForMe(visit, me));
  const sorted: BoardCard[] = [...going, ...over].sort((a, b) => first(b) - first(a));
  if (!still) return sorted;
  const place = new Map(before.map(({ visit }, index) => [visit.visitId, index]));
  const placeOf = ({ visit }: BoardCard): number => place.get(visit.visitId) ?? before.length;
  return sorted.sort((a, b) => placeOf(a) - placeOf(b));
}
