import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { boardCards, type BoardCard } from '../live/boardCards.js';
import { useLive } from '../stores/live.js';
import { useSession } from '../stores/session.js';
import { useToasts } from '../stores/toasts.js';
import { useWords } from './useWords.js';

/** Long enough to read what a tap has changed, and to tap again. */
const STILL_MS = 8_000;

/** The cards of the board; they do not move, or go, while somebody acts on one. */
export function useBoardCards() {
  const live = useLive();
  const access = useSession();
  const toasts = useToasts();
  const { t } = useWords();
  const cards = shallowRef<BoardCard[]>([]);
  const held = ref<ReadonlySet<string>>(new Set());
  const read = ref<ReadonlySet<string>>(new Set());
  const touched = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const hands = computed(() => ({ me: access.session?.staff.id, held: held.value, read: read.value, still: touched.value || held.value.size > 0 }));
  watch([() => live.visits, hands], () => {
    const before = cards.value;
    cards.value = boardCards(before, live.visits, live.state.ended, hands.value);
    const isClosed = before.some(({ visit, ended }) => ended !== null && held.value.has(visit.visitId) && !cards.value.some((card) => card.visit.visitId === visit.visitId));
    if (isClosed) toasts.say(t('during.takenAway'), 'problem');
  }, { immediate: true });

  /** A hand is on a card. */
  function touch(): void {
    clearTimeout(timer);
    touched.value = true;
    timer = setTimeout(() => (touched.value = false), STILL_MS);
  }
  /** A sheet of the visit opens or closes. */
  function hold(visitId: string, isOpen: boolean): void {
    held.value = new Set([...held.value].filter((id) => id !== visitId).concat(isOpen ? visitId : []));
    touch();
  }
  const dismiss = (visitId: string): void => void (read.value = new Set([...read.value, visitId]));
  onScopeDispose(() => clearTimeout(timer));
  return { cards, still: computed(() => hands.value.still), touch, hold, dismiss };
}
