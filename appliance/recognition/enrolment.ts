import { randomUUID } from 'node:crypto';
import type { CaptureHint, Enrolled, EnrolmentProgress, ErrorCode, Pose } from '../contract/index.js';
import { POSES } from '../contract/index.js';
import type { Consent } from '../consent/index.js';
import { likenessOf, type EnrolmentPhoto, type Gallery } from '../gallery/index.js';
import { BoundedMap, Embedding, isWithin, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { judgeForEnrolment, type Box, type FoundFace, type Vision } from '../vision/index.js';
import { judgePose, poseOf } from './poses.js';

export const PHOTOS_WANTED = POSES.length;
const ENROLMENT_TTL_MS = 10 * 60_000;
const ENROLMENTS_MAX = 16;
/** Another face this large beside the main one may be whom the photo is of; a bystander far behind may not. */
const SECOND_FACE_MIN = 0.5;

interface Enrolment {
  customerId: string;
  photos: EnrolmentPhoto[];
  /** Since when the present pose is asked for. */
  poseAskedAtMs: number;
  expiresAtMs: number;
}
interface EnrolmentDeps {
  vision: Vision; gallery: Gallery; consent: Consent; clock: Clock;
  /** @throws PorticoError recognition_off */
  requireOn: () => void;
}
type Problem = Exclude<Extract<ErrorCode, `face_${string}`>, 'face_already_enrolled'>;

const HINTS: Record<Problem, CaptureHint> = {
  face_not_found: 'no_face', face_several: 'one_face_only', face_too_small: 'come_closer', face_blurred: 'hold_still', face_cut_off: 'move_to_middle',
  face_turned: 'look_here', face_too_dark: 'more_light', face_too_bright: 'less_light', face_eyes_closed: 'open_eyes',
  face_poor_quality: 'look_here', face_not_same_person: 'one_face_only',
};

/**
 * Enrolments under way: photos come in, embeddings of good ones are held in memory for at most ten minutes, and
 * only `finish` writes, all at once, under consent looked up in that moment.
 */
export class Enrolments {
  readonly #deps: EnrolmentDeps;
  readonly #open = new BoundedMap<string, Enrolment>(ENROLMENTS_MAX);

  constructor(deps: EnrolmentDeps) {
    this.#deps = deps;
  }

  /** Nobody is asked to sign for what is switched off. @throws PorticoError recognition_off */
  requireOn(): void {
    this.#deps.requireOn();
  }

  /** @throws PorticoError recognition_off, consent_required */
  start(customerId: string): EnrolmentProgress {
    this.#deps.requireOn(); // switching it off ends those that are under way
    if (!this.#deps.consent.covers(customerId, 'recognise')) throw new PorticoError('consent_required');
    const now = this.#deps.clock.now();
    const id = randomUUID();
    const enrolment: Enrolment = { customerId, photos: [], poseAskedAtMs: now, expiresAtMs: now + ENROLMENT_TTL_MS };
    this.#open.set(id, enrolment);
    return progress(id, enrolment, { accepted: false, problem: null, hint: 'look_straight', box: null });
  }

  /**
   * Looks at one photo and takes it if it is good and shows the pose asked for.
   * @param guided false: taken whichever way the head is turned
   * @param stillMay throws when whoever offered it may not any more: looking takes a while
   * @throws PorticoError enrolment_not_found, enrolment_complete, and those of reading an image
   */
  async addPhoto(id: string, image: Uint8Array, guided: boolean, stillMay: () => void): Promise<EnrolmentProgress> {
    const enrolment = this.#find(id);
    if (enrolment.photos.length >= PHOTOS_WANTED) throw new PorticoError('enrolment_complete');
    const { consent, vision } = this.#deps;
    const keeps = consent.covers(enrolment.customerId, 'keep_photo');
    const { faces } = await vision.analyse(image, { maxFaces: 4, eyes: true });
    stillMay();
    if (this.#open.get(id) !== enrolment) throw new PorticoError('enrolment_not_found'); // cancelled or withdrawn meanwhile
    const face = faces[0];
    const second = faces[1];
    if (face === undefined) return refuse(id, enrolment, 'face_not_found', null);
    // On a picture that will be kept there must be nobody else at all.
    if (second !== undefined && (keeps || second.box.height >= SECOND_FACE_MIN * face.box.height)) return refuse(id, enrolment, 'face_several', null);
    const problem = judgeForEnrolment(face, this.#deps.vision.pack.gates);
    if (problem !== null) return refuse(id, enrolment, problem, face.box);
    if (!this.#sameAsBefore(enrolment, face)) return refuse(id, enrolment, 'face_not_same_person', face.box);

    const wanted = wantedPose(enrolment);
    const now = this.#deps.clock.now();
    const verdict = guided ? judgePose(wanted, face.quality.yawDegrees, now - enrolment.poseAskedAtMs) : { take: true as const };
    if (!verdict.take) return progress(id, enrolment, { accepted: false, problem: null, hint: verdict.hint, box: face.box });
    // Cut out only where the customer agreed to its being kept; `finish` asks again before anything is written.
    const picture = keeps ? { picture: await vision.cutOut(image, face.box) } : {};
    stillMay();
    if (this.#open.get(id) !== enrolment) throw new PorticoError('enrolment_not_found');
    if (enrolment.photos.length >= PHOTOS_WANTED) throw new PorticoError('enrolment_complete'); // two photos at once
    enrolment.photos.push({ embedding: face.embedding, pose: poseOf(face.quality.yawDegrees), norm: face.quality.norm, ...picture });
    enrolment.poseAskedAtMs = now;
    const complete = enrolment.photos.length >= PHOTOS_WANTED;
    return progress(id, enrolment, { accepted: true, problem: null, hint: complete ? 'complete' : 'captured', box: face.box });
  }

  /**
   * Makes the template.
   * @param agreed.acceptFewer the staff say that one or two photos must do
   * @param agreed.despiteLikeness the staff say that this is somebody else than whom the face is enrolled for already
   * @param agreed.toStaff the answer is for the staff, who may hear for whom it is enrolled
   * @param stillMay throws when whoever asks may not any more: all after it is done in one go
   * @param alongside done in the same transaction
   * @throws PorticoError enrolment_not_found, enrolment_incomplete, face_already_enrolled {customerId}, consent_required
   */
  async finish(
    id: string, agreed: { acceptFewer: boolean; despiteLikeness: boolean; toStaff: boolean }, stillMay: () => void, alongside: (enrolled: Enrolled) => void,
  ): Promise<Enrolled> {
    const { acceptFewer, despiteLikeness, toStaff } = agreed;
    const enrolment = this.#find(id);
    const { customerId, photos } = enrolment;
    if (photos.length < (acceptFewer ? 1 : PHOTOS_WANTED)) {
      throw new PorticoError('enrolment_incomplete', { collected: photos.length, wanted: PHOTOS_WANTED });
    }
    const { consent, gallery } = this.#deps;
    const like = despiteLikeness ? null : await this.#whoseFaceItSeems(enrolment);
    stillMay();
    // Named only where recognition is agreed to and in force: a restricted person is not to be recognised here either.
    if (like !== null) throw new PorticoError('face_already_enrolled', toStaff && consent.covers(like, 'recognise') ? { customerId: like } : {});
    if (this.#open.get(id) !== enrolment) throw new PorticoError('enrolment_not_found'); // cancelled or withdrawn meanwhile
    const done = consent.withProof(customerId, 'recognise', (proof) => {
      gallery.enrol(proof, photos);
      alongside({ customerId, photos: photos.length });
      return true;
    });
    if (done === null) throw new PorticoError('consent_required');
    this.#open.delete(id);
    return { customerId, photos: photos.length };
  }

  /**
   * Whom else the face is enrolled for; null: nobody. Two dossiers with one face would never be told apart again; the
   * same holds for twins, which staff know about.
   */
  async #whoseFaceItSeems({ customerId, photos }: Enrolment): Promise<string | null> {
    const { gallery, vision } = this.#deps;
    const mean = Embedding.mean(photos.map((photo) => photo.embedding));
    const match = await gallery.match(mean, { except: customerId });
    // Not the thresholds of that match: after a mix-up they stand higher, and the warning must come all the same.
    const alike = Math.max(gallery.thresholds().known, likenessOf(vision.pack.calibration).samePerson);
    return match.nearest !== null && match.nearest.score >= alike ? match.nearest.customerId : null;
  }

  /** Photos of one person taken within minutes are far above what strangers reach. */
  #sameAsBefore({ photos }: Enrolment, face: FoundFace): boolean {
    if (photos.length === 0) return true;
    const before = Embedding.mean(photos.map((photo) => photo.embedding));
    return before.similarity(face.embedding) >= likenessOf(this.#deps.vision.pack.calibration).samePlace;
  }

  /** Null: there is no such enrolment. */
  customerOf(id: string): string | null {
    return this.#open.get(id)?.customerId ?? null;
  }

  /** Forgets the photos. Unknown ids are fine. */
  cancel(id: string): void {
    this.#open.delete(id);
  }

  forgetAll(): void {
    this.#open.clear();
  }

  /** Forgets what ran out, and what belongs to a customer if one is named. */
  expire(customerId?: string): void {
    const now = this.#deps.clock.now();
    for (const [id, enrolment] of [...this.#open.entries()]) {
      if (enrolment.customerId === customerId || !isWithin(enrolment.expiresAtMs, ENROLMENT_TTL_MS, now)) this.#open.delete(id);
    }
  }

  #find(id: string): Enrolment {
    const enrolment = this.#open.get(id);
    if (enrolment === undefined || !isWithin(enrolment.expiresAtMs, ENROLMENT_TTL_MS, this.#deps.clock.now())) throw new PorticoError('enrolment_not_found');
    return enrolment;
  }
}

function wantedPose(enrolment: Enrolment): Pose {
  return POSES[Math.min(enrolment.photos.length, POSES.length - 1)]!;
}

function refuse(id: string, enrolment: Enrolment, problem: Problem, box: Box | null): EnrolmentProgress {
  return progress(id, enrolment, { accepted: false, problem, hint: HINTS[problem], box });
}

function progress(
  id: string, enrolment: Enrolment, last: Pick<EnrolmentProgress, 'accepted' | 'problem' | 'hint' | 'box'>,
): EnrolmentProgress {
  const collected = enrolment.photos.length;
  return {
    enrolmentId: id, collected, wanted: PHOTOS_WANTED, nextPose: collected >= PHOTOS_WANTED ? null : wantedPose(enrolment),
    ...last, expiresAt: toInstant(enrolment.expiresAtMs),
  };
}
