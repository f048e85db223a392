/** A reader for tags, cards or barcodes types what it read and then Enter, far faster than a person. Pure: told of keys and times. */
const BETWEEN_KEYS_MS = 50;
const LENGTH_MIN = 6;
const LENGTH_MAX = 200;

export class Wedge {
  #typed = '';
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @returns what was scanned, when this key ends a scan */
  key(key: string, atMs: number): string | null {
    const isBurst = atMs - this.#lastMs <= BETWEEN_KEYS_MS;
    this.#lastMs = atMs;
    if (!isBurst) this.#typed = '';
    if (key === 'Enter') {
      const typed = this.#typed;
      this.#typed = '';
      return typed.length >= LENGTH_MIN ? typed : null;
    }
    // Shift comes before a capital letter and is no key of its own.
    if ([...key].length === 1) this.#typed = (this.#typed + key).slice(0, LENGTH_MAX);
    return null;
  }
}
