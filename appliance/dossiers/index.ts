import type { Dossier, TemplateInfo } from '../contract/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import type { Finding } from '../finding/index.js';
import type { Dealings } from '../dealings/index.js';
import type { Files } from '../files/index.js';
import type { Fields } from '../fields/index.js';
import type { FollowUps } from '../followups/index.js';
import type { Gallery } from '../gallery/index.js';
import type { Greeting } from '../greeting/index.js';
import { toInstant } from '../kit/index.js';
import type { Visits } from '../visits/index.js';

/** Who reads: managers' own fields are for managers, and `everything` is for whoever answers for the data. */
export type Reader = 'everybody' | 'manager' | 'everything';
/** All rows, not only those that a page shows. */
const ALL = -1;

interface Rooms {
  customers: Customers; visits: Visits; followUps: FollowUps; consent: Consent; gallery: Gallery; finding: Finding;
  greeting: Greeting;
  dealings: Dealings; files: Files;
  fields: Fields;
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
   * @param rows `newest`: as many as a page shows; `all`: every one, also those that stayed with a dossier that was merged into this one
   * @throws PorticoError customer_not_found, customer_merged {into}
   */
  of(customerId: string, reader: Reader, rows: 'newest' | 'all' = 'newest'): Dossier {
    const { customers, visits, followUps, consent, gallery, finding, restrictedSince } = this.#rooms;
    const { dealings, files, greeting } = this.#rooms;
    const customer = customers.byId(customerId);
    const templatePhotos = gallery.photosOf(customerId);
    const { visitId, previous } = visits.presence(customerId);
    const limit = rows === 'all' ? ALL : undefined;
    const ids = rows === 'all' ? customers.withMerged(customerId) : [customerId];
    const inAll = <Row>(of: (id: string) => Row[]): Row[] => ids.flatMap(of);
    const stored = inAll((id) => files.of(id));
    const hidden = this.#rooms.fields.hiddenFiles(customerId, stored.map(({ id }) => id), reader);
    return {
      ...customer, enrolled: templatePhotos > 0, templatePhotos, template: this.#template(customerId), merges: customers.merges(customerId),
      openVisitId: visitId, restrictedSince: restrictedSince(customerId),
      // Worked out of what is in the dossier, for whoever serves: no part of an access copy.
      suggestion: rows === 'all' ? null : greeting.next({ visitId, customer, previous, followUp: followUps.nextOf(customerId) }),
      notes: inAll((id) => customers.notes(id, limit)), followUps: inAll((id) => followUps.of(id, limit)), visits: inAll((id) => visits.of(id, limit)),
      consents: inAll((id) => consent.records.history(id)),
      tags: inAll((id) => finding.tagsOf(id)), memberCodeSince: ids.map((id) => finding.memberCodeSince(id)).find((since) => since !== null) ?? null,
      fields: this.#rooms.fields.of(customerId, reader), formerFields: this.#rooms.fields.former(customerId, reader),
      emptiedFields: this.#rooms.fields.emptied(customerId, reader),
      tastes: greeting.tastes(customerId),
      wishes: inAll((id) => dealings.wishes.of(id, limit)), purchases: inAll((id) => dealings.purchases.of(id, limit)),
      tickets: inAll((id) => dealings.tickets.of(id, limit)), appointments: inAll((id) => dealings.appointments.of(id, limit)),
      files: stored.filter(({ id }) => !hidden.includes(id)),
    };
  }

  #template(customerId: string): TemplateInfo | null {
    const template = this.#rooms.gallery.stateOf(customerId);
    if (template === null) return null;
    const photos = template.photos.map(({ takenAtMs, ...photo }) => ({ ...photo, takenAt: toInstant(takenAtMs) }));
    return { ...template, photos };
  }
}
