import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { ApiError, onUnreached } from '../api/client.js';
import { greetings } from '../api/greetings.js';
import { portico } from '../api/portico.js';
import { visiting } from '../api/visits.js';
import { useSession } from './session.js';
import { useToasts } from './toasts.js';
import type { LiveMessage, Rejection, SightingAnswer, SuggestionVerdict, VisitCard } from '../contract.js';
import { applyLiveMessage, correctionOf, emptyLiveState, withAnswer, type Correction, type LiveState } from '../live/applyLiveMessage.js';
import { newLink, type Link } from '../live/connection.js';
import { LiveSocket } from '../live/liveSocket.js';

export type Arrival =
  | { readonly kind: 'handed_over'; readonly id: string; readonly customerId: string; readonly name: string }
  | { readonly kind: 'visit'; readonly id: string; readonly customerId: string; readonly name: string }
  | { readonly kind: 'candidate'; readonly id: string; readonly customerId: string; readonly name: string };

/** The right card follows the wrong one's end at once, if there is one. */
const REPLACED_WITHIN_MS = 1_500;
/** Long enough to switch apps and come back; then the socket is closed until the page is looked at again. */
const HIDDEN_MS = 60_000;
/** What happened longer before a page came back is shown, but not announced. */
const NEWS_MS = 60_000;

/** The live board: who is in the store, open questions, the health of the box, and the link to it. */
export const useLive = defineStore('live', () => {
  const session = useSession();
  const toasts = useToasts();
  const state = shallowRef<LiveState>(emptyLiveState);
  const link = shallowRef<Link>(newLink);
  /** When the page last knew that its picture was current. */
  const currentAtMs = ref<number | null>(null);
  /** Closed here but still to be undone. */
  const hidden = ref<ReadonlySet<string>>(new Set());
  /** The visit or question that the board brings into view as soon as it stands there. */
  const sought = ref<string | null>(null);
  const arrivalListeners = new Set<(arrival: Arrival) => void>();
  const correctionListeners = new Set<(correction: Correction) => void>();
  /** Cards taken back whose replacement may still come. */
  const takenBack = new Map<string, ReturnType<typeof setTimeout>>();
  const changeListeners = new Set<(customerId: string) => void>();
  const erasedListeners = new Set<(customerId: string) => void>();

  const visits = computed(() => state.value.visits.filter((visit) => !hidden.value.has(visit.visitId)));
  const candidates = computed(() => state.value.candidates);
  const loaded = computed(() => state.value.epoch !== null);

  const socket = new LiveSocket({
    origin: location.origin,
    resume: () => {
      const { epoch, revision, needsSnapshot } = state.value;
      return epoch !== null && !needsSnapshot ? { epoch, since: revision } : null;
    },
    onMessage: hear,
    onLink: (next) => (link.value = next),
    probe: () => session.probe(),
  });
  let wanted = false;
  /** Events from before that, by the box's clock, make no noise. */
  let newsFromMs = 0;
  let hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  function hear(message: LiveMessage): void {
    const before = state.value;
    const after = applyLiveMessage(before, message);
    currentAtMs.value = Date.now();
    if (message.type === 'live.resumed') newsFromMs = Date.parse(message.at) - NEWS_MS;
    if (after === before) return;
    state.value = after;
    if (after.needsSnapshot) return socket.start();
    const isNews = 'at' in message && Date.parse(message.at) >= newsFromMs;
    if (isNews) tellCorrection(correctionOf(before, message));
    announce(message, isNews);
    if (isNews) announceHandOver(before, message);
    // A dossier that is open may have missed something: it is read again.
    if (message.type === 'live.snapshot' && before.epoch !== null) after.visits.forEach((visit) => changed(visit.customerId));
  }

  /** Each event once: only those that changed the state come here, and a snapshot makes no noise. */
  function announce(message: LiveMessage, isNews: boolean): void {
    if (message.type === 'visit.opened') {
      const { visitId, customerId, displayName, salutation } = message.data.visit;
      if (isNews) emit({ kind: 'visit', id: visitId, customerId, name: salutation ?? displayName });
      changed(customerId);
    } else if (message.type === 'sighting.candidate' && isNews) {
      const { sightingId, customerId, displayName, salutation } = message.data.candidate;
      emit({ kind: 'candidate', id: sightingId, customerId, name: salutation ?? displayName });
    } else if (message.type === 'visit.updated') {
      changed(message.data.visit.customerId);
    } else if (message.type === 'visit.closed') {
      changed(message.data.customerId);
    } else if (message.type === 'customer.forgotten' && message.data.erased && message.data.customerId !== null) {
      const { customerId } = message.data;
      erasedListeners.forEach((listener) => listener(customerId));
      changed(customerId);
    }
  }

  /** Somebody handed a customer over to whoever looks at this iPad: like an arrival. */
  function announceHandOver(before: LiveState, message: LiveMessage): void {
    if (message.type !== 'visit.updated') return;
    const { visitId, customerId, displayName, salutation, handedOver } = message.data.visit;
    if (!handedOver?.to || handedOver.to.id !== session.session?.staff.id) return;
    if (before.visits.find((visit) => visit.visitId === visitId)?.handedOver?.at === handedOver.at) return;
    emit({ kind: 'handed_over', id: visitId, customerId, name: salutation ?? displayName });
  }

  /** One word for both halves: "corrected to ..." when the right card follows, else "taken back" after a moment. */
  function tellCorrection(correction: Correction | null): void {
    if (!correction) return;
    const tell = (): void => {
      takenBack.delete(correction.visitId);
      correctionListeners.forEach((listener) => listener(correction));
    };
    clearTimeout(takenBack.get(correction.visitId));
    if (correction.kind === 'replaced') return tell();
    takenBack.set(correction.visitId, setTimeout(tell, REPLACED_WITHIN_MS));
  }

  const emit = (arrival: Arrival): void => arrivalListeners.forEach((listener) => listener(arrival));
  const changed = (customerId: string): void => changeListeners.forEach((listener) => listener(customerId));

  function open(): void {
    if (wanted) return;
    wanted = true;
    socket.start();
  }

  /** The page is covered: what stands on the board waits underneath, as all else does, and is brought up to date when the same person comes back. */
  function rest(): void {
    wanted = false;
    socket.stop();
  }

  /** Forgets everything: the next person to sign in starts from a snapshot. */
  function close(): void {
    rest();
    newsFromMs = 0;
    takenBack.forEach((timer) => clearTimeout(timer));
    takenBack.clear();
    state.value = emptyLiveState;
    hidden.value = new Set();
    currentAtMs.value = null;
    sought.value = null;
  }

  function reconnect(): void {
    if (wanted) socket.start();
  }

  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiddenTimer);
    if (!wanted) return;
    if (document.visibilityState === 'hidden') hiddenTimer = setTimeout(() => socket.stop(), HIDDEN_MS);
    else if (link.value.status !== 'live') socket.start();
  });
  document.addEventListener('freeze', () => wanted && socket.stop());
  document.addEventListener('resume', () => reconnect());
  window.addEventListener('pagehide', () => {
    void toasts.flush(true);
    if (wanted) socket.stop();
  });
  window.addEventListener('pageshow', (event) => event.persisted && reconnect());
  window.addEventListener('online', () => reconnect());
  window.addEventListener('offline', () => socket.doubt());
  onUnreached(() => socket.doubt());

  /** Shows what the box answers to `request`, unless live events have overtaken it. */
  async function put(request: () => Promise<VisitCard>): Promise<VisitCard> {
    const { epoch, revision } = state.value;
    const visit = await request();
    state.value = withAnswer(state.value, visit, { epoch, revision });
    return visit;
  }

  async function serve(visitId: string): Promise<void> {
    await put(() => portico.serve(visitId));
  }

  /** What staff say to the card's suggestion; the answer shows what comes next. */
  const judge = (visitId: string, verdict: SuggestionVerdict): Promise<VisitCard> => put(() => greetings.judge(visitId, verdict));

  async function arrive(customerId: string, by: 'by_hand' | 'scanned' = 'by_hand'): Promise<VisitCard> {
    const visit = await put(() => portico.arrive(customerId, by));
    sought.value = visit.visitId;
    return visit;
  }

  /** Serves somebody who may not be on the board yet. */
  async function serveCustomer(customerId: string): Promise<void> {
    const here = visits.value.find((visit) => visit.customerId === customerId) ?? (await arrive(customerId));
    await serve(here.visitId);
  }

  /** `not_this_person`: the box also remembers that this face is somebody else's. */
  function closeVisit(
    visitId: string, why: 'by_hand' | 'not_this_person', text: string, onError: (error: unknown) => void, onRejected: (left: Rejection) => void = () => {},
  ): void {
    const send = async (id: string, keepalive: boolean): Promise<void> => {
      if (why === 'by_hand') await portico.closeVisit(id, keepalive);
      else onRejected(await visiting.notThisPerson(id, keepalive));
    };
    hidden.value = new Set([...hidden.value, visitId]);
    const show = (): void => {
      hidden.value = new Set([...hidden.value].filter((id) => id !== visitId));
    };
    toasts.undoable(
      text,
      (keepalive) =>
        send(visitId, keepalive).catch((error: unknown) => {
          show();
          // The box or another iPad was faster: the visit has ended, which is what was wanted.
          if (!(error instanceof ApiError && error.code === 'visit_closed')) onError(error);
        }),
      show,
    );
  }

  async function answer(sightingId: string, said: SightingAnswer['answer']): Promise<void> {
    const takeAway = (): void => {
      const rest = state.value.candidates.filter((candidate) => candidate.sightingId !== sightingId);
      state.value = { ...state.value, candidates: rest };
    };
    try {
      await portico.answer(sightingId, said);
      takeAway();
    } catch (error) {
      if (error instanceof ApiError && error.code === 'sighting_gone') takeAway();
      throw error;
    }
  }

  function onArrival(listener: (arrival: Arrival) => void): () => void {
    arrivalListeners.add(listener);
    return () => arrivalListeners.delete(listener);
  }

  function onCorrection(listener: (correction: Correction) => void): () => void {
    correctionListeners.add(listener);
    return () => correctionListeners.delete(listener);
  }

  function onCustomerChange(listener: (customerId: string) => void): () => void {
    changeListeners.add(listener);
    return () => changeListeners.delete(listener);
  }

  /** There is no such dossier any more. */
  function onErased(listener: (customerId: string) => void): () => void {
    erasedListeners.add(listener);
    return () => erasedListeners.delete(listener);
  }

  return {
    state, link, currentAtMs, sought, visits, candidates, loaded,
    open, rest, close, reconnect, put, serve, judge, arrive, serveCustomer, closeVisit, answer, onArrival, onCorrection, onCustomerChange, onErased,
  };
});
