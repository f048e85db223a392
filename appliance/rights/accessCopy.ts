import { DOSSIER_REASONS, type AccessCopy, type AuditEntry, type Deletion, type Explanation } from '../contract/index.js';
import type { Audit } from '../audit/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import type { Dossiers } from '../dossiers/index.js';
import { toInstant, type Clock } from '../kit/index.js';
import type { Rights } from './index.js';

/** Log entries read at a time; newest first. */
const LOG_PAGE = 500;

interface Rooms {
  customers: Customers; dossiers: Dossiers; consent: Consent; rights: Rights; audit: Audit;
  deletions: { ofCustomer(customerId: string): Deletion[] };
  /** What stands and stood in the store's own fields, in words. */
  ownFields: (customerIds: readonly string[]) => AccessCopy['ownFields'];
  explanations: { of(customerIds: readonly string[]): Explanation[] }; clock: Clock; storeName: string; currency: string;
}

/** Gathers everything that the box holds about one person, out of all rooms. */
export class AccessCopies {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** @throws PorticoError customer_not_found, customer_merged {into} */
  of(customerId: string): AccessCopy {
    const { customers, dossiers, consent, rights, deletions, explanations, clock, storeName, currency } = this.#rooms;
    const { id } = customers.byId(customerId);
    const ids = customers.withMerged(id);
    const log = ids.flatMap((each) => this.#log(each));
    return {
      storeName, currency, madeAt: toInstant(clock.now()), dossier: dossiers.of(id, 'everything', 'all'),
      formerDossiers: customers.formerDossiers(id).map(({ mergedAtMs, ...former }) => ({ ...former, mergedAt: toInstant(mergedAtMs) })),
      consents: ids.flatMap((each) => consent.records.history(each).map((record) => consent.records.evidence(record.id))),
      companionOf: customers.companionOf(ids), ownFields: this.#rooms.ownFields(ids),
      refusals: ids.flatMap((each) => consent.refusals.of(each)), deletions: ids.flatMap((each) => deletions.ofCustomer(each)),
      explanations: explanations.of(ids), requests: rights.requests(ids), restriction: rights.restriction(id),
      opened: log.flatMap(({ at, action, staff, detail }) => (action === 'dossier_opened'
        ? [{ at, staff: staff?.name ?? '', reason: DOSSIER_REASONS.find((known) => known === detail['why']) ?? null }] : [])),
      log: log.flatMap(({ at, action }) => (action === 'dossier_opened' ? [] : [{ at, action }])),
    };
  }

  /** Oldest first. */
  #log(customerId: string): AuditEntry[] {
    const log: AuditEntry[] = [];
    for (let before = Number.MAX_SAFE_INTEGER; ;) {
      const { entries, more } = this.#rooms.audit.page({ customerId, before, limit: LOG_PAGE });
      log.push(...entries);
      if (!more) return log.reverse();
      before = entries.at(-1)!.seq;
    }
  }
}
