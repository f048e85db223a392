/** How long one piece of a long work lasts: a frame or a request that comes meanwhile waits no longer than that. */
const PIECE_MS = 5;

/** Lets other work in whenever a piece of a long one has had its time. */
export class Breath {
  #sinceMs = performance.now();

  /** To be called after each step; waits only when it is time. */
  async taken(): Promise<void> {
    if (performance.now() - this.#sinceMs < PIECE_MS) return;
    await new Promise((resolve) => { setImmediate(resolve); });
    this.#sinceMs = performance.now();
  }
}
