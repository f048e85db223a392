import type { Consent } from '../consent/index.js';
import type { Gallery } from '../gallery/index.js';
import { BoundedMap, type Clock, type Embedding, type Logger } from '../kit/index.js';
import { judgeForEnrolment, type FoundFace, type Vision } from '../vision/index.js';
import { poseOf } from './poses.js';

/** An associate serves within minutes of the arrival; after this a "yes" no longer refreshes anything. */
const HELD_MS = 30 * 60_000;
const HELD_MAX = 200;

interface Look { customerId: string; embedding: Embedding; norm: number; yawDegrees: number; atMs: number }

/**
 * The best look behind each card and question, of customers who agreed that confirmed sightings refresh the template. It hangs on
 * the very visit or question that staff confirm, never on the customer: another face may have been taken for them meanwhile.
 * In memory only: until staff say yes or no, the visit ends, the face of an open question leaves the view, or half an hour is over.
 */
export class Upkeep {
  readonly #deps: { vision: Vision; gallery: Gallery; consent: Consent; clock: Clock; log: Logger };
  readonly #looks = new BoundedMap<string, Look>(HELD_MAX);

  constructor(deps: { vision: Vision; gallery: Gallery; consent: Consent; clock: Clock; log: Logger }) {
    this.#deps = deps;
  }

  /** How many looks are held. */
  get held(): number {
    return this.#looks.size;
  }

  /**
   * A face led to this card or question. Held only if it would do for an enrolment and the customer agreed.
   * @param cardId the visit's or the question's id
   */
  noticed(cardId: string, customerId: string, face: FoundFace): void {
    const { vision, consent, clock } = this.#deps;
    if ((this.#looks.get(cardId)?.norm ?? 0) >= face.quality.norm) return;
    if (judgeForEnrolment(face, vision.pack.gates) !== null || !consent.covers(customerId, 'refresh')) return;
    this.#looks.set(cardId, {
      customerId, embedding: face.embedding, norm: face.quality.norm, yawDegrees: face.quality.yawDegrees, atMs: clock.now(),
    });
  }

  /**
   * Staff say that the card was right: the look may refresh the template, under consent looked up in that moment. What staff
   * said holds whether this works or not, so a failure is logged and no more.
   */
  confirmed(cardId: string, staffId: string): void {
    const { consent, clock, gallery, log } = this.#deps;
    const look = this.#looks.get(cardId);
    this.#looks.delete(cardId);
    if (look === undefined || Math.abs(clock.now() - look.atMs) > HELD_MS) return;
    const { customerId, embedding, norm, yawDegrees } = look;
    try {
      consent.withProof(customerId, 'refresh', (proof) => {
        gallery.refresh(proof, { embedding, norm, pose: poseOf(yawDegrees), staffId });
      });
    } catch (err) {
      log.error({ err }, 'a template could not be refreshed');
    }
  }

  /** Forgets the look behind a card or question. Unknown ids are fine. */
  forget(cardId: string): void {
    this.#looks.delete(cardId);
  }

  /** After a withdrawal, or a consent without this purpose. */
  forgetCustomer(customerId: string): void {
    for (const [cardId, look] of [...this.#looks.entries()]) if (look.customerId === customerId) this.#looks.delete(cardId);
  }

  forgetAll(): void {
    this.#looks.clear();
  }

  expire(): void {
    const now = this.#deps.clock.now();
    for (const [cardId, look] of [...this.#looks.entries()]) if (Math.abs(now - look.atMs) > HELD_MS) this.#looks.delete(cardId);
  }
}
