import { randomUUID } from 'node:crypto';
import type { CandidateCard, SightingAnswer } from '../contract/index.js';
import type { Customers } from '../customers/index.js';
import type { EventBus } from '../events/index.js';
import type { Gallery } from '../gallery/index.js';
import { BoundedMap, isWithin, PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Consent } from '../consent/index.js';
import type { Database } from '../storage/index.js';
import type { Basis, Visits } from '../visits/index.js';
import type { Upkeep } from './upkeep.js';

export const SIGHTING_TTL_MS = 120_000;
/** After "not them" or "don't know" the same customer is not asked about again for this long. */
export const ASK_AGAIN_AFTER_MS = 10 * 60_000;
const OPEN_MAX = 50;

interface SightingsDeps {
  db: Database; clock: Clock; events: EventBus; consent: Consent; customers: Customers; gallery: Gallery; visits: Visits; upkeep: Upkeep;
}

/**
 * The open questions "Is this ...?", and what staff say to cards. Questions are in memory only: a face that is not confirmed
 * leaves nothing behind.
 */
export class Sightings {
  readonly #deps: SightingsDeps;
  /** The card goes to the pages as it is, so what explains it is kept beside it. */
  readonly #open = new Map<string, { card: CandidateCard; basis: Basis }>();
  readonly #quietUntilMs = new BoundedMap<string, number>(1_000);

  constructor(deps: SightingsDeps) {
    this.#deps = deps;
  }

  /**
   * Asks the staff, unless the same question is open, was answered lately, or the customer is in the store anyway.
   * @param threshold the similarity from which it is asked
   * @returns the id of the open question, or null when nothing was asked
   */
  ask(customerId: string, score: number, threshold: number): string | null {
    const { clock, consent, customers, events, gallery, visits } = this.#deps;
    const now = clock.now();
    this.expire();
    for (const [id, { card }] of this.#open.entries()) if (card.customerId === customerId) return id;
    if (this.#open.size >= OPEN_MAX) return null; // nobody is answering
    if (isWithin(this.#quietUntilMs.get(customerId) ?? 0, ASK_AGAIN_AFTER_MS, now)) return null;
    if (visits.openVisitOf(customerId) !== null || !consent.covers(customerId, 'recognise')) return null;
    const customer = customers.byId(customerId);
    const candidate: CandidateCard = {
      sightingId: randomUUID(), customerId, displayName: customer.displayName, salutation: customer.salutation,
      tier: customer.tier, askedAt: toInstant(now), expiresAt: toInstant(now + SIGHTING_TTL_MS), score,
    };
    this.#open.set(candidate.sightingId, { card: candidate, basis: basisOf(gallery, customerId, threshold) });
    events.emit('candidateAsked', { candidate });
    return candidate.sightingId;
  }

  /**
   * Yes opens a visit; any answer is kept (without a vector) to measure how good the box is.
   * @throws PorticoError sighting_gone, consent_required
   */
  answer(sightingId: string, answer: SightingAnswer['answer'], staffId: string): void {
    const { clock, events } = this.#deps;
    const question = this.#open.get(sightingId);
    if (question === undefined || !isWithin(Date.parse(question.card.expiresAt), SIGHTING_TTL_MS, clock.now())) throw new PorticoError('sighting_gone');
    const { card, basis } = question;
    // Closed first, so that the visit that a "yes" opens finds no open question.
    this.#open.delete(sightingId);
    try {
      this.#record(card, basis, answer, staffId);
    } catch (error) {
      this.#open.set(sightingId, question);
      throw error;
    }
    if (answer !== 'yes') this.#quietUntilMs.set(card.customerId, clock.now() + ASK_AGAIN_AFTER_MS);
    events.emit('candidateResolved', { sightingId, answer });
    if (answer === 'yes') this.#deps.upkeep.confirmed(sightingId, staffId);
    else this.#deps.upkeep.forget(sightingId);
  }

  #record(card: CandidateCard, basis: Basis, answer: SightingAnswer['answer'], staffId: string): void {
    const { consent, db, gallery, visits } = this.#deps;
    db.transaction(() => {
      this.#keepAnswer({ id: card.sightingId, customerId: card.customerId, kind: 'asked', answer, score: card.score, staffId, basis });
      if (answer === 'no') gallery.rejected(card.customerId, card.score, 'asked');
      if (answer !== 'yes') return;
      gallery.confirmed(card.customerId, card.score);
      const opened = consent.withProof(card.customerId, 'recognise', (proof) => visits.recogniseArrival(proof, 'confirmed', card.score, null, () => basis));
      if (opened === null) throw new PorticoError('consent_required');
    });
  }

  /** The last answer to a card counts: who served somebody may find out later that it was somebody else. */
  #keepAnswer(kept: {
    id: string; customerId: string; kind: 'named' | 'asked'; answer: SightingAnswer['answer']; score: number | null; staffId: string;
    /** Of a question; a card that named somebody has it with the visit. */
    basis?: Basis;
  }): void {
    this.#deps.db.run(
      `INSERT INTO sighting_answer (id, customer_id, kind, answer, score, staff_id, at_ms, threshold, template_made_at_ms, template_photos, model_pack)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET answer = excluded.answer, staff_id = excluded.staff_id, at_ms = excluded.at_ms WHERE id = excluded.id`,
      kept.id, kept.customerId, kept.kind, kept.answer, kept.score, kept.staffId, this.#deps.clock.now(),
      kept.basis?.threshold ?? null, kept.basis?.templateMadeAtMs ?? null, kept.basis?.templatePhotos ?? null, kept.basis?.modelPack ?? null);
  }

  /** "I'll serve": whoever serves the customer of a card that named one says with it that the name was right. */
  serve(visitId: string, staffId: string): void {
    const { db, visits, upkeep } = this.#deps;
    db.transaction(() => {
      visits.serve(visitId, staffId);
      const { arrival, customerId, score } = visits.byId(visitId);
      if (arrival !== 'recognised') return;
      this.#keepAnswer({ id: visitId, customerId, kind: 'named', answer: 'yes', score, staffId });
      db.afterCommit(() => upkeep.confirmed(visitId, staffId));
    });
  }

  /**
   * "Not this person" to a card: the visit ends, the rejection is kept (without a vector) as an answer, what was taken for
   * the customer is forgotten, and they must match more clearly for a time.
   * @returns whose card it was, since when, and how many purchases were written down in it
   * @throws PorticoError visit_not_found, visit_closed
   */
  rejectVisit(visitId: string, staffId: string): { customerId: string; openedAt: string; purchases: number } {
    const { clock, db, gallery, visits } = this.#deps;
    return db.transaction(() => {
      const { customerId, score, arrival, openedAt, purchases } = visits.reject(visitId);
      this.#quietUntilMs.set(customerId, clock.now() + ASK_AGAIN_AFTER_MS);
      switch (arrival) {
        case 'recognised':
          this.#keepAnswer({ id: visitId, customerId, kind: 'named', answer: 'no', score, staffId });
          if (score !== null) gallery.rejected(customerId, score, 'named');
          break;
        case 'confirmed':
          // The box only asked. The "yes" that opened this visit, in the same moment, was wrong.
          db.run(`UPDATE sighting_answer SET answer = 'no', staff_id = ? WHERE customer_id = ? AND kind = 'asked' AND answer = 'yes' AND at_ms = ?`,
            staffId, customerId, Date.parse(openedAt));
          if (score !== null) gallery.rejected(customerId, score, 'asked');
          break;
        case 'by_hand':
        case 'scanned': // says nothing about recognition
          break;
      }
      return { customerId, openedAt, purchases };
    });
  }

  /** After a withdrawal: how well the face matched is biometric data too. Called in the withdrawing transaction. */
  forgetScores(customerId: string): void {
    this.#deps.db.run(
      `UPDATE sighting_answer SET score = NULL, threshold = NULL, template_made_at_ms = NULL, template_photos = NULL, model_pack = NULL
       WHERE customer_id = ?`, customerId);
  }

  /** Deletes what staff said about faces taken for this customer. */
  erase(customerId: string): void {
    this.#deps.db.run('DELETE FROM sighting_answer WHERE customer_id = ?', customerId);
  }

  /** For the retention table. */
  readonly retention = {
    kind: 'match_answers',
    count: (): number => this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM sighting_answer')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => this.#deps.db.run(
      'DELETE FROM sighting_answer WHERE at_ms < ? AND customer_id NOT IN (SELECT value FROM json_each(?))', ms, JSON.stringify(held)).changes,
  } as const;

  /** The open questions, newest first. */
  open(): CandidateCard[] {
    return [...this.#open.values()].map(({ card }) => card).reverse();
  }

  /** Takes away the questions that ran out, and those about a customer if one is named, or all. */
  expire(customerId?: string, all = false): void {
    const now = this.#deps.clock.now();
    for (const [id, { card }] of [...this.#open.entries()]) {
      if (!all && card.customerId !== customerId && isWithin(Date.parse(card.expiresAt), SIGHTING_TTL_MS, now)) continue;
      this.#open.delete(id);
      this.#deps.upkeep.forget(id);
      this.#deps.events.emit('candidateResolved', { sightingId: id, answer: 'expired' });
    }
  }
}

/** What a naming rests on, as it is at this moment. */
export function basisOf(gallery: Gallery, customerId: string, threshold: number): Basis {
  const template = gallery.basisOf(customerId);
  return { threshold, templateMadeAtMs: template?.madeAtMs ?? null, templatePhotos: template?.photos ?? null, modelPack: template?.modelPack ?? null };
}
