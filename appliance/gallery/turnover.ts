/** What is done to all templates at once: making the vault's vectors anew from portico.db, and giving the box another secret. */
import { Embedding, PorticoError, RotatedEmbedding, type Clock } from '../kit/index.js';
import { filesMatch, markWrittenTogether, type Database } from '../storage/index.js';
import type { CustomerKeys, PhotoPlace } from './customerKeys.js';
import { newSeed, Rotation } from './rotation.js';
import { DIMENSIONS } from './signIndex.js';
import { dropAllVectors, writeVector } from './vectors.js';

const VECTOR_BYTES = DIMENSIONS * Float32Array.BYTES_PER_ELEMENT;

export interface Turnover {
  db: Database;
  keys: CustomerKeys;
  rotation: Rotation;
  /** Called in the transaction, for each customer whose template no key opens any more. */
  onForgotten?: (customerId: string) => void;
  progress?: (done: number, of: number) => void;
}
interface TemplateRow { id: number; customer_id: string; model_id: string }
interface PhotoRow { position: number; source: PhotoPlace['source']; embedding: Buffer }
interface Opened { place: PhotoPlace; embedding: RotatedEmbedding }

/** The secret rotation of this box, made when there is none yet. */
export function rotationOf(db: Database, clock: Clock): Rotation {
  const known = db.get<{ seed: Buffer }>('SELECT seed FROM rotation');
  if (known !== undefined) return new Rotation(known.seed, DIMENSIONS);
  const seed = newSeed();
  db.run('INSERT INTO rotation (only_one, seed, made_at_ms) VALUES (1, ?, ?)', seed, clock.now());
  return new Rotation(seed, DIMENSIONS);
}

/**
 * Before the search starts: whether portico.db and the vault were written together. If not (a restored portico.db, a power cut
 * between the two commits, a new vault, a box from before there were vaults), the vectors are made anew. What a box
 * from before has in clear is sealed; whose key is gone is forgotten.
 * @returns null when nothing was to be done; else how many can be recognised, and how many were forgotten
 */
export function reconcile(work: Turnover): { templates: number; forgotten: number } | null {
  const { db, keys } = work;
  if (filesMatch(db)) return null;
  // Keys first and for themselves: were they lost between the two commits below, so would be all that they had just sealed.
  db.transaction(() => {
    const plain = db.all<{ customer_id: string; source: PhotoPlace['source'] }>(
      'SELECT DISTINCT customer_id, source FROM template JOIN template_photo ON template_id = template.id WHERE length(embedding) = ?', VECTOR_BYTES);
    for (const { customer_id, source } of plain) keys.make(customer_id, source === 'refresh' ? 'refresh' : 'recognise');
    for (const { customer_id } of db.all<{ customer_id: string }>(`SELECT DISTINCT customer_id FROM kept_photo WHERE substr(jpeg, 1, 2) = x'ffd8'`)) {
      keys.make(customer_id, 'keep_photo');
    }
  });
  const outcome = rebuild(work);
  db.truncateLog();
  return outcome;
}

/** All vectors from what portico.db holds, in one transaction; 100,000 templates of three photos take half a minute. */
export function rebuild(work: Turnover): { templates: number; forgotten: number } {
  const { db } = work;
  return db.transaction(() => {
    dropAllVectors(db);
    const templates = db.all<TemplateRow>('SELECT id, customer_id, model_id FROM template ORDER BY id');
    let forgotten = 0;
    for (const [index, template] of templates.entries()) {
      const opened = openOrDrop(work, template);
      if (opened.some(({ place }) => place.source === 'enrolment')) {
        writeVector(db, template.id, template.model_id, RotatedEmbedding.mean(opened.map(({ embedding }) => embedding)));
      } else {
        db.run('DELETE FROM template WHERE id = ?', template.id);
        db.run('DELETE FROM kept_photo WHERE customer_id = ?', template.customer_id);
        work.onForgotten?.(template.customer_id);
        forgotten += 1;
      }
      work.progress?.(index + 1, templates.length);
    }
    sealOrDropPictures(work);
    // A key that opens nothing here opens something in an older copy.
    db.run(`DELETE FROM vault.customer_key WHERE NOT CASE purpose
      WHEN 'keep_photo' THEN EXISTS (SELECT 1 FROM main.kept_photo WHERE kept_photo.customer_id = customer_key.customer_id)
      ELSE EXISTS (SELECT 1 FROM main.template JOIN main.template_photo ON template_id = template.id
        WHERE template.customer_id = customer_key.customer_id AND (source = 'refresh') = (purpose = 'refresh')) END`);
    markWrittenTogether(db);
    return { templates: templates.length - forgotten, forgotten };
  });
}

/**
 * Another secret for the box, and every template turned by it, in one transaction: all or nothing, without new photos. Nobody else
 * may use the files meanwhile, and the disk needs as much room again as they take.
 * @param record called in the same transaction
 * @throws PorticoError db_corrupt when a photo does not open, storage_full; then everything is as it was
 */
export function rekey(work: Omit<Turnover, 'onForgotten'> & { clock: Clock; record(templates: number): void }): number {
  const { db, keys, rotation: old, clock, progress } = work;
  const seed = newSeed();
  const next = new Rotation(seed, DIMENSIONS);
  const count = db.transaction(() => {
    const templates = db.all<TemplateRow>('SELECT id, customer_id, model_id FROM template ORDER BY id');
    for (const [index, template] of templates.entries()) {
      const turned = photosOf(db, template).map(({ position, source, embedding: sealed }) => {
        const place = { customerId: template.customer_id, templateId: template.id, position, source };
        const opened = keys.openPhoto(place, sealed);
        if (opened === null) throw new PorticoError('db_corrupt');
        const embedding = next.turn(old.turnBack(opened));
        store(db, place, keys.sealPhoto(place, embedding));
        return embedding;
      });
      writeVector(db, template.id, template.model_id, RotatedEmbedding.mean(turned));
      progress?.(index + 1, templates.length);
    }
    db.run('UPDATE rotation SET seed = ?, made_at_ms = ? WHERE only_one = 1', seed, clock.now());
    markWrittenTogether(db);
    work.record(templates.length);
    return templates.length;
  });
  db.truncateLog();
  return count;
}

function photosOf(db: Database, { id }: TemplateRow): PhotoRow[] {
  return db.all<PhotoRow>('SELECT position, source, embedding FROM template_photo WHERE template_id = ? ORDER BY position', id);
}

function store(db: Database, { templateId, position }: PhotoPlace, sealed: Buffer): void {
  db.run('UPDATE template_photo SET embedding = ? WHERE template_id = ? AND position = ?', sealed, templateId, position);
}

/** The photos of a template that its customer's keys open; the others go. What is in clear is turned and sealed. */
function openOrDrop({ db, keys, rotation }: Turnover, template: TemplateRow): Opened[] {
  return photosOf(db, template).flatMap(({ position, source, embedding: stored }) => {
    const place = { customerId: template.customer_id, templateId: template.id, position, source };
    if (stored.length === VECTOR_BYTES) {
      const embedding = rotation.turn(new Embedding(new Float32Array(Uint8Array.from(stored).buffer)));
      store(db, place, keys.sealPhoto(place, embedding));
      return [{ place, embedding }];
    }
    const embedding = keys.openPhoto(place, stored);
    if (embedding !== null) return [{ place, embedding }];
    db.run('DELETE FROM template_photo WHERE template_id = ? AND position = ?', place.templateId, position);
    db.run('UPDATE template SET drifts = 0 WHERE id = ?', place.templateId);
    return [];
  });
}

function sealOrDropPictures({ db, keys }: Turnover): void {
  for (const { customer_id: customerId, position } of db.all<{ customer_id: string; position: number }>('SELECT customer_id, position FROM kept_photo')) {
    const { jpeg } = db.get<{ jpeg: Buffer }>('SELECT jpeg FROM kept_photo WHERE customer_id = ? AND position = ?', customerId, position)!;
    if (jpeg[0] === 0xff) { // in clear: a JPEG
      db.run('UPDATE kept_photo SET jpeg = ? WHERE customer_id = ? AND position = ?', keys.sealPicture(customerId, position, jpeg), customerId, position);
    } else if (keys.openPicture(customerId, position, jpeg) === null) {
      db.run('DELETE FROM kept_photo WHERE customer_id = ? AND position = ?', customerId, position);
    }
  }
}
