import { onScopeDispose, watch } from 'vue';
import { IdleWatch } from '../access/idle.js';
import { portico } from '../api/portico.js';
import { useSession } from '../stores/session.js';

/** The box counts requests, not touches: so often within the limit it is told that the page is in use. */
const TOLD_PER_LIMIT = 4;
/** Dictation, handwriting and Chinese input write without a key. */
const USES = ['pointerdown', 'pointermove', 'keydown', 'input', 'wheel', 'touchmove'] as const;

/** A frame that goes to the box is a use of the page, though nobody touches it. */
let watching: IdleWatch | null = null;
export const cameraUsed = (): void => watching?.used();

/** Covers the page when nobody has touched it for as long as the session says. Once, for the whole page. */
export function useIdleLock(): void {
  const access = useSession();
  const idle = (watching = new IdleWatch(
    {
      now: () => Date.now(), // goes on while the iPad sleeps
      after: (ms, work) => {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
    },
    () => void access.lock(),
  ));
  watch(() => (access.locked ? null : (access.session?.idleLockSeconds ?? null)), (seconds) => idle.begin(seconds), { immediate: true });
  let toldMs = Date.now();
  const used = (): void => {
    idle.check(); // the touch that wakes the page is too late
    idle.used();
    const limitSeconds = access.locked ? null : (access.session?.idleLockSeconds ?? null);
    if (limitSeconds === null || Date.now() - toldMs < (limitSeconds * 1000) / TOLD_PER_LIMIT) return;
    toldMs = Date.now();
    portico.use().catch(() => {}); // what it answers of the session is heard by the client
  };
  const woken = (): void => idle.check();
  for (const use of USES) document.addEventListener(use, used, { capture: true, passive: true });
  document.addEventListener('visibilitychange', woken);
  window.addEventListener('pageshow', woken);
  onScopeDispose(() => {
    idle.begin(null);
    for (const use of USES) document.removeEventListener(use, used, { capture: true });
    document.removeEventListener('visibilitychange', woken);
    window.removeEventListener('pageshow', woken);
  });
}
