import type { Consent } from '../consent/index.js';
import type { EnrolmentPhoto, Gallery } from '../gallery/index.js';
import { isPorticoError, type Logger } from '../kit/index.js';
import { judgeForEnrolment, type Vision } from '../vision/index.js';

/**
 * After a change of the model pack: makes new templates of the pictures that customers agreed to keep. The others are
 * asked for new photos at their next visit. One picture at a time, so that cameras go before. The pictures stay as they
 * are, whatever the new models make of them.
 * @param stopped asked between two pictures
 * @returns how many customers were enrolled anew, and how many still need new photos
 */
export async function reEnrolFromKeptPictures(
  rooms: { vision: Vision; gallery: Gallery; consent: Consent; log: Logger }, stopped: () => boolean,
): Promise<{ made: number; photosWanted: number }> {
  const { gallery, consent } = rooms;
  let made = 0;
  for (const customerId of gallery.ofOtherPacks()) {
    if (stopped()) break;
    if (!consent.covers(customerId, 'keep_photo')) continue;
    const photos = await readKept(rooms, customerId, stopped);
    if (photos === null || photos.length === 0) continue;
    const done = consent.withProof(customerId, 'keep_photo', (proof) => {
      // Somebody may have taken new photos meanwhile: those are better.
      if (!proof.covers('recognise') || !gallery.needsPhotos(customerId)) return false;
      gallery.enrol(proof, photos, { pictures: 'leave' });
      return true;
    });
    if (done === true) made += 1;
  }
  return { made, photosWanted: gallery.ofOtherPacks().length };
}

/** @returns what the present models read in the kept pictures; null: not now, the next start tries again */
async function readKept(
  { vision, gallery, log }: { vision: Vision; gallery: Gallery; log: Logger }, customerId: string, stopped: () => boolean,
): Promise<EnrolmentPhoto[] | null> {
  const photos: EnrolmentPhoto[] = [];
  for (const { jpeg, pose, takenAtMs } of gallery.keptPictures(customerId)) {
    if (stopped()) return null;
    try {
      const face = (await vision.analyse(jpeg, { maxFaces: 1 })).faces[0];
      if (face !== undefined && judgeForEnrolment(face, vision.pack.gates) === null) {
        photos.push({ embedding: face.embedding, pose, norm: face.quality.norm, takenAtMs });
      }
    } catch (error) {
      if (isPorticoError(error, 'vision_unavailable')) return null;
      if (!isPorticoError(error)) throw error;
      log.warn({ err: error }, 'a kept picture could not be read');
    }
  }
  return photos;
}
