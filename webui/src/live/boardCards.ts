import type { VisitCard } from '../contract.js';
import type { EndReason, LiveState } from './applyLiveMessage.js';

/** `ended`: why the visit is over; null: it goes on. */
export interface BoardCard { readonly visit: VisitCard; readonly ended: EndReason | null }

export interface Hands {
  /** Whoever looks at this iPad. */
  readonly me: string | undefined;
  /** Visits with a sheet open: their card stays when the visit ends, so that nothing closes under a hand. */
  readonly held: ReadonlySet<string>;
  /** Ended visits whose card was put away. */
  readonly read: ReadonlySet<string>;
  /** Somebody acts on a card: none goes. */
  readonly still: boolean;
  /** Somebody reads the board: cards keep their places, and what comes in stands behind. */
  readonly placed: boolean;
}

/** Handed to this person, who has not taken the customer up. */
const isForMe = ({ handedOver }: VisitCard, me: string | undefined): boolean => me !== undefined && handedOver?.to?.id === me;
/** By itself: nobody said so who knew of the hand-over. */
const UNNOTICED: readonly EndReason[] = ['left', 'day_over'];
/** They were here. What was wrong from the start, or was withdrawn, goes at once, under whatever hand. */
const WERE_HERE: readonly EndReason[] = [...UNNOTICED, 'by_hand'];
/** The card named somebody else than who was there. */
export const isConfusion = (reason: EndReason | null): boolean => reason === 'not_this_person' || reason === 'corrected';

/**
 * The cards as they are to stand: first those that wait for this person (served, or handed over to them), then the newest arrival.
 * What a colleague said with a hand-over stays, when the visit ends before it was taken up, until it was read; never longer than the box
 * lets it be shown, whatever is open.
 * @param before as they stand now
 * @param open visits that go on, newest first
 * @param why the visits that ended; a card of one that is not among them goes
 */
export function boardCards(before: readonly BoardCard[], open: readonly VisitCard[], why: LiveState['ended'], { me, held, read, still, placed }: Hands): BoardCard[] {
  const going = open.map((visit) => ({ visit, ended: null }));
  const over = before.flatMap(({ visit }): BoardCard[] => {
    const end = why.find(({ visitId }) => visitId === visit.visitId);
    if (end === undefined || end.shown === 'no' || open.some(({ visitId }) => visitId === visit.visitId)) return [];
    const isUnread = UNNOTICED.includes(end.reason) && isForMe(visit, me) && Boolean(visit.handedOver?.note)
      && !open.some(({ handedOver }) => handedOver?.at === visit.handedOver?.at);
    const waits = end.shown === 'on' && !read.has(visit.visitId) && (isUnread || (still && WERE_HERE.includes(end.reason)));
    return held.has(visit.visitId) || waits ? [{ visit, ended: end.reason }] : [];
  });
  const first = ({ visit, ended }: BoardCard): number => Number(ended !== null || visit.adviser?.id === me || isForMe(visit, me));
  const sorted: BoardCard[] = [...going, ...over].sort((a, b) => first(b) - first(a));
  if (!placed) return sorted;
  const place = new Map(before.map(({ visit }, index) => [visit.visitId, index]));
  const placeOf = ({ visit }: BoardCard): number => place.get(visit.visitId) ?? before.length;
  return sorted.sort((a, b) => placeOf(a) - placeOf(b));
}

/**
 * What becomes of hand-over words that were typed when the visit ended: nobody will be asked for them here again. Of a visit that was theirs
 * they wait in the note of the dossier; of a confusion they are not about this customer, and whoever typed them decides.
 * @param note what waits there already
 */
export function wordsLeft(said: string, reason: EndReason | null, note: unknown): { readonly note: string } | 'theirs' | null {
  if (reason === null || said === '') return null;
  return isConfusion(reason) ? 'theirs' : { note: [note, said].filter(Boolean).join('\n') };
}
