import { randomUUID } from 'node:crypto';
import type { CandidateCard, SightingAnswer } from '../contract/index.js';
import type { Customers } from '../customers/index.js';
import type { EventBus } from '../events/index.js';
import { BoundedMap, PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Consent } from '../consent/index.js';
import type { Database } from '../storage/index.js';
import type { Visits } from '../visits/index.js';

export const SIGHTING_TTL_MS = 120_000;
/** After "not them" or "don't know" the same customer is not asked about again for this long. */
export const ASK_AGAIN_AFTER_MS = 10 * 60_000;
const OPEN_MAX = 50;

/** The open questions "Is this ...?". In memory only: a face that is not confirmed leaves nothing behind. */
export class Sightings {
  readonly #deps: { db: Database; clock: Clock; events: EventBus; consent: Consent; customers: Customers; visits: Visits };
  readonly #open = new Map<string, CandidateCard>();
  readonly #quietUntilMs = new BoundedMap<string, number>(1_000);

  constructor(deps: { db: Database; clock: Clock; events: EventBus; consent: Consent; customers: Customers; visits: Visits }) {
    this.#deps = deps;
  }

  /**
   * Asks the staff, unless the same question is open, was answered lately, or the customer is in the store anyway.
   * @returns the id of the open question, or null when nothing was asked
   */
  ask(customerId: string, score: number): string | null {
    const { clock, consent, customers, events, visits } = this.#deps;
    const now = clock.now();
    this.expire();
    for (const [id, card] of this.#open.entries()) if (card.customerId === customerId) return id;
    if (this.#open.size >= OPEN_MAX) return null; // nobody is answering
    if ((this.#quietUntilMs.get(customerId) ?? 0) > now) return null;
    if (visits.openVisitOf(customerId) !== null || !consent.covers(customerId, 'recognise')) return null;
    const customer = customers.byId(customerId);
    const candidate: CandidateCard = {
      sightingId: randomUUID(), customerId, displayName: customer.displayName, salutation: customer.salutation,
      tier: customer.tier, askedAt: toInstant(now), expiresAt: toInstant(now + SIGHTING_TTL_MS), score,
    };
    this.#open.set(candidate.sightingId, candidate);
    events.emit('candidateAsked', { candidate });
    return candidate.sightingId;
  }

  /**
   * Yes opens a visit; any answer is kept (without a vector) to measure how good the box is.
   * @throws PorticoError sighting_gone, consent_required
   */
  answer(sightingId: string, answer: SightingAnswer['answer'], staffId: string): void {
    const { clock, events } = this.#deps;
    const card = this.#open.get(sightingId);
    if (card === undefined || Date.parse(card.expiresAt) <= clock.now()) throw new PorticoError('sighting_gone');
    // Closed first, so that the visit that a "yes" opens finds no open question.
    this.#open.delete(sightingId);
    try {
      this.#record(card, answer, staffId);
    } catch (error) {
      this.#open.set(sightingId, card);
      throw error;
    }
    if (answer !== 'yes') this.#quietUntilMs.set(card.customerId, clock.now() + ASK_AGAIN_AFTER_MS);
    events.emit('candidateResolved', { sightingId, answer });
  }

  #record(card: CandidateCard, answer: SightingAnswer['answer'], staffId: string): void {
    const { consent, db, visits } = this.#deps;
    db.transaction(() => {
      this.#keepAnswer(card.sightingId, card.customerId, answer, card.score, staffId);
      if (answer !== 'yes') return;
      const opened = consent.withProof(card.customerId, 'recognise', (proof) => visits.recogniseArrival(proof, 'confirmed', card.score));
      if (opened === null) throw new PorticoError('consent_required');
    });
  }

  #keepAnswer(id: string, customerId: string, answer: SightingAnswer['answer'], score: number | null, staffId: string): void {
    this.#deps.db.run('INSERT INTO sighting_answer (id, customer_id, answer, score, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
      id, customerId, answer, score, staffId, this.#deps.clock.now());
  }

  /**
   * "Not this person" to a card: the visit ends, and the rejection is kept (without a vector) as an answer.
   * @throws PorticoError visit_not_found, visit_closed
   */
  rejectVisit(visitId: string, staffId: string): void {
    const { clock, db, visits } = this.#deps;
    db.transaction(() => {
      const { customerId, score } = visits.reject(visitId);
      this.#keepAnswer(visitId, customerId, 'no', score, staffId);
      this.#quietUntilMs.set(customerId, clock.now() + ASK_AGAIN_AFTER_MS);
    });
  }

  /** After a withdrawal: how well the face matched is biometric data too. Called in the withdrawing transaction. */
  forgetScores(customerId: string): void {
    this.#deps.db.run('UPDATE sighting_answer SET score = NULL WHERE customer_id = ?', customerId);
  }

  /** The open questions, newest first. */
  open(): CandidateCard[] {
    return [...this.#open.entries()].map(([, card]) => card).reverse();
  }

  /** Takes away the questions that ran out, and those about a customer if one is named. */
  expire(customerId?: string): void {
    const now = this.#deps.clock.now();
    for (const [id, card] of [...this.#open.entries()]) {
      if (card.customerId !== customerId && Date.parse(card.expiresAt) > now) continue;
      this.#open.delete(id);
      this.#deps.events.emit('candidateResolved', { sightingId: id, answer: 'expired' });
    }
  }
}
