import type { Decision, FpirChoice, Purpose } from '../contract/index.js';
import type { ConsentProof } from '../consent/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock, type Embedding, type Logger } from '../kit/index.js';
import type { Database, ReaderTicket } from '../storage/index.js';
import { CLEARLY, OFFSET_LASTS_MS, offsetAfterRejection } from './confusion.js';
import { CustomerKeys } from './customerKeys.js';
import { likenessOf } from './likeness.js';
import type { Rotation } from './rotation.js';
import { Templates, type ConfirmedSighting, type EnrolmentPhoto, type EnrolOptions, type TemplateState } from './templates.js';
import { TemplateSearch, type SelfCheck } from './templateSearch.js';
import { decide, similarityThreshold, type Calibration, type Thresholds } from './thresholds.js';
import { reconcile, rotationOf } from './turnover.js';

export { likenessOf, type Likeness } from './likeness.js';
export { decide, similarityThreshold, KNOWN_MARGIN_MIN, type Calibration, type Thresholds } from './thresholds.js';
export type { ConfirmedSighting, EnrolmentPhoto, TemplateState } from './templates.js';
export type { SelfCheck } from './templateSearch.js';
export { CustomerKeys } from './customerKeys.js';
export { reconcile, rekey, rotationOf } from './turnover.js';

/** Probes of the self-check: a third each of templates, blurred templates and random directions. */
const CHECKED_PROBES = 30;

export interface MatchDecision {
  decision: Decision;
  /** Whom the decision is about; also when unknown (for the tools of measuring; the wire shows it only when asked). */
  customerId: string | null;
  /** Cosine, -1..1; null: nobody is enrolled. */
  score: number | null;
  /** Lead over the next best person; null: there is none. */
  margin: number | null;
  /** The most similar person, whatever was decided. */
  nearest: { customerId: string; score: number } | null;
  /** The similarities that were asked of the best match: see `Gallery.match`. */
  thresholds: Thresholds;
}

interface ConfusionRow { customer_id: string; cosine: number; named_from: number; until_ms: number }

/**
 * Templates, search and thresholds. A customer has one template for each model pack: the mean of the photos'
 * embeddings. A search compares with templates of the present pack only.
 */
export class Gallery {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #defaultFpir: FpirChoice;
  readonly #calibration: Calibration;
  readonly #search: TemplateSearch;
  readonly #templates: Templates;
  readonly #keys: CustomerKeys;
  readonly #deleting: (customerId: string) => boolean;
  #ownRotation: Rotation | null = null;
  #size: number | null = null;
  #fpir: FpirChoice | null = null;
  /** The few customers with a mix-up; asked at each frame. */
  #confusions: Map<string, ConfusionRow> | null = null;

  constructor(deps: {
    db: Database; clock: Clock; events: EventBus; readerTicket: ReaderTicket;
    /** Which model pack the embeddings come from, and how its scores are to be read. */
    modelId: string; calibration: Calibration;
    /** Shares of strangers taken for somebody, until a manager chooses others. */
    fpir: FpirChoice;
    /** Whether what was made of this customer's face is still being deleted: nothing new may be made until that is done. */
    deleting?: (customerId: string) => boolean;
    log?: Logger;
  }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#defaultFpir = deps.fpir;
    this.#calibration = deps.calibration;
    this.#search = new TemplateSearch({ readerTicket: deps.readerTicket, modelId: deps.modelId, floor: deps.calibration.floor }, deps.log);
    this.#keys = new CustomerKeys(deps);
    this.#deleting = deps.deleting ?? (() => false);
    this.#templates = new Templates({
      db: deps.db, clock: deps.clock, keys: this.#keys, rotation: () => this.#rotation(), modelId: deps.modelId, index: this.#search,
      samePerson: likenessOf(deps.calibration).samePerson,
    });
  }

  /**
   * Before `start`: makes the searched vectors anew where the two files were not written together.
   * @param onForgotten called in the transaction, for each customer whose template no key opens any more
   * @returns null when nothing was to be done
   */
  reconcile(onForgotten: (customerId: string) => void): { templates: number; forgotten: number } | null {
    return reconcile({ db: this.#db, keys: this.#keys, rotation: this.#rotation(), onForgotten });
  }

  /** Loads all templates into the search thread: 1.2 s for 100,000. What is written meanwhile is not lost. */
  start(): Promise<void> {
    return this.#search.start();
  }

  stop(): Promise<void> {
    return this.#search.stop();
  }

  // ---- Templates -----------------------------------------------------------------------------------------------

  /**
   * Makes or replaces the template of the proof's customer. Templates of other packs go; pictures are kept only with
   * consent to that.
   * @param proof consent for `recognise`, valid in the present transaction
   * @param options.pictures what becomes of pictures kept before; default: replaced or dropped
   * @throws PorticoError consent_required; storage_busy while a former deletion is under way; RangeError for no photo
   */
  enrol(proof: ConsentProof, photos: readonly EnrolmentPhoto[], options: EnrolOptions = {}): void {
    if (!proof.covers('recognise')) throw new PorticoError('consent_required');
    if (photos.length === 0) throw new RangeError('a template takes at least one photo');
    const { customerId } = proof;
    if (this.#deleting(customerId)) throw new PorticoError('storage_busy');
    this.#db.transaction(() => {
      this.#templates.enrol(proof, photos, options);
      this.#dropOffset(customerId); // it was about the former template
      this.#db.afterCommit(() => {
        this.#size = null;
        this.#events.emit('customerEnrolled', { customerId });
      });
    });
  }

  /**
   * Lets a sighting that staff confirmed improve the template; bounds and reasons in `upkeep.ts`.
   * @param proof consent for `refresh`, valid in the present transaction
   * @throws PorticoError consent_required
   */
  refresh(proof: ConsentProof, sighting: ConfirmedSighting): 'taken' | 'not_enrolled' | 'too_soon' | 'too_different' {
    if (!proof.covers('recognise') || !proof.covers('refresh')) throw new PorticoError('consent_required');
    return this.#db.transaction(() => this.#templates.refresh(proof, sighting));
  }

  /** Takes out what confirmed sightings added. @throws PorticoError template_not_refreshed */
  revert(customerId: string): void {
    this.#db.transaction(() => this.#templates.revert(customerId));
  }

  /** How many templates a customer has, of whichever pack. */
  countOf(customerId: string): number {
    return this.#templates.countOf(customerId);
  }

  /**
   * First part of a deletion, in the vault alone: destroys the keys of these purposes, and with `recognise` the searched vectors.
   * Safe to repeat. @returns how many keys went
   */
  destroyKeys(customerId: string, purposes: readonly Purpose[]): number {
    return this.#db.transaction(() => this.#templates.destroyKeys(customerId, purposes));
  }

  /** Second part, in portico.db: all rows that were made of a customer's face. Safe to repeat. */
  dropRows(customerId: string): void {
    this.#db.transaction(() => {
      this.#templates.dropRows(customerId);
      this.#forgotten(customerId);
    });
  }

  /** The same for purposes that ended alone. */
  dropPurposes(customerId: string, ended: readonly Purpose[]): void {
    this.#db.transaction(() => this.#templates.dropPurposes(customerId, ended));
  }

  /** Null: never enrolled, or forgotten. */
  stateOf(customerId: string): (TemplateState & { stricterUntil: string | null }) | null {
    const state = this.#templates.stateOf(customerId);
    if (state === null) return null;
    const { untilMs } = this.#confusionOf(customerId);
    return { ...state, stricterUntil: untilMs === null ? null : toInstant(untilMs) };
  }

  /** How many customers can be recognised with the present pack. */
  size(): number {
    this.#size ??= this.#templates.count();
    return this.#size;
  }

  /** How many photos the customer's template was made of; 0: not enrolled with the present pack. */
  photosOf(customerId: string): number {
    return this.#templates.photosOf(customerId);
  }

  /** Customers with a template of other packs only: new photos, or their kept ones, have to make another. */
  ofOtherPacks(): string[] {
    return this.#templates.ofOtherPacks();
  }

  /** Whether the customer is one of these. */
  needsPhotos(customerId: string): boolean {
    return this.#templates.needsPhotos(customerId);
  }

  /** The pictures kept with consent, in the order of the enrolment. */
  keptPictures(customerId: string): ReturnType<Templates['keptPictures']> {
    return this.#templates.keptPictures(customerId);
  }

  /** What a naming of this customer rests on; null: no template. */
  basisOf(customerId: string): ReturnType<Templates['basisOf']> {
    return this.#templates.basisOf(customerId);
  }

  /** How many people there are templates of, of any pack: the number that article 15 of the 2025 measures counts. */
  persons(): number {
    return this.#templates.persons();
  }

  keptPictureCount(customerId: string): number {
    return this.#templates.keptPictureCount(customerId);
  }

  /** How many templates moved too far from their enrolment. */
  drifting(): number {
    return this.#templates.drifting();
  }

  /** The system's id of the search thread while it is up; null also where the system does not tell. */
  get osThreadId(): number | null {
    return this.#search.osThreadId;
  }

  // ---- Search and decision -------------------------------------------------------------------------------------

  /** Whether the search thread is up and has loaded all templates. */
  get searching(): boolean {
    return this.#search.searching;
  }

  /**
   * Compares a probe with every template of the present pack.
   * @param options.lift how much more is asked of this probe than of a single look, cosine
   * @param options.except leave this customer out, as when enrolling again
   * @throws PorticoError vision_unavailable when the thread is gone or failed
   */
  async match(probe: Embedding, options: { lift?: number; except?: string } = {}): Promise<MatchDecision> {
    const { except, lift = 0 } = options;
    const people = await this.#search.nearest(this.#rotation().turn(probe), except === undefined ? 2 : 3, (matches) => matches.flatMap(({ templateId, score }) => {
      const customerId = this.#templates.customerOf(templateId);
      return customerId === null || customerId === except ? [] : [{ customerId, score }];
    }));
    const base = this.thresholds();
    const judge = (place: number) => {
      const person = people[place]!;
      const next = people[place + 1];
      const margin = next === undefined ? null : person.score - next.score;
      const confusion = this.#confusionOf(person.customerId);
      const thresholds = { known: Math.max(base.known + lift + confusion.cosine, confusion.namedFrom), candidate: base.candidate + lift + confusion.cosine };
      return { ...person, margin, thresholds, decision: decide(person.score, margin, thresholds), confused: confusion.cosine > 0 };
    };
    const nearest = people[0] ?? null;
    if (nearest === null) return { decision: 'unknown', customerId: null, score: null, margin: null, thresholds: base, nearest };
    let judged = judge(0);
    if (judged.confused && judged.decision === 'unknown' && people.length > 1) {
      // Staff said that faces like this one are not the best match: it may be the next, but that is for them to say.
      const next = judge(1);
      if (next.decision !== 'unknown') judged = { ...next, decision: 'candidate' };
    }
    const { decision, customerId, score, margin, thresholds } = judged;
    return { decision, customerId, score, margin, thresholds, nearest };
  }

  /** The similarities that follow from the chosen shares, the model pack and the number enrolled. */
  thresholds(): Thresholds {
    const { known, candidate } = this.fpir();
    const people = this.size();
    return {
      known: similarityThreshold(this.#calibration, people, known),
      candidate: similarityThreshold(this.#calibration, people, candidate),
    };
  }

  /** The shares of strangers that may be taken for somebody: the manager's choice, else the box's setting. */
  fpir(): FpirChoice {
    this.#fpir ??= this.#db.get<FpirChoice>('SELECT known, candidate FROM fpir_choice') ?? this.#defaultFpir;
    return this.#fpir;
  }

  /** Holds from the next frame on. @throws PorticoError fpir_invalid */
  chooseFpir(choice: FpirChoice, staffId: string): void {
    if (choice.candidate < choice.known) throw new PorticoError('fpir_invalid');
    this.#db.run(
      `INSERT INTO fpir_choice (only_one, known, candidate, staff_id, at_ms) VALUES (1, ?, ?, ?, ?)
       ON CONFLICT (only_one) DO UPDATE SET known = excluded.known, candidate = excluded.candidate, staff_id = excluded.staff_id, at_ms = excluded.at_ms
       WHERE only_one = 1`,
      choice.known, choice.candidate, staffId, this.#clock.now());
    this.#fpir = null;
  }

  /** "Not this person": from now on, for a time, the customer must match more clearly. Inside a transaction. */
  rejected(customerId: string, score: number, was: 'named' | 'asked'): void {
    const { cosine, namedFrom } = this.#confusionOf(customerId);
    const next = offsetAfterRejection(score, was, this.thresholds(), cosine);
    this.#db.run(
      `INSERT INTO score_offset (customer_id, cosine, named_from, until_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (customer_id) DO UPDATE SET cosine = excluded.cosine, named_from = excluded.named_from, until_ms = excluded.until_ms
       WHERE customer_id = excluded.customer_id`,
      customerId, next, Math.max(namedFrom, score + CLEARLY), this.#clock.now() + OFFSET_LASTS_MS);
    this.#db.afterCommit(() => { this.#confusions = null; });
  }

  /** "Yes" to a face that scored about as a rejected one did takes the rejection back: it was a slip. Inside a transaction. */
  confirmed(customerId: string, score: number): void {
    if (score >= this.#confusionOf(customerId).namedFrom - 2 * CLEARLY) this.#dropOffset(customerId);
  }

  /**
   * Compares the search thread's memory with the file and with sqlite-vec's answers; on any difference the thread reads
   * the file anew. With more than 131,072 templates searches wait up to some seconds at a time
   * meanwhile: for the night.
   * @throws PorticoError vision_unavailable when the thread is gone, or `stop` came meanwhile: nothing outlives it
   */
  async checkSearch(): Promise<SelfCheck & { reloaded: boolean }> {
    const result = await this.#search.selfCheck(CHECKED_PROBES);
    const reloaded = result.differing > 0;
    if (reloaded) await this.#search.reload();
    return { ...result, reloaded };
  }

  /** What stands against a customer since a mix-up; nothing: 0 and -1. */
  #confusionOf(customerId: string): { cosine: number; namedFrom: number; untilMs: number | null } {
    this.#confusions ??= new Map(this.#db.all<ConfusionRow>('SELECT customer_id, cosine, named_from, until_ms FROM score_offset')
      .map((each) => [each.customer_id, each]));
    const row = this.#confusions.get(customerId);
    const now = this.#clock.now();
    // Also void when the clock was set back by more than it lasts.
    if (row === undefined || row.until_ms <= now || row.until_ms > now + 2 * OFFSET_LASTS_MS) return { cosine: 0, namedFrom: -1, untilMs: null };
    return { cosine: row.cosine, namedFrom: row.named_from, untilMs: row.until_ms };
  }

  #rotation(): Rotation {
    if (this.#ownRotation !== null) return this.#ownRotation;
    const rotation = rotationOf(this.#db, this.#clock);
    this.#db.afterCommit(() => { this.#ownRotation = rotation; }); // a seed that is rolled back was none
    return rotation;
  }

  #forgotten(customerId: string): void {
    this.#dropOffset(customerId);
    this.#db.afterCommit(() => { this.#size = null; });
  }

  #dropOffset(customerId: string): void {
    this.#db.run('DELETE FROM score_offset WHERE customer_id = ?', customerId);
    this.#db.afterCommit(() => { this.#confusions = null; });
  }
}
