/** Who asks whom: what a room needs of its neighbours, which it does not know. Called once, by `main.ts`, before anything is done. */
import type { Access } from './access/index.js';
import type { Consent } from './consent/index.js';
import type { Customers } from './customers/index.js';
import type { Dealings } from './dealings/index.js';
import type { DeletionOrder, Erasure } from './erasure/index.js';
import type { EventBus } from './events/index.js';
import type { DayVisit } from './export/index.js';
import type { Fields } from './fields/index.js';
import type { Files } from './files/index.js';
import type { Finding } from './finding/index.js';
import type { FollowUps } from './followups/index.js';
import type { Gallery } from './gallery/index.js';
import type { Greeting } from './greeting/index.js';
import { PorticoError } from './kit/index.js';
import type { Products } from './products/index.js';
import type { Sightings } from './recognition/index.js';
import type { Rights } from './rights/index.js';
import type { Visits } from './visits/index.js';

export interface Neighbours {
  consent: Consent; customers: Customers; dealings: Dealings; erasure: Erasure; events: EventBus; fields: Fields; files: Files; finding: Finding;
  followUps: FollowUps; gallery: Gallery; greeting: Greeting; products: Products; rights: Rights; sightings: Sightings; visits: Visits;
}

export function introduce(neighbours: Neighbours): void {
  const { consent, customers, dealings, erasure, events, fields, files, finding, followUps, gallery, greeting, products, rights, sightings, visits } = neighbours;
  customers.mergeWith([followUps.rows, visits.rows, finding.rows, ...dealings.rows, fields.lettingGo(files.rows)]);
  visits.dealsIn((productId) => products.find(productId)?.name ?? null, (visitId) => dealings.purchases.countIn(visitId));
  finding.productsFrom((code) => products.byCode(code));
  finding.fieldsFrom((customerId) => fields.textOf(customerId), (customerId) => consent.leavesOut(customerId, 'preferences'));

  consent.deleteWith(erasure);
  erasure.destroysWith(gallery);
  erasure.endsConsentWith((order) => consent.endAgain(order));
  // At once: a merge moves visits in the same transaction.
  erasure.deletes('face', ({ customerId }) => {
    visits.closeForWithdrawal(customerId);
    sightings.forgetScores(customerId);
  }, 'at once');
  // What rests on `preferences` and `contact`. A merge deletes neither: what the consent of the other leaves out stays hidden.
  const dropRested = ({ customerId, purposes }: DeletionOrder) => {
    if (purposes.includes('preferences')) {
      customers.dropFacts(customerId);
      visits.dropLooks(customerId);
      for (const each of customers.withMerged(customerId)) {
        dealings.wishes.erase(each);
        greeting.dropTastes(each);
      }
      files.drop(fields.drop(customerId));
    }
    if (purposes.includes('contact')) followUps.dropOpen(customerId);
  };
  erasure.deletes('face', (order) => { if (order.reason !== 'merged') dropRested(order); }, 'at once');
  erasure.deletes('purposes', dropRested, 'at once');
  erasure.deletes('face', ({ customerId }) => gallery.dropRows(customerId));
  erasure.deletes('purposes', ({ customerId, purposes }) => gallery.dropPurposes(customerId, purposes));
  erasure.deletes('dossier', (order) => consent.endAgain(order), 'at once');
  erasure.deletes('dossier', ({ customerId }) => customers.erase(customerId, () => {
    consent.eraseRecords(customerId);
    for (const fileId of files.idsOf(customerId)) fields.dropFile(fileId);
    for (const room of [sightings, visits, followUps, fields, dealings, files]) room.erase(customerId); // files after the own fields that show them
    rights.forget(customerId);
    finding.erase(customerId);
  }));
  rights.eraseWith({
    begin: (order) => erasure.begin(order), byId: (id) => erasure.byId(id), pending: () => erasure.pending(),
    withMerged: (customerId) => customers.withMerged(customers.byId(customerId).id),
  });
  customers.sharingWith((id, other, staffId) => finding.dismissDuplicate(id, other, staffId));
  customers.factsNeed((customerId, correcting) => consent.requireAgreed(customerId, 'preferences', correcting));
  followUps.need((customerId) => consent.requireAgreed(customerId, 'contact'), (customerId) => consent.leavesOut(customerId, 'contact'));
  visits.need((customerId) => consent.requireAgreed(customerId, 'preferences'), (customerId) => consent.leavesOut(customerId, 'preferences'),
    (customerId) => rights.isRestricted(customerId));
  const mayAddTo = (customerId: string) => { if (rights.isRestricted(customerId)) throw new PorticoError('customer_restricted'); };
  dealings.need({
    requireCustomer: (customerId) => Date.parse(customers.byId(customerId).createdAt), mayAdd: mayAddTo,
    requirePreferences: (customerId) => consent.requireAgreed(customerId, 'preferences'), leavesPreferencesOut: (customerId) => consent.leavesOut(customerId, 'preferences'),
    visitAt: (customerId, atMs) => visits.visitAt(customerId, atMs), onPurchase: (visitId, atMs) => visits.mark(visitId, 'complete', null, atMs),
    onNothingBought: (visitId) => visits.unmarkOwn(visitId, 'complete'),
  });
  files.need((customerId) => { customers.byId(customerId); mayAddTo(customerId); });
  events.on('productArrived', ({ productId }) => dealings.wishes.tellArrived(productId));
  consent.restsWith((customerId) => [
    ...(customers.hasFacts(customerId) || visits.hasLooks(customerId) || dealings.wishes.has(customerId) || fields.hasValues(customerId) ? ['preferences' as const] : []),
    ...(followUps.hasOpen(customerId) ? ['contact' as const] : []),
  ]);
  consent.restrictWith((customerId) => rights.isRestricted(customerId));
  finding.restrictWith((customerId) => rights.isRestricted(customerId));
  customers.keepApart((customerId) => rights.isRestricted(customerId),
    (customerId) => erasure.pending().some((each) => each.customerId === customerId && each.scope === 'dossier'));
}

/**
 * The visits that figures for head office may rest on: who asked that their data rest is not among them. Since when somebody is known is told by the dossier, not by
 * earlier visits: so a release says nothing about any other day.
 */
export function visitsForFigures({ access, customers, rights, visits }: {
  access: Pick<Access, 'teamOf'>; customers: Pick<Customers, 'standing'>; rights: Pick<Rights, 'isRestricted'>; visits: Pick<Visits, 'between'>;
}): (fromMs: number, toMs: number) => DayVisit[] {
  return (fromMs, toMs) => visits.between(fromMs, toMs).flatMap(({ customerId, openedAtMs, closedAtMs, arrival, adviserId, stage }) => {
    const standing = customers.standing(customerId);
    if (standing === null || rights.isRestricted(customerId)) return [];
    return [{
      customerId, openedAtMs, closedAtMs, stage, noticed: arrival === 'scanned' ? 'by_hand' as const : arrival, customerSinceMs: standing.sinceMs, tier: standing.tier,
      team: adviserId === null ? null : access.teamOf(adviserId),
    }];
  });
}
