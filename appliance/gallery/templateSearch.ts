import { Worker } from 'node:worker_threads';
import { PorticoError, type Logger, type RotatedEmbedding } from '../kit/index.js';
import type { Answer, CheckProbe, FromSearchThread, Question, SearchThreadData, ToSearchThread } from './searchThread.js';
import { makeIndexHome, SignReader, type IndexHome, type IndexMatch } from './signIndex.js';

/**
 * Up to so many templates a search takes 1 to 1.5 ms and is done at once, in the thread that asks: to wake another thread
 * and be woken by it takes .15 ms at rest and far more in a busy box.
 */
const SEARCHED_HERE_MAX = 131_072;
/** A search of a million templates takes 10 ms; after this long the thread hangs. */
const SEARCH_DEADLINE_MS = 5_000;
/** sqlite-vec decrypts and compares the whole file for each probe of the self-check: 9 s for a million. */
const CHECK_DEADLINE_MS = 60_000;
/** Questions that may wait. Cameras ask one at a time; this is the bound when something does not. */
const QUESTIONS_MAX = 256;
/** Wait before a restart; doubles while restarts fail, up to the limit. */
const RESTART_WAIT_MS = 500;
const RESTART_WAIT_MAX_MS = 30_000;
const CHECK_PROBES: readonly CheckProbe[] = ['stored', 'blurred', 'stranger'];

export interface SelfCheck {
  /** Probes compared. */
  checked: number;
  /** Probes answered differently, sampled vectors that differ, and templates that only one side has. */
  differing: number;
  rowsInFile: number;
  rowsInMemory: number;
}

interface Waiting {
  question: Question;
  /** How many changes had been sent when the question was. */
  changes: number;
  settle(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * The search over all templates of one model pack. A thread keeps them in memory that is shared with this one. The
 * encrypted file is what lasts; the thread reads it at start and is told of each change after its commit.
 *
 * An answer is always that of the last commit. With no change on its way, and not too many templates, the memory is
 * searched from here at once. Else changes and questions go through one port in order, and an answer that crossed with
 * a change is not used but asked for again. So a template that was deleted (and whose id may already be another's) is
 * never in an answer. Changes sent while a thread still loads wait in its port; to apply one that the loaded file already
 * had does nothing.
 */
export class TemplateSearch {
  readonly #threadData: Omit<SearchThreadData, 'changes' | 'home'>;
  readonly #log: Logger | undefined;
  readonly #waiting = new Map<number, Waiting>();
  /** Null also while a thread that was told to end still does. */
  #thread: Worker | null = null;
  /** Resolves when the thread last told to end is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  /** The memory, one for all threads that follow each other, and how this thread reads it. */
  #home: { index: IndexHome; reader: SignReader } | null = null;
  #loaded = false;
  #osThreadId: number | null = null;
  #stopped = true;
  #lastId = 0;
  #changes = 0;
  #failures = 0;
  #deadline: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;

  /** @param log is told why a thread ended by itself */
  constructor(threadData: Omit<SearchThreadData, 'changes' | 'home'>, log?: Logger) {
    this.#threadData = threadData;
    this.#log = log;
  }

  /** Whether searches are answered. */
  get searching(): boolean {
    return this.#loaded;
  }

  /** The system's id of the search thread while it is up; null also where the system does not tell. */
  get osThreadId(): number | null {
    return this.#loaded ? this.#osThreadId : null;
  }

  /** Resolves when all templates are loaded. @throws when they cannot be; then nothing is left running */
  async start(): Promise<void> {
    this.#stopped = false;
    await this.#gone; // it still wipes the memory that the next one fills
    if (this.#stopped) throw new PorticoError('vision_unavailable');
    await this.#startThread({ tryAgain: false });
  }

  /** Refuses what waits and ends the thread, whose memory is overwritten. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#endThread();
  }

  /**
   * Reads the file anew. Until that is done, searches are refused.
   * @throws when it cannot be read, and it goes on being tried; PorticoError vision_unavailable when stopped meanwhile
   */
  async reload(): Promise<void> {
    await this.#endThread();
    if (this.#stopped || this.#thread !== null) throw new PorticoError('vision_unavailable');
    await this.#startThread({ tryAgain: true });
  }

  /** As `reload`, without waiting: for when everything was written anew. Logged when it cannot be done; then it goes on being tried. */
  reloadSoon(): void {
    if (!this.#stopped) this.reload().catch((err: unknown) => this.#log?.error({ err }, 'the search could not be loaded anew'));
  }

  /** To be called after the commit that wrote the template. */
  put(templateId: number, embedding: RotatedEmbedding): void {
    const vector = embedding.values();
    this.#send({ type: 'put', change: ++this.#changes, templateId, vector }, [vector.buffer as ArrayBuffer]);
  }

  /** To be called after the commit that deleted the template. */
  remove(templateId: number): void {
    this.#send({ type: 'remove', change: ++this.#changes, templateId });
  }

  /**
   * The templates nearest to the probe, best first.
   * @param count 1 to 100; fewer come when fewer are stored
   * @param use called with the matches at the moment in which they are those of the last commit, so that it can look
   *   templates up without one having changed in between
   * @throws PorticoError vision_unavailable when the thread is gone, or too many wait
   */
  async nearest<T>(probe: RotatedEmbedding, count: number, use: (matches: readonly IndexMatch[]) => T): Promise<T> {
    const values = probe.values();
    const reader = this.#loaded ? this.#home?.reader : undefined;
    // All changes come from here: once the thread has made the last of them, the memory stays as it is until the next.
    if (reader !== undefined && reader.changes === this.#changes && reader.size <= SEARCHED_HERE_MAX) {
      try {
        return use(reader.nearest(values, count));
      } finally {
        values.fill(0);
      }
    }
    return this.#ask({ type: 'search', probe: values, count }, ({ matches }) => use(matches));
  }

  /**
   * Compares memory with the file: which templates there are, and for each of `samples` probes (templates, blurred
   * templates, random directions) a stored vector and the best match as sqlite-vec finds it. Each probe keeps searches
   * waiting for as long as sqlite-vec takes: 1 s with 100,000 templates.
   * @throws PorticoError vision_unavailable
   */
  async selfCheck(samples: number): Promise<SelfCheck> {
    const { rowsInFile, rowsInMemory, differing } = await this.#ask({ type: 'compare' }, (answer) => answer);
    const result: SelfCheck = { checked: 0, differing, rowsInFile, rowsInMemory };
    while (result.checked < samples) {
      const probe = CHECK_PROBES[result.checked % CHECK_PROBES.length]!;
      if (!(await this.#ask({ type: 'check', probe }, ({ same }) => same))) result.differing += 1;
      result.checked += 1;
    }
    return result;
  }

  #ask<K extends Question['type'], T>(question: Question & { type: K }, use: (answer: Extract<Answer, { type: K }>) => T): Promise<T> {
    if (!this.#loaded || this.#waiting.size >= QUESTIONS_MAX) return Promise.reject(new PorticoError('vision_unavailable'));
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer): void => {
        if (answer.type === 'failed') return reject(new PorticoError('vision_unavailable', { reason: answer.reason }));
        try {
          resolve(use(answer as Extract<Answer, { type: K }>));
        } catch (error) {
          reject(error as Error);
        }
      };
      this.#sendQuestion({ question, changes: this.#changes, settle, reject });
    });
  }

  #sendQuestion(waiting: Waiting): void {
    const id = ++this.#lastId;
    this.#waiting.set(id, waiting);
    if (this.#waiting.size === 1) this.#watch();
    this.#send({ id, ...waiting.question });
  }

  #receive({ id, ...answer }: { id: number } & Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#watch();
    if (waiting.changes === this.#changes) waiting.settle(answer);
    else this.#sendQuestion({ ...waiting, changes: this.#changes });
  }

  #send(message: ToSearchThread, transfer: ArrayBuffer[] = []): void {
    this.#thread?.postMessage(message, transfer);
  }

  /** Gives the thread time for the oldest question. One that hangs is ended, which refuses all that waits. */
  #watch(): void {
    clearTimeout(this.#deadline);
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return;
    this.#deadline = setTimeout(() => void this.#thread?.terminate(), oldest.question.type === 'search' ? SEARCH_DEADLINE_MS : CHECK_DEADLINE_MS);
  }

  async #endThread(): Promise<void> {
    this.#loaded = false;
    clearTimeout(this.#restart);
    const thread = this.#thread;
    if (thread !== null) {
      const cutOff = setTimeout(() => void thread.terminate(), SEARCH_DEADLINE_MS);
      this.#gone = new Promise<void>((resolve) => thread.once('exit', () => resolve())).then(() => clearTimeout(cutOff));
      this.#send({ type: 'close' });
      this.#thread = null;
    }
    await this.#gone;
  }

  /** @param tryAgain whether a thread that ends before it has loaded is followed by another; after that it always is */
  async #startThread({ tryAgain }: { tryAgain: boolean }): Promise<void> {
    if (this.#home === null) {
      const index = makeIndexHome();
      this.#home = { index, reader: new SignReader(index) };
    }
    const thread = new Worker(new URL('./searchThread.js', import.meta.url), {
      workerData: { ...this.#threadData, changes: this.#changes, home: this.#home.index } satisfies SearchThreadData, name: 'search', execArgv: [],
    });
    this.#thread = thread;
    return new Promise((resolve, reject) => {
      let reason: unknown = new PorticoError('vision_unavailable');
      thread.on('message', (message: FromSearchThread) => {
        if (!('type' in message) || message.type !== 'ready') return this.#receive(message);
        if (this.#thread !== thread) return; // told to end while it loaded
        this.#loaded = true;
        this.#osThreadId = message.osThreadId;
        this.#failures = 0;
        resolve();
      });
      thread.on('error', (error) => { reason = error; }); // followed by 'exit'
      thread.once('exit', (exitCode) => {
        const byItself = this.#thread === thread;
        const wasLoaded = this.#loaded;
        if (byItself) this.#thread = null;
        this.#loaded = false;
        clearTimeout(this.#deadline);
        if (exitCode !== 0) this.#home?.reader.wipe(); // one that ends in good order has done so
        for (const waiting of this.#waiting.values()) waiting.reject(new PorticoError('vision_unavailable'));
        this.#waiting.clear();
        reject(reason as Error);
        if (!byItself || !(wasLoaded || tryAgain)) return;
        this.#log?.error({ err: reason, errorCode: codeOf(reason) }, 'the search thread ended by itself; another will be started');
        if (!wasLoaded) this.#failures += 1;
        this.#restartLater();
      });
    });
  }

  /** Again and again until it works; meanwhile searches are refused and health says so. */
  #restartLater(): void {
    this.#restart = setTimeout(() => {
      this.#startThread({ tryAgain: true }).catch(() => undefined); // logged, and tried again
    }, Math.min(RESTART_WAIT_MAX_MS, RESTART_WAIT_MS * 2 ** this.#failures));
  }
}

/** The code of an error: errors from a thread come without their class. Never its message, which may quote data. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}
