import { onScopeDispose } from 'vue';
import { useSession } from '../stores/session.js';

/** Somebody who was removed, or an iPad that was unpaired, still shows what it shows for at most this long. */
const ASK_EVERY_MS = 30_000;

/**
 * Asks whether the session still stands where no live socket would tell: in the privacy office, with IT, at the front desk and in a
 * customer's hands. Only while the page is seen; it is no use of the iPad. Once, for the whole page.
 */
export function useSessionCheck(): void {
  const access = useSession();
  const ask = (): void => {
    if (document.visibilityState === 'visible' && access.session && !access.locked && !access.can('serve')) void access.probe();
  };
  const timer = setInterval(ask, ASK_EVERY_MS);
  document.addEventListener('visibilitychange', ask);
  onScopeDispose(() => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', ask);
  });
}
