import type { Worker } from 'node:worker_threads';
import { PorticoError, type Logger } from '../kit/index.js';
import type { FromWorker, ModelNumbers, ToWorker, WorkerFailure } from './messages.js';
import type { AnalyseOptions, RawAnalysis } from './pipeline.js';

/** Jobs that may wait for a worker. Cameras hold back by themselves; this is the bound when something does not. */
export const QUEUE_MAX = 64;
/** A frame takes 30 ms and the largest photo about a second; after this long the worker hangs and is replaced. */
const JOB_DEADLINE_MS = 30_000;
/** How long a worker may take to finish and let go of its models before it is cut off. */
const STOP_DEADLINE_MS = 5_000;
/** Wait before the second and later restarts in a row that came to nothing; doubles up to the limit. */
const RESTART_WAIT_MS = 500;
const RESTART_WAIT_MAX_MS = 30_000;

interface Job {
  id: number;
  image: Uint8Array<ArrayBuffer>;
  options: AnalyseOptions;
  resolve: (analysis: RawAnalysis) => void;
  reject: (error: PorticoError) => void;
}

/** One worker's place: workers die and are replaced, the place stays. */
interface Slot {
  worker: Worker | null;
  state: 'starting' | 'idle' | 'busy' | 'down';
  job: Job | null;
  deadline: NodeJS.Timeout | null;
  restart: NodeJS.Timeout | null;
  /** Starts in a row that never became ready. */
  failures: number;
  /** Whether it has said anything since it was last asked for a sign of life. */
  answered: boolean;
  /** Self-tests it was asked for, by number; null: it will not answer. */
  tests: Map<number, (numbers: ModelNumbers | null) => void>;
}

/** Workers that each do one job at a time, a bounded queue before them, and a replacement for each that dies. */
export class WorkerPool {
  readonly #spawn: () => Worker;
  readonly #log: Logger | undefined;
  readonly #workerReady: (() => void) | undefined;
  readonly #slots: Slot[];
  readonly #waiting: Job[] = [];
  #lastJob = 0;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: { spawn: () => Worker; workers: number; log?: Logger | undefined; workerReady?: (() => void) | undefined }) {
    this.#spawn = options.spawn;
    this.#workerReady = options.workerReady;
    this.#log = options.log;
    this.#slots = Array.from({ length: options.workers }, () => ({
      worker: null,
      state: 'down',
      job: null,
      deadline: null,
      restart: null,
      failures: 0,
      answered: false,
      tests: new Map(),
    }));
  }

  /** Jobs that wait; those being worked on do not count. */
  get queueLength(): number {
    return this.#waiting.length;
  }

  /** Whether any worker lives or is on its way. */
  get available(): boolean {
    return this.#state === 'running' && this.#slots.some((slot) => slot.state !== 'down');
  }

  /**
   * Resolves when one worker is ready; the others follow and share the work when they are.
   * @param othersAfter what the others wait for: to load models takes a core for half a second
   * @throws PorticoError of the first worker when it cannot start
   */
  async start(othersAfter: Promise<unknown> = Promise.resolve()): Promise<void> {
    if (this.#state !== 'new') throw new Error('a pool starts once');
    this.#state = 'running';
    try {
      const [first, ...others] = this.#slots;
      await this.#startWorker(first!);
      const startOthers = () => {
        if (this.#state !== 'running') return;
        for (const slot of others) this.#startWorker(slot).catch((error: unknown) => this.#log?.error({ err: error }, 'vision: a worker did not start'));
      };
      void othersAfter.then(startOthers, () => undefined); // if it failed, so does the start
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * @param image given away: its memory moves to a worker
   * @throws PorticoError vision_unavailable when the queue is full, no worker lives, the worker dies, or the pool
   *   stops; and whatever the worker says about the image
   */
  run(image: Uint8Array<ArrayBuffer>, options: AnalyseOptions): Promise<RawAnalysis> {
    if (!this.available) {
      return Promise.reject(new PorticoError('vision_unavailable'));
    }
    if (this.#waiting.length >= QUEUE_MAX) {
      return Promise.reject(new PorticoError('vision_unavailable', { queueMax: QUEUE_MAX }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: ++this.#lastJob, image, options, resolve, reject });
      this.#dispatch();
    });
  }

  /**
   * Lets each worker that is ready run its models over their pattern, after what it is doing now.
   * @returns what each answered; null: nothing within the deadline, or a model failed. Empty: no worker is ready
   */
  async test(deadlineMs: number): Promise<(ModelNumbers | null)[]> {
    return Promise.all(this.#ready().map((slot) => this.#test(slot, deadlineMs)));
  }

  /** Whether every worker that is ready has answered something since this was last asked, or passes a self-test now; and there is one. */
  async answers(deadlineMs: number): Promise<boolean> {
    const ready = this.#ready();
    const alive = await Promise.all(ready.map(async (slot) => {
      const answered = slot.answered;
      slot.answered = false;
      if (answered) return true;
      const numbers = await this.#test(slot, deadlineMs);
      slot.answered = false; // this answer counts once
      return numbers !== null;
    }));
    return alive.length > 0 && alive.every(Boolean);
  }

  #ready(): Slot[] {
    return this.#slots.filter((slot) => slot.worker !== null && (slot.state === 'idle' || slot.state === 'busy'));
  }

  #test(slot: Slot, deadlineMs: number): Promise<ModelNumbers | null> {
    const job = ++this.#lastJob;
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#tested(slot, job, null), deadlineMs);
      slot.tests.set(job, (numbers) => {
        clearTimeout(deadline);
        resolve(numbers);
      });
      slot.worker?.postMessage({ type: 'test', job } satisfies ToWorker);
    });
  }

  /** @returns false: this was no self-test, or it came too late */
  #tested(slot: Slot, job: number, numbers: ModelNumbers | null): boolean {
    const settle = slot.tests.get(job);
    slot.tests.delete(job);
    settle?.(numbers);
    return settle !== undefined;
  }

  /** Refuses what waits, lets what is under way finish, and ends all workers. Safe to call twice. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#refuseWaiting();
    await Promise.all(
      this.#slots.map(async (slot) => {
        if (slot.restart !== null) clearTimeout(slot.restart);
        const { worker } = slot;
        if (worker === null) return;
        // One that still loads models hears this afterwards: to cut the runtime off while it loads ends the whole process.
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        const cutOff = setTimeout(() => void worker.terminate(), STOP_DEADLINE_MS);
        worker.postMessage({ type: 'stop' } satisfies ToWorker);
        await exited;
        clearTimeout(cutOff);
      }),
    );
  }

  /** Resolves when the new worker is ready; rejects when it dies before that. */
  #startWorker(slot: Slot): Promise<void> {
    const worker = this.#spawn();
    slot.worker = worker;
    slot.state = 'starting';
    return new Promise((resolve, reject) => {
      let reason = new PorticoError('vision_unavailable');
      worker.on('message', (message: FromWorker) => {
        slot.answered = true;
        switch (message.type) {
          case 'ready':
            slot.failures = 0;
            slot.state = 'idle';
            resolve();
            this.#workerReady?.();
            this.#dispatch();
            break;
          case 'failed_to_start':
            reason = toError(message.error);
            void worker.terminate();
            break;
          case 'done':
            this.#finish(slot, message.job, (job) => job.resolve(message.analysis));
            break;
          case 'tested':
            this.#tested(slot, message.job, message.numbers);
            break;
          case 'refused':
            if (this.#tested(slot, message.job, null)) break;
            if (message.error.stack !== undefined) this.#log?.error({ stack: message.error.stack }, 'vision: a frame could not be analysed');
            this.#finish(slot, message.job, (job) => job.reject(toError(message.error)));
            break;
        }
      });
      // An exit follows; without a listener the error would end the process.
      worker.on('error', (error) => this.#log?.error({ err: error }, 'vision: a worker failed'));
      worker.once('exit', (exitCode) => {
        reject(reason);
        this.#workerGone(slot, exitCode);
      });
    });
  }

  #workerGone(slot: Slot, exitCode: number): void {
    const { job } = slot;
    const neverReady = slot.state === 'starting';
    this.#clearJob(slot);
    for (const test of [...slot.tests.keys()]) this.#tested(slot, test, null);
    slot.worker = null;
    slot.state = 'down';
    if (this.#state === 'running') {
      this.#log?.warn({ exitCode, restarts: slot.failures }, 'vision: a worker ended and is replaced');
      if (neverReady) slot.failures += 1;
      this.#scheduleRestart(slot);
      if (this.#slots.every((other) => other.state === 'down')) this.#refuseWaiting();
    }
    job?.reject(new PorticoError('vision_unavailable', { workerExit: exitCode }));
  }

  #scheduleRestart(slot: Slot): void {
    // The exit of the new worker brings us back here; its reason is in the log.
    const start = () => {
      slot.restart = null;
      this.#startWorker(slot).catch((error: unknown) => this.#log?.error({ err: error }, 'vision: a worker did not start'));
    };
    if (slot.failures === 0) return start();
    slot.restart = setTimeout(start, Math.min(RESTART_WAIT_MAX_MS, RESTART_WAIT_MS * 2 ** (slot.failures - 1)));
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (slot.state !== 'idle' || slot.worker === null) continue;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const { worker } = slot;
      slot.state = 'busy';
      slot.job = job;
      slot.deadline = setTimeout(() => {
        this.#log?.error({ deadlineMs: JOB_DEADLINE_MS }, 'vision: a worker hangs and is ended');
        void worker.terminate();
      }, JOB_DEADLINE_MS);
      const message: ToWorker = { type: 'analyse', job: job.id, image: job.image, options: job.options };
      worker.postMessage(message, [job.image.buffer]);
    }
  }

  #finish(slot: Slot, jobId: number, settle: (job: Job) => void): void {
    const { job } = slot;
    if (job === null || job.id !== jobId) return;
    this.#clearJob(slot);
    slot.state = 'idle';
    settle(job);
    this.#dispatch();
  }

  #clearJob(slot: Slot): void {
    if (slot.deadline !== null) clearTimeout(slot.deadline);
    slot.deadline = null;
    slot.job = null;
  }

  #refuseWaiting(): void {
    for (const job of this.#waiting.splice(0)) job.reject(new PorticoError('vision_unavailable'));
  }
}

function toError(failure: WorkerFailure): PorticoError {
  return new PorticoError(failure.code, failure.details);
}
