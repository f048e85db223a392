import type { Consent } from '../consent/index.js';
import type { Gallery } from '../gallery/index.js';
import { BoundedMap, type Clock, type Embedding } from '../kit/index.js';
import { judgeForEnrolment, type FoundFace, type Vision } from '../vision/index.js';
import { poseOf } from './poses.js';

/** An associate serves within minutes of the arrival; after this a "yes" no longer refreshes anything. */
const HELD_MS = 30 * 60_000;
const HELD_MAX = 200;

interface Look { embedding: Embedding; norm: number; yawDegrees: number; atMs: number }

/**
 * The best look at each customer in view who agreed that confirmed sightings refresh the template. In memory only, until
 * a member of staff confirms that it was that customer, says it was not, or half an hour is over.
 */
export class Upkeep {
  readonly #deps: { vision: Vision; gallery: Gallery; consent: Consent; clock: Clock };
  readonly #looks = new BoundedMap<string, Look>(HELD_MAX);

  constructor(deps: { vision: Vision; gallery: Gallery; consent: Consent; clock: Clock }) {
    this.#deps = deps;
  }

  /** A face was taken for this customer. Held only if it would do for an enrolment and the customer agreed. */
  noticed(customerId: string, face: FoundFace): void {
    const { vision, consent, clock } = this.#deps;
    if ((this.#looks.get(customerId)?.norm ?? 0) >= face.quality.norm) return;
    if (judgeForEnrolment(face, vision.pack.gates) !== null || !consent.covers(customerId, 'refresh')) return;
    this.#looks.set(customerId, {
      embedding: face.embedding, norm: face.quality.norm, yawDegrees: face.quality.yawDegrees, atMs: clock.now(),
    });
  }

  /** Staff say that it was this customer: the look may refresh the template, under consent looked up in that moment. */
  confirmed(customerId: string, staffId: string): void {
    const look = this.#looks.get(customerId);
    this.#looks.delete(customerId);
    if (look === undefined || Math.abs(this.#deps.clock.now() - look.atMs) > HELD_MS) return;
    const { embedding, norm, yawDegrees } = look;
    this.#deps.consent.withProof(customerId, 'refresh', (proof) =>
      this.#deps.gallery.refresh(proof, { embedding, norm, pose: poseOf(yawDegrees), staffId }));
  }

  forget(customerId: string): void {
    this.#looks.delete(customerId);
  }

  expire(): void {
    const now = this.#deps.clock.now();
    for (const [customerId, look] of [...this.#looks.entries()]) if (Math.abs(now - look.atMs) > HELD_MS) this.#looks.delete(customerId);
  }
}
