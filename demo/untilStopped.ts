import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 1_000;

/**
 * Runs one life of something after another, a second apart, until told to stop: a socket that closed is opened
 * again, a session that ended is signed in again.
 * @param trouble told why a life ended; once for each new reason
 */
export async function untilStopped(signal: AbortSignal, life: () => Promise<void>, trouble: (reason: string) => void): Promise<void> {
  let last = '';
  while (!signal.aborted) {
    try {
      await life();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!signal.aborted && reason !== last) trouble(reason);
      last = reason;
    }
    await pause(PAUSE_MS, signal);
  }
}

/** Resolves after so long, or at once when told to stop. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
