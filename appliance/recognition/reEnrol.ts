import type { Consent } from '../consent/index.js';
import type { EnrolmentPhoto, Gallery } from '../gallery/index.js';
import { isPorticoError, type Logger } from '../kit/index.js';
import { judgeForEnrolment, type Vision } from '../vision/index.js';

/**
 * After a change of the model pack: makes new templates of the pictures that customers agreed to keep. The others are
 * asked for new photos at their next visit. One picture at a time, so that cameras go before.
 * @param stopped asked between two pictures
 * @returns how many customers have a template of the present pack now, and how many still need new photos
 */
export async function reEnrolFromKeptPictures(
  rooms: { vision: Vision; gallery: Gallery; consent: Consent; log: Logger }, stopped: () => boolean,
): Promise<{ made: number; photosWanted: number }> {
  const { vision, gallery, consent, log } = rooms;
  let made = 0;
  for (const customerId of gallery.ofOtherPacks()) {
    const photos: EnrolmentPhoto[] = [];
    for (const { jpeg, pose } of gallery.keptPictures(customerId)) {
      if (stopped()) return { made, photosWanted: gallery.ofOtherPacks().length };
      try {
        const face = (await vision.analyse(jpeg, { maxFaces: 1 })).faces[0];
        if (face !== undefined && judgeForEnrolment(face, vision.pack.gates) === null) {
          photos.push({ embedding: face.embedding, pose, norm: face.quality.norm, picture: jpeg });
        }
      } catch (error) {
        if (!isPorticoError(error)) throw error;
        log.warn({ err: error }, 'a kept picture could not be read');
      }
    }
    if (photos.length === 0) continue;
    const done = consent.withProof(customerId, 'keep_photo', (proof) => {
      if (!proof.covers('recognise')) return false;
      gallery.enrol(proof, photos);
      return true;
    });
    if (done === true) made += 1;
  }
  return { made, photosWanted: gallery.ofOtherPacks().length };
}
