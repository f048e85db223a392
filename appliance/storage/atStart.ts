import { isPorticoError } from '../kit/index.js';
import type { Database } from './database.js';

/**
 * What has to be written at a start. A box that is full starts all the same, so that somebody can make room: what does not fit even into
 * the reserve waits, and is done when there is room.
 */
export class AtStart {
  readonly #db: Database;
  readonly #waiting = new Set<() => void>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Something waits for room. */
  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /** Does it, now or later. @param work may be begun anew after it failed half-way */
  do(work: () => void): void {
    try {
      this.#db.withReserve(work);
      this.#waiting.delete(work);
    } catch (error) {
      if (!isPorticoError(error, 'storage_full')) throw error;
      this.#waiting.add(work);
    }
  }

  /** Tries what waits again, all of it, whatever fails. Cheap where nothing waits. @throws what failed first, of anything but room */
  again(): void {
    const failed: unknown[] = [];
    for (const work of [...this.#waiting]) {
      try {
        this.do(work);
      } catch (error) {
        failed.push(error);
      }
    }
    if (failed.length > 0) throw failed[0];
  }
}
