import { statfsSync } from 'node:fs';
import type { BoxHealth } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import type { Gallery } from '../gallery/index.js';
import type { Clock, Logger } from '../kit/index.js';
import type { Recognition } from '../recognition/index.js';
import type { Database } from '../storage/index.js';
import type { Vision } from '../vision/index.js';

const CHECK_MS = 10_000;
/** Below this the next write-ahead log may not fit. */
const FREE_BYTES_MIN = 64 * 1_048_576;
/** Of the set limit (PORTICO_DB_MAX_MB): below this a form with a signature may not fit (64 KiB). */
const SPARE_PAGES_MIN = 16;
/** Frames waiting for a vision worker: above this the box is too slow for its cameras. */
const QUEUE_LONG = 16;

interface Rooms {
  db: Database; vision: Vision; gallery: Gallery; recognition: Recognition; events: EventBus; clock: Clock; log: Logger; dataDirectory: string;
  /** Whether there is something that the search does not find yet. */
  searchIsBehind: () => boolean;
  /** Whether something that had to be written at the start did not fit. */
  waitsForRoom: () => boolean;
  /** Whether recognition is switched on. */
  recognises: () => boolean;
}

/** Asks the other rooms how they are; writes nothing. */
export class Health {
  readonly #deps: Rooms;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #recognises = true;
  #unsubscribe: () => void = () => undefined;

  constructor(deps: Rooms) {
    this.#deps = deps;
  }

  start(): void {
    this.#startedAtMs = this.#deps.clock.now();
    let last = '';
    this.#unsubscribe = this.#deps.events.on('modeChanged', () => this.#deps.events.emit('healthChecked', { health: this.now() })); // no board waits to be told
    this.#timer = setInterval(() => {
      const health = this.now();
      this.#deps.events.emit('healthChecked', { health });
      if (health.problems.join() !== last) this.#deps.log.warn({ problems: health.problems }, 'health changed');
      last = health.problems.join();
    }, CHECK_MS);
  }

  stop(): void {
    this.#unsubscribe();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  now(): BoxHealth {
    const { vision, gallery, recognition, clock } = this.#deps;
    const problems: BoxHealth['problems'] = [];
    if (!vision.available || !gallery.searching) problems.push('vision_unavailable');
    const enrolledCustomers = this.#countEnrolled();
    if (enrolledCustomers === null) problems.push('storage_busy');
    if (this.#deps.waitsForRoom() || (enrolledCustomers !== null && this.#deps.db.sparePages < SPARE_PAGES_MIN) || this.#diskIsFull()) problems.push('storage_full');
    if (vision.queueLength > QUEUE_LONG) problems.push('frames_dropped');
    if (enrolledCustomers !== null && this.#deps.searchIsBehind()) problems.push('search_incomplete');
    const failed = problems.includes('storage_busy') || problems.includes('storage_full');
    return {
      status: problems.length === 0 ? 'ok' : failed ? 'failed' : 'degraded',
      problems,
      recognises: enrolledCustomers === null ? this.#recognises : (this.#recognises = this.#deps.recognises()),
      upSeconds: Math.max(0, Math.floor((clock.now() - this.#startedAtMs) / 1000)),
      ...recognition.counts(),
      enrolledCustomers: enrolledCustomers ?? 0,
      modelPack: vision.modelPack,
    };
  }

  /** Null: the database does not answer. */
  #countEnrolled(): number | null {
    try {
      this.#deps.db.get('SELECT 1 FROM migration LIMIT 1');
      return this.#deps.gallery.size();
    } catch {
      return null;
    }
  }

  #diskIsFull(): boolean {
    try {
      const { bavail, bsize } = statfsSync(this.#deps.dataDirectory);
      return bavail * bsize < FREE_BYTES_MIN;
    } catch {
      return true; // the folder is gone: nothing can be written either
    }
  }
}
