import { onScopeDispose, ref, shallowRef } from 'vue';
import { ApiError } from '../api/client.js';
import { portico } from '../api/portico.js';
import type { EnrolmentProgress } from '../contract.js';
import { cameraUsed } from './useIdleLock.js';
import { asApiError } from './useTask.js';

/** About four frames a second, one at a time: the next leaves when the last was answered. */
const INTERVAL_MS = 260;
/** After this long without the next good photo, fewer are offered. */
const STUCK_MS = 20_000;
const RETRY_MS = 1500;

export interface EnrolmentOptions {
  customerId: () => string;
  grab: () => Promise<Blob | null>;
  onDone: (photos: number) => void;
}

/** The guided capture: start, send frames until complete, finish; drop it when left before that. */
export function useEnrolment(options: EnrolmentOptions) {
  const progress = shallowRef<EnrolmentProgress | null>(null);
  const error = ref<ApiError | null>(null);
  const finishing = ref(false);
  const stuck = ref(false);
  /** The box thinks that this face is enrolled already; a member of staff has to say. Under whom it tells the staff only. */
  const alike = ref<{ readonly customerId: string | null } | null>(null);
  let fewer = false;
  let generation = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastGainMs = 0;

  async function begin(): Promise<void> {
    drop();
    const mine = ++generation;
    error.value = null;
    progress.value = null;
    stuck.value = false;
    alike.value = null;
    try {
      const started = await portico.startEnrolment(options.customerId());
      if (mine !== generation) return void portico.dropEnrolment(started.enrolmentId).catch(() => {});
      lastGainMs = performance.now();
      progress.value = started;
      void sendNext(mine);
    } catch (caught) {
      if (mine === generation) error.value = asApiError(caught);
    }
  }

  async function sendNext(mine: number): Promise<void> {
    const before = progress.value;
    if (mine !== generation || !before || finishing.value) return;
    const startedMs = performance.now();
    let waitMs = INTERVAL_MS;
    const jpeg = await options.grab();
    if (mine !== generation) return;
    if (jpeg) {
      try {
        cameraUsed();
        const after = await portico.sendPhoto(before.enrolmentId, jpeg);
        if (mine !== generation) return;
        if (after.collected > before.collected) lastGainMs = performance.now();
        progress.value = after;
        error.value = null;
        if (after.nextPose === null) return void finish(false);
      } catch (caught) {
        if (mine !== generation) return;
        const problem = asApiError(caught);
        if (problem.code === 'enrolment_complete') return void finish(false);
        error.value = problem;
        if (ENDED.includes(problem.code)) return;
        waitMs = RETRY_MS;
      }
    }
    stuck.value = performance.now() - lastGainMs > STUCK_MS;
    timer = setTimeout(() => void sendNext(mine), Math.max(0, waitMs - (performance.now() - startedMs)));
  }

  /** `despiteLikeness`: somebody has said that it is another person, such as a twin. */
  async function finish(acceptFewer: boolean, despiteLikeness = false): Promise<void> {
    const current = progress.value;
    if (!current || finishing.value) return;
    finishing.value = true;
    fewer = acceptFewer;
    error.value = null;
    clearTimeout(timer);
    const mine = ++generation;
    try {
      const enrolled = await portico.finishEnrolment(current.enrolmentId, {
        ...(acceptFewer && { acceptFewer }),
        ...(despiteLikeness && { despiteLikeness }),
      });
      progress.value = null;
      if (mine === generation) options.onDone(enrolled.photos);
    } catch (caught) {
      const problem = asApiError(caught);
      if (mine !== generation) return;
      if (problem.code === 'face_already_enrolled') {
        const { customerId } = problem.details;
        alike.value = { customerId: typeof customerId === 'string' ? customerId : null };
      } else error.value = problem;
    } finally {
      finishing.value = false;
    }
  }

  /** The staff hold the iPad now: asked again, the box says whom the face resembles. */
  const finishAgain = (): Promise<void> => finish(fewer);
  const finishAnyway = (): Promise<void> => finish(fewer, true);

  /** Leaves nothing behind on the box. */
  function drop(): void {
    generation++;
    clearTimeout(timer);
    const current = progress.value;
    progress.value = null;
    if (current) void portico.dropEnrolment(current.enrolmentId).catch(() => {});
  }

  onScopeDispose(() => {
    if (!finishing.value) drop();
  });
  return { progress, error, finishing, stuck, alike, begin, finish, finishAgain, finishAnyway, drop };
}

/** After these the box has let go of the enrolment; only starting again helps. */
const ENDED: readonly ApiError['code'][] = [
  'enrolment_not_found', 'face_not_same_person', 'consent_required', 'consent_notice_outdated', 'vision_unavailable',
  'sign_in_required', 'session_expired', 'not_allowed',
];
