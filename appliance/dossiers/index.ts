import type { Dossier, TemplateInfo } from '../contract/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import type { FollowUps } from '../followups/index.js';
import type { Gallery } from '../gallery/index.js';
import { toInstant } from '../kit/index.js';
import type { Visits } from '../visits/index.js';

/** Who reads: managers' own fields are for managers, and `everything` is for whoever answers for the data. */
export type Reader = 'everybody' | 'manager' | 'everything';
/** All rows, not only those that a page shows. */
const ALL = -1;

interface Rooms {
  customers: Customers; visits: Visits; followUps: FollowUps; consent: Consent; gallery: Gallery;
  restrictedSince: (customerId: string) => string | null;
}

/** Everything about one customer; no vector, no picture of a face. */
export class Dossiers {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /**
   * @param reader decides which own fields are in it
   * @param rows `newest`: as many as a page shows; `all`: every one
   * @throws PorticoError customer_not_found, customer_merged {into}
   */
  of(customerId: string, reader: Reader, rows: 'newest' | 'all' = 'newest'): Dossier {
    const { customers, visits, followUps, consent, gallery, restrictedSince } = this.#rooms;
    const customer = customers.byId(customerId);
    const templatePhotos = gallery.photosOf(customerId);
    const limit = rows === 'all' ? ALL : undefined;
    return {
      ...customer, enrolled: templatePhotos > 0, templatePhotos, template: this.#template(customerId), merges: customers.merges(customerId),
      openVisitId: visits.openVisitOf(customerId), restrictedSince: restrictedSince(customerId),
      notes: customers.notes(customerId, limit), followUps: followUps.of(customerId, limit), visits: visits.of(customerId, limit),
      consents: consent.records.history(customerId),
      tags: [], memberCodeSince: null,
      fields: [],
      tastes: customers.statedLikes(customerId).map(({ text, atMs, by }) => (
        { subject: text, evidence: 'stated', at: atMs === null ? null : toInstant(atMs), by, bought: 0, lookedAt: 0, days: [] })),
      wishes: [], purchases: [], tickets: [], appointments: [],
      files: [],
    };
  }

  #template(customerId: string): TemplateInfo | null {
    const template = this.#rooms.gallery.stateOf(customerId);
    if (template === null) return null;
    const photos = template.photos.map(({ takenAtMs, ...photo }) => ({ ...photo, takenAt: toInstant(takenAtMs) }));
    return { ...template, photos };
  }
}
