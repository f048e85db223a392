import type { PHOTO_SOURCES, Pose, Purpose, TEMPLATE_STATES } from '../contract/index.js';
import type { ConsentProof } from '../consent/index.js';
import { Embedding, PorticoError, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { DRIFT_MARGIN, judgeRefresh, REFRESH_PHOTOS_MAX } from './upkeep.js';

export interface EnrolmentPhoto {
  embedding: Embedding;
  pose: Pose;
  /** Raw embedding norm: the quality score that is kept with the template. */
  norm: number;
  /** The face cut out of the picture, JPEG; kept only with consent to that. */
  picture?: Uint8Array;
  /** When it was taken; default: now. */
  takenAtMs?: number;
}
export interface EnrolOptions {
  /**
   * `replace`: the kept pictures are those of this enrolment, or none if it brings none. `leave`: the template is made of
   * kept pictures, which stay as they are. Without consent to keep them they go in either case.
   */
  pictures?: 'replace' | 'leave';
}
/** A sighting that staff confirmed. */
export interface ConfirmedSighting {
  embedding: Embedding;
  pose: Pose;
  norm: number;
  staffId: string;
}
type Source = (typeof PHOTO_SOURCES)[number];
export interface TemplateState {
  state: (typeof TEMPLATE_STATES)[number];
  photos: { source: Source; takenAtMs: number; confirmedBy: string | null }[];
  photosKept: boolean;
}
/** Is told, after the commit, what the search has to know. */
export interface TemplateIndex {
  put(templateId: number, mean: Embedding): void;
  remove(templateId: number): void;
}
interface PhotoRow {
  position: number; source: Source; pose: Pose; norm: number; taken_at_ms: number; confirmed_by: string | null; embedding: Buffer;
}

/** Templates in the encrypted file: what they were made from, the mean that is searched, and kept pictures. */
export class Templates {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #modelId: string;
  readonly #index: TemplateIndex;
  readonly #samePerson: number;

  /** @param deps.samePerson cosine that hardly any stranger reaches with this pack */
  constructor(deps: { db: Database; clock: Clock; modelId: string; index: TemplateIndex; samePerson: number }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#modelId = deps.modelId;
    this.#index = deps.index;
    this.#samePerson = deps.samePerson;
  }

  /** Makes or replaces the customer's template; those of other packs go too. Inside a transaction. */
  enrol(proof: ConsentProof, photos: readonly EnrolmentPhoto[], { pictures = 'replace' }: EnrolOptions = {}): void {
    const { customerId } = proof;
    const now = this.#clock.now();
    const mayKeep = proof.covers('keep_photo');
    let deleted = this.#forgetTemplates(customerId);
    if (!mayKeep || pictures === 'replace') deleted += this.#dropPictures(customerId);
    if (deleted > 0) this.#emptyLog();
    const { lastInsertRowid } = this.#db.run('INSERT INTO template (customer_id, model_id, made_at_ms) VALUES (?, ?, ?)', customerId, this.#modelId, now);
    const templateId = Number(lastInsertRowid);
    for (const [position, photo] of photos.entries()) this.#addPhoto(templateId, position, photo, 'enrolment', null, photo.takenAtMs ?? now);
    this.#remakeMean(templateId);
    if (!mayKeep || pictures === 'leave') return;
    for (const [position, { picture, pose, takenAtMs = now }] of photos.entries()) {
      if (picture === undefined) continue;
      this.#db.run('INSERT INTO kept_photo (customer_id, position, pose, taken_at_ms, jpeg) VALUES (?, ?, ?, ?, ?)',
        customerId, position, pose, takenAtMs, Buffer.from(picture));
    }
  }

  /** Adds a confirmed sighting, within the bounds of upkeep.ts. Inside a transaction. @returns what became of it */
  refresh(proof: ConsentProof, sighting: ConfirmedSighting): 'taken' | 'not_enrolled' | 'too_soon' | 'too_different' {
    const templateId = this.#idOf(proof.customerId);
    if (templateId === null) return 'not_enrolled';
    const photos = this.#photos(templateId);
    const added = photos.filter((photo) => photo.source === 'refresh');
    const now = this.#clock.now();
    const enrolment = meanOf(photos.filter((photo) => photo.source === 'enrolment'));
    const verdict = judgeRefresh(enrolment.similarity(sighting.embedding), this.#samePerson, added.at(-1)?.taken_at_ms ?? null, now);
    if (verdict !== 'take') return verdict;
    const worn = added.slice(0, Math.max(0, added.length + 1 - REFRESH_PHOTOS_MAX));
    for (const { position } of worn) this.#dropPhoto(templateId, position);
    if (worn.length > 0) this.#emptyLog();
    this.#addPhoto(templateId, photos.at(-1)!.position + 1, sighting, 'refresh', sighting.staffId, now);
    this.#remakeMean(templateId);
    return 'taken';
  }

  /** Back to the enrolment photos alone. @throws PorticoError template_not_refreshed */
  revert(customerId: string): void {
    const templateId = this.#idOf(customerId);
    if (templateId === null || !this.#dropRefreshed(templateId, this.#modelId)) throw new PorticoError('template_not_refreshed');
    this.#emptyLog();
  }

  /**
   * Deletes what rests on a purpose that is not among these: kept pictures, and what refreshes added. Inside a
   * transaction; who ends the purpose empties the log, as with `forget`.
   */
  keepOnly(customerId: string, purposes: readonly Purpose[]): void {
    if (!purposes.includes('keep_photo')) this.#dropPictures(customerId);
    if (purposes.includes('refresh')) return;
    for (const { id, model_id } of this.#db.all<{ id: number; model_id: string }>('SELECT id, model_id FROM template WHERE customer_id = ?', customerId)) {
      this.#dropRefreshed(id, model_id);
    }
  }

  /** Deletes all templates and pictures of a customer. @returns how many templates went */
  forget(customerId: string): number {
    this.#dropPictures(customerId);
    return this.#forgetTemplates(customerId);
  }

  /** Null: never enrolled, or forgotten. */
  stateOf(customerId: string): TemplateState | null {
    const photosKept = this.#db.get('SELECT 1 FROM kept_photo WHERE customer_id = ? LIMIT 1', customerId) !== undefined;
    const templateId = this.#idOf(customerId);
    if (templateId === null) return this.needsPhotos(customerId) ? { state: 'other_pack', photos: [], photosKept } : null;
    const drifts = this.#db.get('SELECT 1 FROM template WHERE id = ? AND drifts = 1', templateId) !== undefined;
    const photos = this.#db.all<TemplateState['photos'][number]>(
      `SELECT source, taken_at_ms AS takenAtMs, name AS confirmedBy
       FROM template_photo LEFT JOIN staff ON staff.id = confirmed_by WHERE template_id = ? ORDER BY position`, templateId);
    return { state: drifts ? 'drifting' : 'ok', photos, photosKept };
  }

  /** Whether the customer has a template, but only of another pack. */
  needsPhotos(customerId: string): boolean {
    const row = this.#db.get<{ present: number | null }>('SELECT max(model_id = ?) AS present FROM template WHERE customer_id = ?', this.#modelId, customerId);
    return row?.present === 0;
  }

  /** When the customer's template was made, of how many photos and with which pack; the present pack's if there is one. */
  basisOf(customerId: string): { madeAtMs: number; photos: number; modelPack: string } | null {
    return this.#db.get<{ madeAtMs: number; photos: number; modelPack: string }>(
      `SELECT made_at_ms AS madeAtMs, model_id AS modelPack, (SELECT count(*) FROM template_photo WHERE template_id = template.id) AS photos
       FROM template WHERE customer_id = ? ORDER BY model_id = ? DESC LIMIT 1`, customerId, this.#modelId) ?? null;
  }

  /** Customers with a template of any pack. */
  persons(): number {
    return this.#db.get<{ n: number }>('SELECT count(DISTINCT customer_id) AS n FROM template')!.n;
  }

  keptPictureCount(customerId: string): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM kept_photo WHERE customer_id = ?', customerId)!.n;
  }

  customerOf(templateId: number): string | null {
    return this.#db.get<{ customer_id: string }>('SELECT customer_id FROM template WHERE id = ?', templateId)?.customer_id ?? null;
  }

  /** Customers whose template the present pack can compare. */
  count(): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM template WHERE model_id = ?', this.#modelId)!.n;
  }

  photosOf(customerId: string): number {
    return this.#db.get<{ n: number }>(
      'SELECT count(*) AS n FROM template JOIN template_photo ON template_id = template.id WHERE customer_id = ? AND model_id = ?',
      customerId, this.#modelId)!.n;
  }

  /** Customers who have a template, but only of another pack. */
  ofOtherPacks(): string[] {
    return this.#db.all<{ customer_id: string }>(
      `SELECT DISTINCT customer_id FROM template WHERE model_id <> ?
       AND customer_id NOT IN (SELECT customer_id FROM template WHERE model_id = ?)`, this.#modelId, this.#modelId)
      .map((row) => row.customer_id);
  }

  drifting(): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM template WHERE model_id = ? AND drifts = 1', this.#modelId)!.n;
  }

  /** The kept pictures of a customer, in the order of the enrolment. */
  keptPictures(customerId: string): { jpeg: Uint8Array; pose: Pose; takenAtMs: number }[] {
    return this.#db.all<{ jpeg: Buffer; pose: Pose; takenAtMs: number }>(
      'SELECT jpeg, pose, taken_at_ms AS takenAtMs FROM kept_photo WHERE customer_id = ? ORDER BY position', customerId);
  }

  #idOf(customerId: string): number | null {
    return this.#db.get<{ id: number }>('SELECT id FROM template WHERE customer_id = ? AND model_id = ?', customerId, this.#modelId)?.id ?? null;
  }

  /** Oldest first. */
  #photos(templateId: number): PhotoRow[] {
    return this.#db.all<PhotoRow>(
      'SELECT position, source, pose, norm, taken_at_ms, confirmed_by, embedding FROM template_photo WHERE template_id = ? ORDER BY position', templateId);
  }

  #addPhoto(
    templateId: number, position: number, photo: { embedding: Embedding; pose: Pose; norm: number }, source: Source, staffId: string | null, takenAtMs: number,
  ): void {
    this.#db.run(
      'INSERT INTO template_photo (template_id, position, pose, norm, embedding, source, taken_at_ms, confirmed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      templateId, position, photo.pose, photo.norm, toBlob(photo.embedding), source, takenAtMs, staffId);
  }

  #dropPhoto(templateId: number, position: number): void {
    this.#db.run('DELETE FROM template_photo WHERE template_id = ? AND position = ?', templateId, position);
  }

  /** @returns whether there was anything to take out */
  #dropRefreshed(templateId: number, modelId: string): boolean {
    const added = this.#photos(templateId).filter((photo) => photo.source === 'refresh');
    if (added.length === 0) return false;
    for (const { position } of added) this.#dropPhoto(templateId, position);
    this.#remakeMean(templateId, modelId);
    return true;
  }

  #remakeMean(templateId: number, modelId = this.#modelId): void {
    const photos = this.#photos(templateId);
    const mean = meanOf(photos);
    const id = BigInt(templateId); // vec0 takes integers only as 64-bit ones
    const { changes } = this.#db.run('UPDATE template_vector SET embedding = ? WHERE template_id = ?', toBlob(mean), id);
    if (changes === 0) this.#db.run('INSERT INTO template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)', id, modelId, toBlob(mean));
    this.#db.run('UPDATE template SET drifts = ? WHERE id = ?', drifts(photos, this.#samePerson) ? 1 : 0, templateId);
    if (modelId === this.#modelId) this.#db.afterCommit(() => this.#index.put(templateId, mean));
  }

  /** @returns how many */
  #dropPictures(customerId: string): number {
    return this.#db.run('DELETE FROM kept_photo WHERE customer_id = ?', customerId).changes;
  }

  /** What was deleted lingers in the write-ahead log until that is emptied. */
  #emptyLog(): void {
    this.#db.afterCommit(() => this.#db.truncateLog());
  }

  /**
   * sqlite-vec marks a deleted row as free but leaves its numbers in the chunk, where secure_delete does not reach;
   * so each vector is overwritten with zeros first.
   */
  #forgetTemplates(customerId: string): number {
    const rows = this.#db.all<{ id: number }>('SELECT id FROM template WHERE customer_id = ?', customerId);
    for (const { id } of rows) {
      const templateId = BigInt(id);
      this.#db.run('UPDATE template_vector SET embedding = vec_f32(zeroblob(2048)) WHERE template_id = ?', templateId);
      this.#db.run('DELETE FROM template_vector WHERE template_id = ?', templateId);
      this.#db.run('DELETE FROM template WHERE id = ?', templateId); // photos go with it
      this.#db.afterCommit(() => this.#index.remove(id));
    }
    return rows.length;
  }
}

function meanOf(photos: readonly PhotoRow[]): Embedding {
  return Embedding.mean(photos.map((photo) => fromBlob(photo.embedding)));
}

function drifts(photos: readonly PhotoRow[], samePerson: number): boolean {
  const added = photos.filter((photo) => photo.source === 'refresh');
  if (added.length === 0) return false;
  return meanOf(added).similarity(meanOf(photos.filter((photo) => photo.source === 'enrolment'))) < samePerson + DRIFT_MARGIN;
}

function toBlob(embedding: Embedding): Buffer {
  return Buffer.from(embedding.values().buffer);
}

function fromBlob(blob: Buffer): Embedding {
  // A copy: a Buffer of the driver need not begin at a multiple of four bytes.
  return new Embedding(new Float32Array(Uint8Array.from(blob).buffer));
}
