import type { PHOTO_SOURCES, Pose, Purpose, TEMPLATE_STATES } from '../contract/index.js';
import type { ConsentProof } from '../consent/index.js';
import { PorticoError, RotatedEmbedding, type Clock, type Embedding } from '../kit/index.js';
import { filesMatch, markWrittenTogether, type Database } from '../storage/index.js';
import type { CustomerKeys, PhotoPlace } from './customerKeys.js';
import type { Rotation } from './rotation.js';
import { rebuild } from './turnover.js';
import { dropVector, writeVector } from './vectors.js';
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
  put(templateId: number, mean: RotatedEmbedding): void;
  remove(templateId: number): void;
  /** Everything may have changed. */
  reloadSoon(): void;
}
interface PhotoRow {
  position: number; source: Source; pose: Pose; norm: number; taken_at_ms: number; confirmed_by: string | null; embedding: Buffer;
}

/**
 * Templates in the encrypted files: what they were made from and kept pictures, sealed under keys of the customer, in
 * portico.db; the mean that is searched, and the keys, in the vault. Every embedding is turned by the box's secret.
 */
export class Templates {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #keys: CustomerKeys;
  readonly #rotation: () => Rotation;
  readonly #modelId: string;
  readonly #index: TemplateIndex;
  readonly #samePerson: number;

  /** @param deps.samePerson cosine that hardly any stranger reaches with this pack */
  constructor(deps: {
    db: Database; clock: Clock; keys: CustomerKeys; rotation: () => Rotation; modelId: string; index: TemplateIndex; samePerson: number;
  }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#keys = deps.keys;
    this.#rotation = deps.rotation;
    this.#modelId = deps.modelId;
    this.#index = deps.index;
    this.#samePerson = deps.samePerson;
  }

  /** Makes or replaces the customer's template; those of other packs go too. Inside a transaction. */
  enrol(proof: ConsentProof, photos: readonly EnrolmentPhoto[], { pictures = 'replace' }: EnrolOptions = {}): void {
    const { customerId } = proof;
    const now = this.#clock.now();
    const mayKeep = proof.covers('keep_photo');
    this.#begin();
    let deleted = this.#dropVectors(customerId) + this.#dropTemplates(customerId);
    if (!mayKeep || pictures === 'replace') deleted += this.#dropPictures(customerId);
    if (deleted > 0) this.#emptyLog();
    const { lastInsertRowid } = this.#db.run('INSERT INTO template (customer_id, model_id, made_at_ms) VALUES (?, ?, ?)', customerId, this.#modelId, now);
    const templateId = Number(lastInsertRowid);
    for (const [position, photo] of photos.entries()) {
      this.#addPhoto({ customerId, templateId, position, source: 'enrolment' }, this.#rotation().turn(photo.embedding), photo, null, photo.takenAtMs ?? now);
    }
    this.#remakeMean(customerId, templateId);
    if (!mayKeep || pictures === 'leave') return;
    for (const [position, { picture, pose, takenAtMs = now }] of photos.entries()) {
      if (picture === undefined) continue;
      this.#db.run('INSERT INTO kept_photo (customer_id, position, pose, taken_at_ms, jpeg) VALUES (?, ?, ?, ?, ?)',
        customerId, position, pose, takenAtMs, this.#keys.sealPicture(customerId, position, picture));
    }
  }

  /** Adds a confirmed sighting, within the bounds of upkeep.ts. Inside a transaction. @returns what became of it */
  refresh(proof: ConsentProof, sighting: ConfirmedSighting): 'taken' | 'not_enrolled' | 'too_soon' | 'too_different' {
    const { customerId } = proof;
    const templateId = this.#idOf(customerId);
    if (templateId === null) return 'not_enrolled';
    const photos = this.#photos(templateId);
    const added = photos.filter((photo) => photo.source === 'refresh');
    const now = this.#clock.now();
    const seen = this.#rotation().turn(sighting.embedding);
    const enrolment = this.#meanOf(customerId, templateId, photos.filter((photo) => photo.source === 'enrolment'));
    const verdict = judgeRefresh(enrolment.similarity(seen), this.#samePerson, added.at(-1)?.taken_at_ms ?? null, now);
    if (verdict !== 'take') return verdict;
    this.#begin();
    const worn = added.slice(0, Math.max(0, added.length + 1 - REFRESH_PHOTOS_MAX));
    for (const { position } of worn) this.#dropPhoto(templateId, position);
    if (worn.length > 0) this.#emptyLog();
    const place = { customerId, templateId, position: photos.at(-1)!.position + 1, source: 'refresh' as const };
    this.#addPhoto(place, seen, sighting, sighting.staffId, now);
    this.#remakeMean(customerId, templateId);
    return 'taken';
  }

  /** Back to the enrolment photos alone. @throws PorticoError template_not_refreshed */
  revert(customerId: string): void {
    const templateId = this.#idOf(customerId);
    if (templateId === null || !this.#dropRefreshed(customerId, templateId, this.#modelId)) throw new PorticoError('template_not_refreshed');
    this.#emptyLog();
  }

  /** Deletes the rows that rest on purposes that ended: kept pictures, and what refreshes added. Inside a transaction; safe to repeat. */
  dropPurposes(customerId: string, ended: readonly Purpose[]): void {
    if (ended.includes('keep_photo')) this.#dropPictures(customerId);
    if (!ended.includes('refresh')) return;
    for (const { id, model_id } of this.#templatesOf(customerId)) this.#dropRefreshed(customerId, id, model_id);
  }

  /** How many templates a customer has, of whichever pack. */
  countOf(customerId: string): number {
    return this.#templatesOf(customerId).length;
  }

  /**
   * The vault's part of a deletion: the keys of these purposes, and with `recognise` the vectors. In a transaction of its
   * own; safe to repeat. @returns how many keys went
   */
  destroyKeys(customerId: string, purposes: readonly Purpose[]): number {
    if (purposes.includes('recognise')) this.#dropVectors(customerId);
    return this.#keys.destroy(customerId, purposes);
  }

  /** The other part: templates and pictures. Inside a transaction; safe to repeat. @returns how many templates went */
  dropRows(customerId: string): number {
    this.#dropPictures(customerId);
    return this.#dropTemplates(customerId);
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
    return this.#db.all<{ position: number; jpeg: Buffer; pose: Pose; takenAtMs: number }>(
      'SELECT position, jpeg, pose, taken_at_ms AS takenAtMs FROM kept_photo WHERE customer_id = ? ORDER BY position', customerId)
      .flatMap(({ position, jpeg: sealed, pose, takenAtMs }) => {
        const jpeg = this.#keys.openPicture(customerId, position, sealed);
        return jpeg === null ? [] : [{ jpeg, pose, takenAtMs }];
      });
  }

  /** Before anything is written to both files. After a power cut between their commits the vectors are made anew first. */
  #begin(): void {
    if (!filesMatch(this.#db)) {
      rebuild({ db: this.#db, keys: this.#keys, rotation: this.#rotation() });
      this.#db.afterCommit(() => this.#index.reloadSoon());
    }
    markWrittenTogether(this.#db);
  }

  #idOf(customerId: string): number | null {
    return this.#db.get<{ id: number }>('SELECT id FROM template WHERE customer_id = ? AND model_id = ?', customerId, this.#modelId)?.id ?? null;
  }

  /** Oldest first. */
  #photos(templateId: number): PhotoRow[] {
    return this.#db.all<PhotoRow>(
      'SELECT position, source, pose, norm, taken_at_ms, confirmed_by, embedding FROM template_photo WHERE template_id = ? ORDER BY position', templateId);
  }

  #addPhoto(place: PhotoPlace, embedding: RotatedEmbedding, { pose, norm }: { pose: Pose; norm: number }, staffId: string | null, takenAtMs: number): void {
    this.#db.run(
      'INSERT INTO template_photo (template_id, position, pose, norm, embedding, source, taken_at_ms, confirmed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      place.templateId, place.position, pose, norm, this.#keys.sealPhoto(place, embedding), place.source, takenAtMs, staffId);
  }

  #dropPhoto(templateId: number, position: number): void {
    this.#db.run('DELETE FROM template_photo WHERE template_id = ? AND position = ?', templateId, position);
  }

  #templatesOf(customerId: string): { id: number; model_id: string }[] {
    return this.#db.all('SELECT id, model_id FROM template WHERE customer_id = ?', customerId);
  }

  /** @returns whether there was anything to take out */
  #dropRefreshed(customerId: string, templateId: number, modelId: string): boolean {
    const added = this.#photos(templateId).filter((photo) => photo.source === 'refresh');
    if (added.length === 0) return false;
    this.#begin();
    if (this.#photos(templateId).length === 0) return true; // no key opened it any more
    for (const { position } of added) this.#dropPhoto(templateId, position);
    this.#remakeMean(customerId, templateId, modelId);
    return true;
  }

  #remakeMean(customerId: string, templateId: number, modelId = this.#modelId): void {
    const photos = this.#photos(templateId);
    const mean = this.#meanOf(customerId, templateId, photos);
    writeVector(this.#db, templateId, modelId, mean);
    this.#db.run('UPDATE template SET drifts = ? WHERE id = ?', this.#drifts(customerId, templateId, photos) ? 1 : 0, templateId);
    if (modelId === this.#modelId) this.#db.afterCommit(() => this.#index.put(templateId, mean));
  }

  /** @throws PorticoError db_corrupt when a photo does not open: while the files match, each does */
  #meanOf(customerId: string, templateId: number, photos: readonly PhotoRow[]): RotatedEmbedding {
    return RotatedEmbedding.mean(photos.map(({ position, source, embedding: sealed }) => {
      const opened = this.#keys.openPhoto({ customerId, templateId, position, source }, sealed);
      if (opened === null) throw new PorticoError('db_corrupt');
      return opened;
    }));
  }

  #drifts(customerId: string, templateId: number, photos: readonly PhotoRow[]): boolean {
    const added = photos.filter((photo) => photo.source === 'refresh');
    if (added.length === 0) return false;
    const meanOf = (some: readonly PhotoRow[]) => this.#meanOf(customerId, templateId, some);
    return meanOf(added).similarity(meanOf(photos.filter((photo) => photo.source === 'enrolment'))) < this.#samePerson + DRIFT_MARGIN;
  }

  /** @returns how many */
  #dropPictures(customerId: string): number {
    return this.#db.run('DELETE FROM kept_photo WHERE customer_id = ?', customerId).changes;
  }

  /** @returns how many; their photos go with them */
  #dropTemplates(customerId: string): number {
    return this.#db.run('DELETE FROM template WHERE customer_id = ?', customerId).changes;
  }

  /** @returns how many there may have been */
  #dropVectors(customerId: string): number {
    const rows = this.#templatesOf(customerId);
    for (const { id } of rows) {
      dropVector(this.#db, id);
      this.#db.afterCommit(() => this.#index.remove(id));
    }
    return rows.length;
  }

  /** What was deleted lingers in the write-ahead log until that is emptied. */
  #emptyLog(): void {
    this.#db.afterCommit(() => this.#db.truncateLog());
  }
}
