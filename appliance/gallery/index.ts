import { Worker } from 'node:worker_threads';
import type { Decision, Pose } from '../contract/index.js';
import type { ConsentProof } from '../consent/index.js';
import type { EventBus } from '../events/index.js';
import { Embedding, PorticoError, type Clock } from '../kit/index.js';
import type { Database, ReaderTicket } from '../storage/index.js';
import type { SearchAnswer, SearchMatch, SearchQuestion } from './searchThread.js';
import { decide, similarityThreshold, type Thresholds } from './thresholds.js';

export { decide, similarityThreshold, KNOWN_MARGIN_MIN, type Thresholds } from './thresholds.js';

/** A search of a million templates takes a second; after this long the thread hangs. */
const SEARCH_DEADLINE_MS = 10_000;
const RESTART_WAIT_MS = 500;

export interface EnrolmentPhoto {
  embedding: Embedding;
  pose: Pose;
  /** Raw embedding norm: the quality score that is kept with the template. */
  norm: number;
}

export interface MatchDecision {
  decision: Decision;
  /** Best match, also when unknown (for the tools of measuring; the wire shows it only when asked). */
  customerId: string | null;
  /** Cosine, -1..1; null: nobody is enrolled. */
  score: number | null;
  /** Lead over the second best person; null: there is none. */
  margin: number | null;
  /** The similarities that were asked for: they depend on how many people are enrolled. */
  thresholds: Thresholds;
}

/**
 * Templates and search. A customer has one template for each model pack: the mean of the photos' embeddings. A
 * search compares with templates of one pack only.
 */
export class Gallery {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #modelId: string;
  readonly #readerTicket: ReaderTicket;
  readonly #fpir: { known: number; candidate: number };
  readonly #pending = new Map<number, { resolve(matches: SearchMatch[]): void; reject(error: Error): void }>();
  #thread: Worker | null = null;
  #nextId = 1;
  #size: number | null = null;
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(deps: {
    db: Database; clock: Clock; events: EventBus; readerTicket: ReaderTicket;
    /** Which model pack the embeddings come from. */
    modelId: string;
    /** Chosen shares of strangers taken for somebody. */
    fpir: { known: number; candidate: number };
  }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#modelId = deps.modelId;
    this.#readerTicket = deps.readerTicket;
    this.#fpir = deps.fpir;
  }

  async start(): Promise<void> {
    this.#stopping = false;
    await this.#startThread();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const thread = this.#thread;
    this.#thread = null;
    if (thread === null) return;
    const gone = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage('close');
    await gone;
  }

  /**
   * Makes or replaces the template of the proof's customer from one or more photos. The photos themselves are not kept.
   * @param proof consent for `recognise`, valid in the present transaction
   * @throws PorticoError consent_required; RangeError for no photo
   */
  enrol(proof: ConsentProof, photos: readonly EnrolmentPhoto[]): void {
    if (!proof.covers('recognise')) throw new PorticoError('consent_required');
    if (photos.length < 1) throw new RangeError('a template takes at least one photo');
    const { customerId } = proof;
    this.#db.transaction(() => {
      this.#forgetTemplates('customer_id = ? AND model_id = ?', customerId, this.#modelId);
      const { lastInsertRowid } = this.#db.run(
        'INSERT INTO template (customer_id, model_id, made_at_ms) VALUES (?, ?, ?)',
        customerId, this.#modelId, this.#clock.now());
      const templateId = BigInt(lastInsertRowid); // vec0 takes integers only as 64-bit ones
      for (const [position, photo] of photos.entries()) {
        this.#db.run('INSERT INTO template_photo (template_id, position, pose, norm, embedding) VALUES (?, ?, ?, ?, ?)',
          templateId, position, photo.pose, photo.norm, toBlob(photo.embedding));
      }
      const mean = Embedding.mean(photos.map((photo) => photo.embedding));
      this.#db.run('INSERT INTO template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)',
        templateId, this.#modelId, toBlob(mean));
      this.#db.afterCommit(() => {
        this.#size = null;
        this.#events.emit('customerEnrolled', { customerId });
      });
    });
  }

  /** Deletes all templates of a customer, of every pack. @returns how many templates went */
  forget(customerId: string): number {
    return this.#db.transaction(() => {
      const count = this.#forgetTemplates('customer_id = ?', customerId);
      this.#db.afterCommit(() => { this.#size = null; });
      return count;
    });
  }

  /** How many customers can be recognised with the present pack. */
  size(): number {
    this.#size ??= this.#db.get<{ n: number }>('SELECT count(*) AS n FROM template WHERE model_id = ?', this.#modelId)!.n;
    return this.#size;
  }

  /** Whether the search thread is up. */
  get searching(): boolean {
    return this.#thread !== null;
  }

  /** How many photos the customer's template was made of; 0: not enrolled. */
  photosOf(customerId: string): number {
    return this.#db.get<{ n: number }>(
      `SELECT count(*) AS n FROM template JOIN template_photo ON template_id = template.id
       WHERE customer_id = ? AND model_id = ?`, customerId, this.#modelId)!.n;
  }

  /**
   * Compares a probe with every template of the present pack, in the search thread.
   * @param except leave this customer out, as when enrolling again
   * @throws PorticoError vision_unavailable when the thread is gone or failed
   */
  async match(probe: Embedding, except?: string): Promise<MatchDecision> {
    const matches = (await this.#ask(probe, except === undefined ? 2 : 3)).filter((match) => match.customerId !== except);
    const best = matches[0];
    const second = matches[1];
    const score = best?.score ?? null;
    const margin = best === undefined || second === undefined ? null : best.score - second.score;
    const people = this.size();
    const thresholds = {
      known: similarityThreshold(people, this.#fpir.known),
      candidate: similarityThreshold(people, this.#fpir.candidate),
    };
    return { decision: decide(score, margin, thresholds), customerId: best?.customerId ?? null, score, margin, thresholds };
  }

  /**
   * sqlite-vec marks a deleted row as free but leaves its numbers in the chunk, where secure_delete does not reach;
   * so each vector is overwritten with zeros first.
   */
  #forgetTemplates(where: string, ...values: string[]): number {
    const rows = this.#db.all<{ id: number }>(`SELECT id FROM template WHERE ${where}`, ...values);
    for (const { id } of rows) {
      const templateId = BigInt(id);
      this.#db.run('UPDATE template_vector SET embedding = vec_f32(zeroblob(2048)) WHERE template_id = ?', templateId);
      this.#db.run('DELETE FROM template_vector WHERE template_id = ?', templateId);
      this.#db.run('DELETE FROM template WHERE id = ?', templateId); // photos go with it
    }
    return rows.length;
  }

  #ask(probe: Embedding, count: number): Promise<SearchMatch[]> {
    const thread = this.#thread;
    if (thread === null) return Promise.reject(new PorticoError('vision_unavailable'));
    const id = this.#nextId++;
    const values = probe.values();
    return new Promise((resolve, reject) => {
      // A thread that hangs is ended; its 'exit' refuses all that waits and starts another.
      const deadline = setTimeout(() => void thread.terminate(), SEARCH_DEADLINE_MS);
      const settle = <T>(done: (value: T) => void) => (value: T) => {
        clearTimeout(deadline);
        done(value);
      };
      this.#pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
      thread.postMessage({ id, probe: values, modelId: this.#modelId, count } satisfies SearchQuestion, [values.buffer as ArrayBuffer]);
    });
  }

  async #startThread(): Promise<void> {
    const thread = new Worker(new URL('./searchThread.js', import.meta.url), { workerData: this.#readerTicket, name: 'search', execArgv: [] });
    await new Promise<void>((resolve, reject) => {
      thread.once('message', () => resolve());
      thread.once('error', reject);
      thread.once('exit', () => reject(new PorticoError('vision_unavailable')));
    });
    thread.on('message', (answer: SearchAnswer) => {
      const waiting = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if ('matches' in answer) waiting?.resolve(answer.matches);
      else waiting?.reject(new PorticoError('vision_unavailable', { reason: answer.failed }));
    });
    thread.on('error', () => undefined); // followed by 'exit', which is handled
    thread.once('exit', () => {
      this.#thread = null;
      for (const waiting of this.#pending.values()) waiting.reject(new PorticoError('vision_unavailable'));
      this.#pending.clear();
      this.#restartLater();
    });
    this.#thread = thread;
  }

  /** Again and again until it works; meanwhile searches are refused and health says so. */
  #restartLater(): void {
    if (this.#stopping) return;
    this.#restart = setTimeout(() => {
      this.#startThread().catch(() => this.#restartLater());
    }, RESTART_WAIT_MS);
  }
}

function toBlob(embedding: Embedding): Buffer {
  return Buffer.from(embedding.values().buffer);
}
