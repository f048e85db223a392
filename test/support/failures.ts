/** What went wrong, as a value that a test can compare. */
import { PorticoError } from '../../appliance/kit/index.js';
import { RefusedError } from '../../demo/client.js';

/** `403 not_allowed` when the box refused, `accepted` when it did not. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RefusedError) return `${error.status} ${error.body.code}`;
    throw error;
  }
  return 'accepted';
}

/** The coded error that a promise fails with. @throws Error when it does not fail, and whatever is not coded */
export async function failure(promise: Promise<unknown>): Promise<PorticoError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PorticoError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
