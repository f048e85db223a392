import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { roleMay } from '../access/permissions.js';
import { ApiError, onAccessLost, onSessionLocked } from '../api/client.js';
import { portico } from '../api/portico.js';
import { setStoreZone } from '../composables/storeZone.js';
import type { BoxInfo, Permission, Session } from '../contract.js';
import { usePrefs } from './prefs.js';
import { useToasts } from './toasts.js';

const RETRY_MS = 4000;

/** Which box this is, whether this iPad is paired, who is signed in, and whether that person has to show it again. */
export const useSession = defineStore('session', () => {
  const prefs = usePrefs();
  const toasts = useToasts();
  const box = ref<BoxInfo | null>(null);
  const session = ref<Session | null>(null);
  const booted = ref(false);
  const reachable = ref(true);
  /** The page is covered until somebody signs in; what it shows waits underneath. */
  const locked = ref(false);

  let telling: Promise<boolean> | null = null;

  /** Whether who is signed in may do this; at the front desk nobody may do anything. */
  const can = (permission: Permission): boolean => session.value?.scope === 'staff' && roleMay(session.value.staff.role, permission);
  const atFrontDesk = computed(() => session.value?.scope === 'front_desk');

  async function boot(): Promise<void> {
    try {
      const answered = await portico.box();
      setStoreZone(answered.timeZone);
      if (answered.devicePaired && !answered.ownerNeeded) {
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
    const before = session.value;
    const now = await prove();
    prefs.lastStaffId = now.staff.id;
    if (resume && before && before.staff.id !== now.staff.id) {
      prefs.handedOver = false;
      return 'other';
    }
    session.value = now;
    if (!resume) prefs.handedOver = false;
    locked.value = false;
    return 'mine';
  }

  /** Covers the page at once; then the box hears of it, as soon as it can be reached. */
  async function lock(): Promise<void> {
    if (locked.value || session.value?.scope !== 'staff') return;
    locked.value = true;
    await toasts.flush(false); // while there is still the right to do it
    while (locked.value && !(await tellLock())) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }

  /** Whether the box has heard it: also when it answers that there is nothing to lock. */
  function tellLock(): Promise<boolean> {
    return (telling = portico.lock().then(() => true, (error: unknown) => !(error instanceof ApiError && error.code === 'network')));
  }

  async function signOut(): Promise<void> {
    await portico.signOut().catch(() => {});
    session.value = null;
    locked.value = false;
  }

  async function startFrontDesk(): Promise<void> {
    session.value = await portico.toFrontDesk();
  }

  /** Asks whether the box answers and the session still stands. Losing it is reported by `onAccessLost`. */
  async function probe(): Promise<boolean> {
    try {
      await portico.session();
      return true;
    } catch (error) {
      return !(error instanceof ApiError && error.code === 'network');
    }
  }

  onSessionLocked(() => (locked.value = true));
  onAccessLost((code) => {
    session.value = null; // a lock stays until the door is reached: what it covers is still there
    if (code === 'device_not_paired' && box.value) box.value = { ...box.value, devicePaired: false };
  });

  return {
    box, session, booted, reachable, locked, can, atFrontDesk,
    boot, refreshBox, signIn, lock, signOut, startFrontDesk, probe,
  };
});
