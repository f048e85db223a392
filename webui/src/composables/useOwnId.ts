import { ApiError } from '../api/client.js';

/**
 * The id of what a form makes: the same for every attempt, so that a request whose answer was lost makes one thing; another one once it is
 * made, or when the box has something else under it.
 */
export function useOwnId(): <T>(make: (id: string) => Promise<T>) => Promise<T> {
  let id = crypto.randomUUID();
  return async (make) => {
    let isSettled = true;
    try {
      return await make(id);
    } catch (error) {
      isSettled = error instanceof ApiError && error.code === 'id_taken';
      throw error;
    } finally {
      if (isSettled) id = crypto.randomUUID();
    }
  };
}
