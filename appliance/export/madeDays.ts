import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toStorageError } from '../kit/index.js';
import { flush } from '../storage/index.js';

/**
 * The days that this machine has released, beside the database: an update that goes back, or a copy that is put back, brings an older database, and a second release of a
 * day would let both be averaged. A line a day, with what its archive hashes to; nothing in it is about anybody. It is written before anything is shown or sent.
 */
export class MadeDays {
  readonly #file: string;
  #known: Set<string> | null = null;

  constructor(dataDirectory: string) {
    this.#file = join(dataDirectory, 'released-days');
  }

  has(day: string): boolean {
    return this.#days().has(day);
  }

  all(): string[] {
    return [...this.#days()];
  }

  /** On the disk when this is done. @throws PorticoError storage_full, storage_read_only */
  add(day: string, sha256: string): void {
    if (this.#days().has(day)) return;
    try {
      const isNew = !existsSync(this.#file);
      // A line that was cut off stays alone: the next begins anew.
      appendFileSync(this.#file, `\n${day} ${sha256}\n`, { mode: 0o600, flush: true });
      if (isNew) flush(dirname(this.#file));
    } catch (error) {
      throw toStorageError(error);
    }
    this.#days().add(day);
  }

  #days(): Set<string> {
    this.#known ??= new Set(existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n').flatMap((line) => /^(\d{4}-\d{2}-\d{2})\b/.exec(line)?.[1] ?? []) : []);
    return this.#known;
  }
}
