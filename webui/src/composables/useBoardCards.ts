import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue';
import { boardCards, type BoardCard } from '../live/boardCards.js';
import { useLive } from '../stores/live.js';
import { useSession } from '../stores/session.js';
import { useToasts } from '../stores/toasts.js';
import { useWords } from './useWords.js';

/** Long enough to read what a tap has changed, and to tap again. */
const STILL_MS = 8_000;

/** For so long whoever opened the board, or touched it, reads on and reaches for a card where it stood. */
const PLACED_MS = 60_000;
/** A finger that was on its way when the cards moved must not land on another one's button; they take 500 ms to settle. */
const MOVED_MS = 800;

/** The cards of the board; they do not go while somebody acts on one, and keep their places while somebody reads. */
export function useBoardCards() {
  const live = useLive();
  const access = useSession();
  const toasts = useToasts();
  const { t } = useWords();
  const cards = shallowRef<BoardCard[]>([]);
  const held = ref<ReadonlySet<string>>(new Set());
  const read = ref<ReadonlySet<string>>(new Set());
  const [touched, keepStill] = useWhile(STILL_MS);
  const [reading, keepPlaces] = useWhile(PLACED_MS);
  const [moved, shift] = useWhile(MOVED_MS);

  const hands = computed(() => {
    const still = touched.value || held.value.size > 0;
    return { me: access.session?.staff.id, held: held.value, read: read.value, still, placed: still || reading.value };
  });
  keepPlaces();
  watch([() => live.visits, hands], () => {
    const before = cards.value;
    cards.value = boardCards(before, live.visits, live.state.ended, hands.value);
    if (before.some(({ visit }, place) => cards.value.findIndex((card) => card.visit.visitId === visit.visitId) !== place)) shift();
    const isClosed = before.some(({ visit, ended }) => ended !== null && held.value.has(visit.visitId) && !cards.value.some((card) => card.visit.visitId === visit.visitId));
    if (isClosed) toasts.say(t('during.takenAway'), 'problem');
  }, { immediate: true });

  /** A hand is on a card. */
  function touch(): void {
    keepStill();
    keepPlaces();
  }
  /** A sheet of the visit opens or closes. */
  function hold(visitId: string, isOpen: boolean): void {
    held.value = new Set([...held.value].filter((id) => id !== visitId).concat(isOpen ? visitId : []));
    touch();
  }
  const dismiss = (visitId: string): void => void (read.value = new Set([...read.value, visitId]));
  return { cards, still: computed(() => hands.value.still), moved, touch, hold, dismiss, shift };
}

/** True from each call of the function until that long after. */
function useWhile(ms: number): [Readonly<Ref<boolean>>, () => void] {
  const on = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => clearTimeout(timer));
  return [on, () => {
    clearTimeout(timer);
    on.value = true;
    timer = setTimeout(() => (on.value = false), ms);
  }];
}
