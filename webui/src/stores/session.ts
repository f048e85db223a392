import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { roleMay } from '../access/permissions.js';
import { ApiError, onAccessLost, onSessionLocked } from '../api/client.js';
import { portico } from '../api/portico.js';
import { setStoreCurrency, setStoreZone } from '../composables/storeZone.js';
import { offerLanguages } from '../i18n/index.js';
import type { BoxInfo, Permission, Session } from '../contract.js';
import { usePrefs } from './prefs.js';
import { useToasts } from './toasts.js';

const RETRY_MS = 4000;
/** A box on the same Wi-Fi that does not answer for so long is out of reach. */
const PROBE_MS = 4000;
/** What waits for an undo has this long before the box hears of a lock: after that there is no right to do it. */
const BEFORE_LOCK_MS = 1500;
/** With these answers there is nothing left to lock. Any other, such as a busy box, has not heard it. */
const LOCKED_OR_OVER = ['session_locked', 'session_expired', 'sign_in_required', 'device_not_paired'];
const isOver = (error: unknown): boolean => error instanceof ApiError && LOCKED_OR_OVER.includes(error.code);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Which box this is, whether this iPad is paired, who is signed in, and whether that person has to show it again. */
export const useSession = defineStore('session', () => {
  const prefs = usePrefs();
  const toasts = useToasts();
  const box = ref<BoxInfo | null>(null);
  const session = ref<Session | null>(null);
  const booted = ref(false);
  const reachable = ref(true);
  /** The page is covered until somebody signs in; what it shows waits underneath. */
  const locked = ref(prefs.locked);

  let telling: Promise<void> | null = null;
  let signingIn = false;
  let again: ReturnType<typeof setTimeout> | undefined;

  /** Whether who is signed in may do this; at the front desk nobody may do anything. */
  const can = (permission: Permission): boolean => session.value?.scope === 'staff' && roleMay(session.value.staff.role, permission);
  const atFrontDesk = computed(() => session.value?.scope === 'front_desk');

  async function boot(): Promise<void> {
    try {
      const answered = await portico.box();
      setStoreZone(answered.timeZone);
      setStoreCurrency(answered.currency);
      offerLanguages(answered.languages);
      if (answered.devicePaired && !answered.ownerNeeded) {
        if (locked.value) await tellLock(); // a lock from before this page was loaded, if the box has not heard of it
        session.value = await portico.session().catch((error: unknown) => {
          if (error instanceof ApiError && error.code === 'network') throw error;
          return null;
        });
      }
      box.value = answered; // last: once the box is known, pages are shown
      reachable.value = true;
      booted.value = true;
    } catch {
      reachable.value = false;
    }
  }

  async function refreshBox(): Promise<void> {
    box.value = await portico.box();
  }

  /**
   * Somebody signs in, by PIN or passkey. `resume`: at the lock screen, where the same person goes on with what waits underneath and
   * a customer who holds the iPad goes on holding it.
   * @returns `other`: it was locked by somebody else, so nothing underneath is theirs; the page has to begin anew
   */
  async function signIn(prove: () => Promise<Session>, resume = false): Promise<'mine' | 'other'> {
    await telling; // or the lock would fall on the new session
    signingIn = true;
    try {
      const before = session.value;
      let now = await prove();
      prefs.lastStaffId = now.staff.id;
      if (resume && before && before.staff.id !== now.staff.id) {
        prefs.handedOver = false;
        prefs.locked = false; // the page that is loaded now is theirs; this one stays covered to its end
        return 'other';
      }
      // After a reload nobody knows in whose hands it was: who has the PIN holds it.
      if (resume && prefs.handedOver && before === null) prefs.handedOver = false;
      else if (resume && prefs.handedOver && before?.handedTo) now = await portico.handOver(before.handedTo);
      session.value = now;
      if (!resume) prefs.handedOver = false;
      locked.value = prefs.locked = false;
      return 'mine';
    } finally {
      signingIn = false;
    }
  }

  /** Covers the page, also over a reload; nothing that was said to the one who leaves it stays. */
  function cover(): void {
    locked.value = prefs.locked = true;
    toasts.clear();
  }

  /** Covers the page at once; then the box hears of it, as soon as it can be reached. */
  async function lock(): Promise<void> {
    if (locked.value || !session.value || atFrontDesk.value) return;
    const flushed = toasts.flush(false);
    cover();
    await Promise.race([flushed, pause(BEFORE_LOCK_MS)]);
    await tellLock();
  }

  /** Tells the box until it has heard, or until somebody has signed in. Resolves after the first try. */
  async function tellLock(): Promise<void> {
    clearTimeout(again);
    if (!prefs.locked) return;
    let heard = false;
    if (!signingIn) await (telling = portico.lock().then(() => void (heard = true), (error: unknown) => void (heard = isOver(error))));
    if (!heard) again = setTimeout(() => void tellLock(), RETRY_MS);
  }

  /** Where the box cannot be told, the session is locked as soon as it can. */
  async function signOut(): Promise<void> {
    const gone = await portico.signOut().then(() => true, () => false);
    session.value = null;
    locked.value = prefs.locked = !gone;
    toasts.clear();
    if (!gone) await tellLock();
  }

  /** Somebody else looks at the screen from here on: what waits is done first, and nothing that was said stays. */
  async function narrow(ask: () => Promise<Session>): Promise<void> {
    await toasts.flush(false); // while there is still the right to do it
    session.value = await ask();
    toasts.clear();
  }

  /** @param stationId the fixed station where the iPad stands; '': the front desk */
  const startFrontDesk = (stationId: string): Promise<void> => narrow(async () => {
    const now = await portico.toFrontDesk();
    prefs.stationId = stationId;
    return now;
  });

  /** The iPad goes into the customer's hands. Safe to repeat. */
  const handOver = (customerId: string): Promise<void> => narrow(() => {
    prefs.handedOver = true; // the page covers from here on, whether the answer comes or not
    return portico.handOver(customerId);
  });

  /** Asks whether the box answers and the session still stands. Losing it is reported by `onAccessLost`. */
  async function probe(): Promise<boolean> {
    const before = session.value;
    try {
      const now = await portico.session(PROBE_MS);
      if (before && session.value === before) session.value = now; // another window may have narrowed it
      return true;
    } catch (error) {
      return !(error instanceof ApiError && error.code === 'network');
    }
  }

  onSessionLocked(cover);
  onAccessLost((code) => {
    session.value = null; // a lock stays until the door is reached: what it covers is still there
    if (code === 'device_not_paired' && box.value) box.value = { ...box.value, devicePaired: false };
  });

  return {
    box, session, booted, reachable, locked, can, atFrontDesk,
    boot, refreshBox, signIn, lock, signOut, startFrontDesk, handOver, probe,
  };
});
