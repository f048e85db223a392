import type { Decision, Pose } from '../contract/index.js';
import type { ConsentProof } from '../consent/index.js';
import type { EventBus } from '../events/index.js';
import { Embedding, PorticoError, type Clock } from '../kit/index.js';
import type { Database, ReaderTicket } from '../storage/index.js';
import { TemplateSearch, type SelfCheck } from './templateSearch.js';
import { decide, similarityThreshold, type Thresholds } from './thresholds.js';

export type { SelfCheck } from './templateSearch.js';
export { decide, similarityThreshold, KNOWN_MARGIN_MIN, type Thresholds } from './thresholds.js';

/** Enrolment photos a template is made of at the most (RECOGNITION: 3 to 5). */
export const TEMPLATE_PHOTOS_MAX = 5;

/** Probes of the self-check: a third each of templates, blurred templates and random directions. */
const CHECKED_PROBES = 30;

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
  readonly #fpir: { known: number; candidate: number };
  readonly #search: TemplateSearch;
  #size: number | null = null;

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
    this.#fpir = deps.fpir;
    this.#search = new TemplateSearch({ readerTicket: deps.readerTicket, modelId: deps.modelId });
  }

  /** Loads all templates into the search thread: 1.2 s for 100,000. What is written meanwhile is not lost. */
  start(): Promise<void> {
    return this.#search.start();
  }

  stop(): Promise<void> {
    return this.#search.stop();
  }

  /**
   * Makes or replaces the template of the proof's customer from 1 to 5 photos. The photos themselves are not kept.
   * @param proof consent for `recognise`, valid in the present transaction
   * @throws PorticoError consent_required; RangeError for no photo or too many
   */
  enrol(proof: ConsentProof, photos: readonly EnrolmentPhoto[]): void {
    if (!proof.covers('recognise')) throw new PorticoError('consent_required');
    if (photos.length < 1 || photos.length > TEMPLATE_PHOTOS_MAX) throw new RangeError('a template takes 1 to 5 photos');
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
        this.#search.put(Number(templateId), mean);
        this.#events.emit('customerEnrolled', { customerId });
      });
    });
  }

  /** Deletes all templates of a customer, of every pack. @returns how many templates went */
  forget(customerId: string): number {
    return this.#db.transaction(() => this.#forgetTemplates('customer_id = ?', customerId));
  }

  /** How many customers can be recognised with the present pack. */
  size(): number {
    this.#size ??= this.#db.get<{ n: number }>('SELECT count(*) AS n FROM template WHERE model_id = ?', this.#modelId)!.n;
    return this.#size;
  }

  /** Whether the search thread is up and has loaded all templates. */
  get searching(): boolean {
    return this.#search.searching;
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
    const [best, second] = await this.#search.nearest(probe, except === undefined ? 2 : 3, (matches) => matches.flatMap(({ templateId, score }) => {
      const customerId = this.#customerOf(templateId);
      return customerId === null || customerId === except ? [] : [{ customerId, score }];
    }));
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
   * Compares the search thread's memory with the file and with sqlite-vec's answers; on any difference the thread reads
   * the file anew. Searches wait up to a second at a time meanwhile: for the night.
   * @throws PorticoError vision_unavailable when the thread is gone
   */
  async checkSearch(): Promise<SelfCheck & { reloaded: boolean }> {
    const result = await this.#search.selfCheck(CHECKED_PROBES);
    const reloaded = result.differing > 0;
    if (reloaded) await this.#search.reload();
    return { ...result, reloaded };
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
    this.#db.afterCommit(() => {
      this.#size = null;
      for (const { id } of rows) this.#search.remove(id);
    });
    return rows.length;
  }

  /** Null for a template that is not in the file, or of another pack: it names nobody. */
  #customerOf(templateId: number): string | null {
    const row = this.#db.get<{ customerId: string }>('SELECT customer_id AS customerId FROM template WHERE id = ? AND model_id = ?', templateId, this.#modelId);
    return row?.customerId ?? null;
  }
}

function toBlob(embedding: Embedding): Buffer {
  return Buffer.from(embedding.values().buffer);
}
