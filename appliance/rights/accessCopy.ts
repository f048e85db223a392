import type { AccessCopy, Explanation } from '../contract/index.js';
import type { Audit } from '../audit/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import type { FollowUps } from '../followups/index.js';
import type { Gallery } from '../gallery/index.js';
import { toInstant, type Clock } from '../kit/index.js';
import type { Visits } from '../visits/index.js';
import type { Rights } from './index.js';

/** All rows, not only those that a page shows. */
const ALL = -1;
/** Log entries read at a time; newest first. */
const LOG_PAGE = 500;

interface Rooms {
  customers: Customers; visits: Visits; followUps: FollowUps; consent: Consent; gallery: Gallery; rights: Rights; audit: Audit;
  explanations: { of(customerIds: readonly string[]): Explanation[] }; clock: Clock; storeName: string;
}

/** Gathers everything that the box holds about one person, out of all rooms. */
export class AccessCopies {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** @throws PorticoError customer_not_found, customer_merged {into} */
  of(customerId: string): AccessCopy {
    const { customers, visits, followUps, consent, rights, explanations, clock, storeName } = this.#rooms;
    const { id, ...person } = customers.byId(customerId);
    const ids = customers.withMerged(id);
    return {
      storeName, madeAt: toInstant(clock.now()), customerId: id, ...person,
      formerDossiers: customers.formerDossiers(id).map(({ displayName, atMs }) => ({ displayName, mergedAt: toInstant(atMs) })),
      notes: customers.notes(id, ALL), followUps: followUps.of(id, ALL), visits: visits.of(id, ALL),
      consents: ids.flatMap((each) => consent.history(each)), template: this.#template(id), recognitions: explanations.of(ids),
      requests: rights.requests(ids), restriction: rights.restriction(id), log: ids.flatMap((each) => this.#log(each)),
    };
  }

  #template(customerId: string): AccessCopy['template'] {
    const { gallery } = this.#rooms;
    const basis = gallery.basisOf(customerId);
    if (basis === null) return null;
    const state = gallery.stateOf(customerId);
    return {
      madeAt: toInstant(basis.madeAtMs), modelPack: basis.modelPack, keptPictures: gallery.keptPictureCount(customerId),
      stricterUntil: state?.stricterUntil ?? null, photos: (state?.photos ?? []).map(({ takenAtMs, ...photo }) => ({ ...photo, takenAt: toInstant(takenAtMs) })),
    };
  }

  /** Oldest first. */
  #log(customerId: string): AccessCopy['log'] {
    const log: AccessCopy['log'] = [];
    for (let before = Number.MAX_SAFE_INTEGER; ;) {
      const { entries, more } = this.#rooms.audit.page({ customerId, before, limit: LOG_PAGE });
      log.push(...entries.map(({ at, action }) => ({ at, action })));
      if (!more) return log.reverse();
      before = entries.at(-1)!.seq;
    }
  }
}
