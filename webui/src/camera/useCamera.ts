import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue';
import type { Facing } from '../stores/prefs.js';
import { useSession } from '../stores/session.js';

export type CameraProblem = 'denied' | 'missing' | 'insecure' | 'failed';

/** The one stream of the page. A second user takes it over; iPads dislike two. */
let active: MediaStream | null = null;

function stopStream(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop());
  if (stream && active === stream) active = null;
}

/** The camera while a screen wants it: off when the page is hidden, locked or left, on again when it comes back. */
export function useCamera(facing: Ref<Facing>) {
  const access = useSession();
  const stream = shallowRef<MediaStream | null>(null);
  const problem = ref<CameraProblem | null>(null);
  const starting = ref(false);
  let wanted = false;
  let generation = 0;

  async function open(): Promise<void> {
    const mine = ++generation;
    stopStream(stream.value);
    stream.value = null;
    problem.value = null;
    // The DOM types say it is always there; on an insecure address it is not.
    if (!(navigator as { mediaDevices?: MediaDevices }).mediaDevices) {
      problem.value = window.isSecureContext ? 'missing' : 'insecure';
      return;
    }
    starting.value = true;
    try {
      stopStream(active);
      const opened = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: facing.value, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24 } },
      });
      if (mine !== generation || !wanted) return stopStream(opened);
      active = stream.value = opened;
      opened.getVideoTracks()[0]?.addEventListener('ended', () => {
        if (mine === generation) problem.value = 'failed';
      });
    } catch (error) {
      if (mine === generation) problem.value = problemOf(error);
    } finally {
      if (mine === generation) starting.value = false;
    }
  }

  async function start(): Promise<void> {
    wanted = true;
    await open();
  }

  function stop(): void {
    wanted = false;
    generation++;
    stopStream(stream.value);
    stream.value = null;
    starting.value = false;
  }

  async function flip(): Promise<void> {
    facing.value = facing.value === 'user' ? 'environment' : 'user';
    if (wanted) await open();
  }

  const onVisibility = (): void => {
    if (!wanted) return;
    if (document.visibilityState === 'visible' && !access.locked) void open();
    else {
      generation++;
      stopStream(stream.value);
      stream.value = null;
    }
  };
  document.addEventListener('visibilitychange', onVisibility);
  watch(() => access.locked, onVisibility);
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisibility);
    stop();
  });

  return { stream, problem, starting, start, stop, flip };
}

function problemOf(error: unknown): CameraProblem {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  return 'failed';
}
