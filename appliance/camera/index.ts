import { CAMERA_CREDITS } from '../contract/index.js';

export interface Frame {
  /** Which frame of this camera, counted from 1. */
  number: number;
  /** The encoded image as it came. */
  bytes: Uint8Array;
  /** `performance.now()` when the last byte had come, milliseconds. */
  receivedAtMs: number;
}

export interface SlotCallbacks<Result> {
  /** Works on one frame at a time; must not reject. */
  work(frame: Frame): Promise<Result>;
  /** The frame is worked off and its credit is free again. Not called after close(). */
  done(frame: Frame, result: Result): void;
  /** A newer frame took the place of this one before it was looked at. */
  dropped(frame: Frame): void;
}

/**
 * One camera: one frame is worked on, one may wait, and a newer one takes the place of the one that waits.
 * So memory is bounded by two frames, and what is worked on next is always the newest. Drops are counted.
 */
export class FrameSlot<Result> {
  readonly #callbacks: SlotCallbacks<Result>;
  #working: Frame | null = null;
  #waiting: Frame | null = null;
  #seen = 0;
  #dropped = 0;
  #closed = false;

  constructor(callbacks: SlotCallbacks<Result>) {
    this.#callbacks = callbacks;
  }

  get seen(): number {
    return this.#seen;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** How many frames may be sent now without one being dropped. */
  get credits(): number {
    return CAMERA_CREDITS - (this.#working === null ? 0 : 1) - (this.#waiting === null ? 0 : 1);
  }

  /** @returns false when the sender had no credit: the waiting frame was dropped for this one */
  offer(bytes: Uint8Array, receivedAtMs: number): boolean {
    if (this.#closed) return true;
    const hadCredit = this.credits > 0;
    const frame: Frame = { number: ++this.#seen, bytes, receivedAtMs };
    const replaced = this.#waiting;
    this.#waiting = frame;
    if (replaced !== null) {
      this.#dropped += 1;
      this.#callbacks.dropped(replaced);
    }
    this.#next();
    return hadCredit;
  }

  /** What waits is forgotten; the result of what is worked on is thrown away. */
  close(): void {
    this.#closed = true;
    this.#waiting = null;
  }

  #next(): void {
    if (this.#working !== null || this.#waiting === null || this.#closed) return;
    const frame = this.#waiting;
    this.#waiting = null;
    this.#working = frame;
    void this.#callbacks.work(frame).then((result) => {
      this.#working = null;
      if (this.#closed) return; // a late result of an ended camera does nothing
      this.#callbacks.done(frame, result);
      this.#next();
    });
  }
}
