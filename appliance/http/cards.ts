import type { CustomerSummary, Dossier, TemplateInfo, VisitCard } from '../contract/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers, CustomerLine } from '../customers/index.js';
import type { FollowUps } from '../followups/index.js';
import type { Gallery } from '../gallery/index.js';
import { toInstant } from '../kit/index.js';
import type { Rights } from '../rights/index.js';
import type { Visits, VisitState } from '../visits/index.js';

/** Puts together what a page shows, out of several rooms; reads only. */
export class Cards {
  readonly #rooms: { customers: Customers; visits: Visits; followUps: FollowUps; consent: Consent; gallery: Gallery; rights: Rights };

  constructor(rooms: { customers: Customers; visits: Visits; followUps: FollowUps; consent: Consent; gallery: Gallery; rights: Rights }) {
    this.#rooms = rooms;
  }

  /** @throws PorticoError visit_not_found */
  visit(visitId: string): VisitCard {
    return this.#card(this.#rooms.visits.byId(visitId));
  }

  /** Who is in the store, newest first. */
  inStore(): VisitCard[] {
    return this.#rooms.visits.open().map((visit) => this.#card(visit));
  }

  /** @throws PorticoError customer_not_found */
  dossier(customerId: string): Dossier {
    const { customers, visits, followUps, consent, gallery, rights } = this.#rooms;
    const customer = customers.byId(customerId);
    const templatePhotos = gallery.photosOf(customerId);
    return {
      ...customer, enrolled: templatePhotos > 0, templatePhotos, template: this.#template(customerId), merges: customers.merges(customerId),
      openVisitId: visits.openVisitOf(customerId), restrictedSince: rights.restriction(customerId).since,
      notes: customers.notes(customerId), followUps: followUps.of(customerId), visits: visits.of(customerId),
      consents: consent.records.history(customerId),
    };
  }

  summary(line: CustomerLine): CustomerSummary {
    return { ...line, enrolled: this.#rooms.gallery.photosOf(line.id) > 0, lastVisitAt: this.#rooms.visits.lastVisitAt(line.id) };
  }

  #card(visit: VisitState): VisitCard {
    const { customers, visits, followUps, consent, gallery } = this.#rooms;
    const customer = customers.byId(visit.customerId);
    const previous = visits.previous(visit);
    const followUp = followUps.nextOf(visit.customerId);
    return {
      visitId: visit.id, customerId: customer.id, displayName: customer.displayName, salutation: customer.salutation,
      tier: customer.tier, facts: customer.facts, doNot: customer.doNot,
      lastVisitAt: previous?.openedAt ?? null, lastAdviser: previous?.adviser ?? null,
      openFollowUp: followUp === null ? null : { id: followUp.id, text: followUp.text, dueOn: followUp.dueOn },
      openedAt: visit.openedAt, lastSeenAt: visit.lastSeenAt, arrival: visit.arrival, score: visit.score, adviser: visit.adviser,
      photosWanted: gallery.needsPhotos(visit.customerId) && consent.covers(visit.customerId, 'recognise'),
    };
  }

  #template(customerId: string): TemplateInfo | null {
    const template = this.#rooms.gallery.stateOf(customerId);
    if (template === null) return null;
    const photos = template.photos.map(({ takenAtMs, ...photo }) => ({ ...photo, takenAt: toInstant(takenAtMs) }));
    return { ...template, photos };
  }
}
