import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { allows, type Permission } from '../access/permissions.js';
import { ApiError, onAccessLost } from '../api/client.js';
import { portico } from '../api/portico.js';
import type { BoxInfo, Session } from '../contract.js';
import { usePrefs } from './prefs.js';

/** Which box this is, whether this iPad is paired, and who is signed in. */
export const useSession = defineStore('session', () => {
  const prefs = usePrefs();
  const box = ref<BoxInfo | null>(null);
  const session = ref<Session | null>(null);
  const booted = ref(false);
  const reachable = ref(true);

  const isManager = computed(() => session.value?.staff.role === 'manager');
  /** What the role of who is signed in allows; the box decides, this only hides what it would refuse. */
  const can = (permission: Permission): boolean => session.value !== null && allows(session.value.staff.role, permission);
  const atFrontDesk = computed(() => session.value?.scope === 'front_desk');

  async function boot(): Promise<void> {
    try {
      const answered = await portico.box();
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

  async function signIn(staffId: string, pin: string): Promise<void> {
    session.value = await portico.signIn(staffId, pin);
    prefs.handedOver = false;
  }

  async function signOut(): Promise<void> {
    await portico.signOut().catch(() => {});
    session.value = null;
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

  onAccessLost((code) => {
    session.value = null;
    if (code === 'device_not_paired' && box.value) box.value = { ...box.value, devicePaired: false };
  });

  return { box, session, booted, reachable, isManager, can, atFrontDesk, boot, refreshBox, signIn, signOut, startFrontDesk, probe };
});
