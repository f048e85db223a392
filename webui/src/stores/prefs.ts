import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import type { CameraRange } from '../contract.js';

export type Facing = 'environment' | 'user';

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Not remembered; nothing else changes.
  }
}

/** What this iPad remembers, also over a reload; nothing about customers. */
export const usePrefs = defineStore('prefs', () => {
  const sound = ref(stored('portico.sound') !== 'off');
  const lookUpFacing = ref<Facing>(stored('portico.lookUpFacing') === 'user' ? 'user' : 'environment');
  const lookUpRange = ref<CameraRange>(stored('portico.lookUpRange') === 'far' ? 'far' : 'near');
  const lastStaffId = ref(stored('portico.lastStaff') ?? '');
  /** A customer holds this iPad: until a PIN is entered, the router shows nothing but the enrolment and the hand-back screen. */
  const handedOver = ref(stored('portico.handedOver') === 'yes');

  /** Which fixed station this iPad stands at, in a session of the front desk; '': the front desk itself. */
  const stationId = ref(stored('portico.station') ?? '');

  /** The page is covered, and stays so over a reload until somebody signs in: the box may not have heard of it yet. */
  const locked = ref(stored('portico.locked') === 'yes');

  // At once: a reload must find it.
  watch(locked, (covered) => store('portico.locked', covered ? 'yes' : 'no'), { flush: 'sync' });
  watch(handedOver, (held) => store('portico.handedOver', held ? 'yes' : 'no'), { flush: 'sync' });
  watch(stationId, (id) => store('portico.station', id), { flush: 'sync' });
  watch(sound, (on) => store('portico.sound', on ? 'on' : 'off'));
  watch(lookUpFacing, (facing) => store('portico.lookUpFacing', facing));
  watch(lookUpRange, (range) => store('portico.lookUpRange', range));
  watch(lastStaffId, (id) => store('portico.lastStaff', id));

  return { sound, lookUpFacing, lookUpRange, lastStaffId, handedOver, locked, stationId };
});
