import { EventEmitter } from 'node:events';
import type { SIGHTING_ANSWERS, VISIT_END_REASONS, BoxHealth, CandidateCard, RecognitionMode } from '../contract/index.js';
import type { Logger } from '../kit/index.js';

/** What happened, in the past tense, with plain payloads; emitted after the commit that made it true. */
export interface PorticoEvents {
  /** `corrects`: the visit, ended as `corrected` just before, that this one takes the place of. */
  visitOpened: { visitId: string; customerId: string; corrects: string | null };
  visitUpdated: { visitId: string };
  visitClosed: { visitId: string; customerId: string; reason: (typeof VISIT_END_REASONS)[number] };
  /** Something on the card of this customer changed (name, facts, follow-up). */
  customerChanged: { customerId: string };
  /** `atMs`: when it was written, which may be before it came here. */
  noteAdded: { customerId: string; atMs: number };
  followUpDone: { customerId: string };
  /** It came in: older wishes for it have arrived. */
  productArrived: { productId: string };
  /** A merge, or its undoing: what was told under one of these names may stand under the other now. */
  dossiersMerged: { customerIds: readonly string[] };
  /** The dossier is gone, and with it all that other rooms held of the customer. */
  dossierErased: { customerId: string };
  consentEnded: { customerId: string };
  /** Signed anew without a purpose that the former consent covered. */
  consentNarrowed: { customerId: string };
  /**
   * Consent still stands, but may not be used for now: of one customer (restricted), or of all whom it does not cover any more
   * (null: the notice changed materially).
   */
  consentSuspended: { customerId: string | null };
  customerEnrolled: { customerId: string };
  candidateAsked: { candidate: CandidateCard };
  candidateResolved: { sightingId: string; answer: (typeof SIGHTING_ANSWERS)[number] | 'expired' };
  modeChanged: { mode: RecognitionMode };
  /** Its name, zone or signage changed, or it is gone: a camera that runs as this station has to be admitted anew. */
  stationChanged: { stationId: string };
  healthChecked: { health: BoxHealth };
  sessionEnded: { sessionKey: string };
}

/** The typed bus. A listener that throws is logged and harms no other listener, nor the emitter. */
export class EventBus {
  readonly #emitter = new EventEmitter({ captureRejections: false });
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  emit<K extends keyof PorticoEvents>(name: K, payload: PorticoEvents[K]): void {
    this.#emitter.emit(name, payload);
  }

  /** @returns a function that takes the listener away again */
  on<K extends keyof PorticoEvents>(name: K, listener: (payload: PorticoEvents[K]) => void): () => void {
    const guarded = (payload: PorticoEvents[K]) => {
      try {
        listener(payload);
      } catch (err) {
        this.#log.error({ err, event: name }, 'a listener failed');
      }
    };
    this.#emitter.on(name, guarded);
    return () => this.#emitter.off(name, guarded);
  }
}
