import type { CustomerSummary, Dossier, VisitCard } from '../contract/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import type { FoundLine } from '../finding/index.js';
import type { Fields } from '../fields/index.js';
import type { FollowUps } from '../followups/index.js';
import type { Dossiers, Reader } from '../dossiers/index.js';
import type { Gallery } from '../gallery/index.js';
import type { Greeting } from '../greeting/index.js';
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

  /** The card of a customer who is in the store; null: is not. */
  ofCustomer(customerId: string): VisitCard | null {
    const visitId = this.#rooms.visits.openVisitOf(customerId);
    return visitId === null ? null : this.visit(visitId);
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

  /** What happened in the visits is read for all of them at once. */
  #cards(open: readonly VisitState[]): VisitCard[] {
    const happened = this.#rooms.visits.onCards(open);
    return open.map((visit) => ({ ...this.#card(visit), ...happened.get(visit.id)! }));
  }

  #card(visit: VisitState): Omit<VisitCard, 'handedOver' | 'stages' | 'looking' | 'looks'> {
    const { customers, visits, followUps, consent, gallery, greeting } = this.#rooms;
    const customer = customers.byId(visit.customerId);
    const previous = visits.previous(visit);
    const followUp = followUps.nextOf(visit.customerId);
    return {
      visitId: visit.id, customerId: customer.id, displayName: customer.displayName, salutation: customer.salutation,
      tier: customer.tier, facts: this.#rooms.fields.cardFacts(customer), doNot: customer.doNot, allergies: customer.allergies,
      suggestion: greeting.next({ visitId: visit.id, customer, previous, followUp }),
      lastVisitAt: previous?.openedAt ?? null, lastAdviser: previous?.adviser ?? null,
      openFollowUp: followUp === null ? null : { id: followUp.id, text: followUp.text, dueOn: followUp.dueOn },
      openedAt: visit.openedAt, lastSeenAt: visit.lastSeenAt, arrival: visit.arrival, score: visit.score, adviser: visit.adviser,
      photosWanted: gallery.needsPhotos(visit.customerId) && consent.covers(visit.customerId, 'recognise'),
    };
  }
}
