/** What a box holds of a customer's face, in each form in which it could be on a disk. */
import { CustomerKeys, rotationOf } from '../../appliance/gallery/index.js';
import { Embedding, systemClock } from '../../appliance/kit/index.js';
import type { Database } from '../../appliance/storage/index.js';
import { reading } from './disk.js';

export interface FaceOnDisk {
  /** As stored in portico.db: sealed. */
  photos: Buffer[];
  pictures: Buffer[];
  /** As stored in the vault: the searched means, turned. */
  means: Buffer[];
  /** What must never be on the disk: photos' vectors turned and as the model gave them, means as they would be, pictures in clear. */
  clear: Buffer[];
}

/** Opened with the customer's own keys and turned back with the box's secret. */
export function faceOnDisk(dataDirectory: string, customerId: string): FaceOnDisk {
  return reading(dataDirectory, (db) => faceIn(db, customerId));
}

export function faceIn(db: Database, customerId: string): FaceOnDisk {
  const keys = new CustomerKeys({ db, clock: systemClock });
  const rotation = rotationOf(db, systemClock);
  const bytes = (embedding: { values(): Float32Array }) => Buffer.from(embedding.values().buffer);
  const photos = db.all<{ template_id: number; position: number; source: 'enrolment' | 'refresh'; embedding: Buffer }>(
    'SELECT template_id, position, source, embedding FROM template_photo JOIN template ON template.id = template_id WHERE customer_id = ? ORDER BY template_id, position', customerId);
  const opened = photos.map(({ template_id: templateId, position, source, embedding }) =>
    keys.openPhoto({ customerId, templateId, position, source }, embedding)!);
  const pictures = db.all<{ position: number; jpeg: Buffer }>('SELECT position, jpeg FROM kept_photo WHERE customer_id = ? ORDER BY position', customerId);
  const plain = opened.map((embedding) => rotation.turnBack(embedding));
  return {
    photos: photos.map(({ embedding }) => embedding),
    pictures: pictures.map(({ jpeg }) => jpeg),
    means: db.all<{ embedding: Buffer }>(
      'SELECT vector.embedding FROM template_vector AS vector JOIN template ON template.id = vector.template_id WHERE customer_id = ?', customerId)
      .map(({ embedding }) => embedding),
    clear: [
      ...(opened.length > 1 ? opened.map(bytes) : []), // a single one is its own mean
      ...plain.map(bytes), ...(plain.length > 0 ? [bytes(Embedding.mean(plain))] : []),
      // JPEGs of one maker begin alike.
      ...pictures.map(({ position, jpeg }) => keys.openPicture(customerId, position, jpeg)!.subarray(1_024)),
    ],
  };
}
