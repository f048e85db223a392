import type { CustomerSummary, Dossier, VisitCard } from '../contract/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import type { FoundLine } from '../finding/index.js';
import type { Fields } from '../fields/index.js';
import type { FollowUps } from '../followups/index.js';
import type { Dossiers, Reader } from '../dossiers/index.js';
import type { Gallery } from '../gallery/index.js';
import type { Greeting, SharedFacts } from '../greeting/index.js';
import type { Visits, VisitState } from '../visits/index.js';

interface Rooms { customers: Customers; visits: Visits; followUps: FollowUps; consent: Consent; gallery: Gallery; greeting: Greeting; dossiers: Dossiers; fields: Fields }

/** Puts together what a page shows, out of several rooms; reads only. */
export class Cards {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** @throws PorticoError visit_not_found */
  visit(visitId: string): VisitCard {
    return this.#cards([this.#rooms.visits.byId(visitId)])[0]!;
  }

  /** By visit; one that is not there any more is not in it. What is the same for all is read once. */
  visits(visitIds: readonly string[]): Map<string, VisitCard> {
    return new Map(this.#cards(this.#rooms.visits.states(visitIds)).map((card) => [card.visitId, card]));
  }

  /** Ids of the visits that are open, the newest first. */
  openVisits(): string[] {
    return this.#rooms.visits.open().map(({ id }) => id);
  }

  /** Of a customer who is in the store; null: is not. */
  openVisitOf(customerId: string): string | null {
    return this.#rooms.visits.openVisitOf(customerId);
  }

  /** Who is in the store, newest first. */
  inStore(): VisitCard[] {
    return this.#cards(this.#rooms.visits.open());
  }

  /** @throws PorticoError customer_not_found */
  dossier(customerId: string, reader: Reader): Dossier {
    return this.#rooms.dossiers.of(customerId, reader);
  }

  summary(line: FoundLine): CustomerSummary {
    return { ...line, enrolled: this.#rooms.gallery.photosOf(line.id) > 0, lastVisitAt: this.#rooms.visits.lastVisitAt(line.id) };
  }

  /** What happened in the visits, and what is the same for all, is read once. */
  #cards(open: readonly VisitState[]): VisitCard[] {
    const shared = this.#rooms.greeting.shared();
    const happened = this.#rooms.visits.onCards(open);
    return open.map((visit) => ({ ...this.#card(visit, shared), ...happened.get(visit.id)! }));
  }

  #card(visit: VisitState, shared: SharedFacts): Omit<VisitCard, 'handedOver' | 'stages' | 'looking' | 'looks'> {
    const { customers, visits, followUps, consent, gallery, greeting } = this.#rooms;
    const customer = customers.byId(visit.customerId);
    const previous = visits.previous(visit);
    const followUp = followUps.nextOf(visit.customerId);
    return {
      visitId: visit.id, customerId: customer.id, displayName: customer.displayName, salutation: customer.salutation,
      tier: customer.tier, facts: this.#rooms.fields.cardFacts(customer), doNot: customer.doNot, allergies: customer.allergies,
      suggestion: greeting.next({ visitId: visit.id, customer, previous, followUp }, shared),
      lastVisitAt: previous?.openedAt ?? null, lastAdviser: previous?.adviser ?? null,
      openFollowUp: followUp === null ? null : { id: followUp.id, text: followUp.text, dueOn: followUp.dueOn },
      openedAt: visit.openedAt, lastSeenAt: visit.lastSeenAt, arrival: visit.arrival, score: visit.score, adviser: visit.adviser,
      photosWanted: gallery.needsPhotos(visit.customerId) && consent.covers(visit.customerId, 'recognise'),
    };
  }
}
