import { onScopeDispose } from 'vue';

/** Keeps the screen on while the scope lives, where the system allows it (home-screen apps from iPadOS 18.4). */
export function useWakeLock(): void {
  let lock: WakeLockSentinel | null = null;
  let alive = true;
  const acquire = async (): Promise<void> => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    const got = await navigator.wakeLock.request('screen').catch(() => null);
    if (alive) lock = got;
    else void got?.release();
  };
  const onVisible = (): void => void acquire();
  document.addEventListener('visibilitychange', onVisible);
  void acquire();
  onScopeDispose(() => {
    alive = false;
    document.removeEventListener('visibilitychange', onVisible);
    void lock?.release();
  });
}
