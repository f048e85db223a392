import { onScopeDispose, watch } from 'vue';
import type { RouteComponent, RouteRecordNormalized } from 'vue-router';
import { useRouter } from 'vue-router';
import { useLive } from '../stores/live.js';
import { useSession } from '../stores/session.js';
import { useToasts } from '../stores/toasts.js';
import { useWords } from './useWords.js';

type Loader = () => Promise<unknown>;
/** Between two pages, where the browser does not say when it is idle (WebKit). */
const PAUSE_MS = 300;
const idle = (work: () => void): unknown => ('requestIdleCallback' in window ? window.requestIdleCallback(work, { timeout: 5_000 }) : setTimeout(work, PAUSE_MS));

/** A page that is still to be loaded stands in its route as the function that loads it. */
const loaders = (routes: readonly RouteRecordNormalized[]): Loader[] => routes
  .filter(({ meta }) => !meta.public)
  .flatMap(({ components }) => Object.values(components ?? {}) as (RouteComponent | Loader)[])
  .filter((part) => typeof part === 'function') as Loader[];

/**
 * Loads every page of the staff in idle time after the sign-in, so that without the box they open too; and where one could not be loaded,
 * says so. Once, for the whole page.
 */
export function useLazyPages(): void {
  const router = useRouter();
  const access = useSession();
  const live = useLive();
  const toasts = useToasts();
  const { t } = useWords();
  let waiting: Loader[] | null = null;
  /** For the next time that the box is there. */
  let failed: Loader[] = [];
  let alive = true;
  let running = false;
  const mayLoad = (): boolean => access.session?.scope === 'staff' && live.link.status !== 'offline';

  function next(): void {
    const load = alive && mayLoad() ? waiting?.shift() : undefined;
    running = load !== undefined;
    if (load !== undefined) idle(() => void load().catch(() => failed.push(load)).then(next));
  }
  watch(mayLoad, (may) => {
    if (!may || running) return;
    waiting = [...(waiting ?? [...loaders(router.getRoutes()), () => import('../camera/readCode.js')]), ...failed];
    failed = [];
    next();
  }, { immediate: true });

  onScopeDispose(router.onError((error, to, from) => {
    console.error(error);
    const again = (): void => location.assign(to.fullPath); // a browser may remember that a module failed, but not across pages
    void access.probe().then((isReachable) => {
      const isFirst = from.matched.length === 0;
      if (isReachable && !isFirst) return again(); // the box was updated meanwhile: the page is another one now
      if (!isReachable && isFirst) access.box = null; // nothing can be shown: as if the box had never answered
      else toasts.offer(t('connection.pageMissing'), t('app.retry'), isFirst ? again : () => void router.push(to.fullPath));
    });
  }));
  onScopeDispose(() => (alive = false));
}
