import { ref, type Ref } from 'vue';
import { ApiError } from '../api/client.js';

export interface Task {
  readonly busy: Ref<boolean>;
  readonly error: Ref<ApiError | null>;
  /** Runs the work unless it is running already; true when it succeeded. */
  run(work: () => Promise<unknown>): Promise<boolean>;
}

/** One thing at a time, with its error kept for ErrorNote. */
export function useTask(): Task {
  const busy = ref(false);
  const error = ref<ApiError | null>(null) as Ref<ApiError | null>;
  async function run(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    error.value = null;
    try {
      await work();
      return true;
    } catch (caught) {
      error.value = asApiError(caught);
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, error, run };
}

export function asApiError(caught: unknown): ApiError {
  if (caught instanceof ApiError) return caught;
  console.error(caught);
  return new ApiError('unexpected');
}
