/** The rooms below recognition on a real encrypted file, for tests that need exact embeddings. */
import type { Test } from 'tap';
import { Audit, THE_BOX } from '../../appliance/audit/index.js';
import { Consent } from '../../appliance/consent/index.js';
import type { Purpose } from '../../appliance/contract/index.js';
import { Customers } from '../../appliance/customers/index.js';
import { Dealings } from '../../appliance/dealings/index.js';
import { Erasure, type DeletionOrder } from '../../appliance/erasure/index.js';
import { EventBus } from '../../appliance/events/index.js';
import { Files } from '../../appliance/files/index.js';
import { FollowUps } from '../../appliance/followups/index.js';
import { Gallery } from '../../appliance/gallery/index.js';
import { createLogger, Embedding, PorticoError, type Logger } from '../../appliance/kit/index.js';
import { Products } from '../../appliance/products/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { Visits } from '../../appliance/visits/index.js';
import { loadManifest } from '../../models/manifest.js';
import { farDayEnd, temporaryDirectory, TestClock } from './scratch.js';

const calibration = (await loadManifest()).calibration!;

export type TestRooms = ReturnType<typeof openRooms>;

/** One member of staff ('s'), one device ('d'), a published notice; the gallery's search is not started. */
export function openRooms(t: Pick<Test, 'teardown'>, options: { modelId?: string; dataDirectory?: string; clock?: TestClock; dayEndsAt?: string; log?: Logger } = {}) {
  const clock = options.clock ?? new TestClock();
  const storage = openStorage({ dataDirectory: options.dataDirectory ?? temporaryDirectory(t), credentialsDirectory: null, maxBytes: null, clock });
  let open = true;
  const close = () => {
    if (open) storage.close();
    open = false;
  };
  t.teardown(close);
  const { db } = storage;
  const events = new EventBus(createLogger('silent'));
  const deps = { db, clock, events };
  const audit = new Audit({ db, clock });
  const consent = new Consent({ ...deps, audit, timeZone: 'Asia/Shanghai' });
  const erasure = new Erasure({ db, clock, audit, ...(options.log === undefined ? {} : { log: options.log }), dropTraces: () => storage.dropTraces() });
  const gallery = new Gallery({
    ...deps, deleting: (customerId) => erasure.isDeleting(customerId), readerTicket: storage.readerTicket, modelId: options.modelId ?? 'm', calibration, fpir: { known: 0.003, candidate: 0.03 },
  });
  const visits = new Visits({ ...deps, gapMs: 60_000, timeZone: 'Asia/Shanghai', dayEndsAt: options.dayEndsAt ?? farDayEnd(clock) });
  const customers = new Customers(deps);
  const followUps = new FollowUps(deps);
  const products = new Products({ ...deps, currency: 'CNY' });
  const dealings = new Dealings({ ...deps, products, timeZone: 'Asia/Shanghai' });
  const files = new Files(deps);
  consent.deleteWith(erasure);
  erasure.destroysWith(gallery);
  erasure.endsConsentWith((order) => consent.endAgain(order));
  erasure.deletes('face', ({ customerId }) => visits.closeForWithdrawal(customerId), 'at once');
  const dropRested = ({ customerId, purposes }: DeletionOrder) => {
    if (purposes.includes('preferences')) {
      customers.dropFacts(customerId);
      visits.dropLooks(customerId);
    }
    if (purposes.includes('preferences')) dealings.wishes.erase(customerId);
    if (purposes.includes('contact')) followUps.dropOpen(customerId);
  };
  erasure.deletes('face', (order) => { if (order.reason !== 'merged') dropRested(order); }, 'at once');
  erasure.deletes('purposes', dropRested, 'at once');
  customers.factsNeed((customerId, correcting) => consent.requireAgreed(customerId, 'preferences', correcting));
  followUps.need((customerId) => consent.requireAgreed(customerId, 'contact'), (customerId) => consent.leavesOut(customerId, 'contact'));
  visits.need((customerId) => consent.requireAgreed(customerId, 'preferences'), (customerId) => consent.leavesOut(customerId, 'preferences'), () => false);
  /** Of rooms that a test adds. */
  const alsoErase: ((customerId: string) => void)[] = [];
  const restricted = new Set<string>();
  const boughtIn: string[] = [];
  const mayAddTo = (customerId: string) => { if (restricted.has(customerId)) throw new PorticoError('customer_restricted'); };
  dealings.need({
    requireCustomer: (customerId) => Date.parse(customers.byId(customerId).createdAt), mayAdd: mayAddTo,
    requirePreferences: (customerId) => consent.requireAgreed(customerId, 'preferences'), leavesPreferencesOut: (customerId) => consent.leavesOut(customerId, 'preferences'),
    visitAt: (customerId, atMs) => visits.visitAt(customerId, atMs), onNothingBought: (visitId) => visits.unmarkOwn(visitId, 'complete'),
    onPurchase: (visitId, atMs) => {
      boughtIn.push(visitId);
      visits.mark(visitId, 'complete', null, atMs);
    },
  });
  files.need((customerId) => { customers.byId(customerId); mayAddTo(customerId); });
  consent.restsWith((customerId) => [
    ...(customers.hasFacts(customerId) || visits.hasLooks(customerId) || dealings.wishes.has(customerId) ? ['preferences' as const] : []), ...(followUps.hasOpen(customerId) ? ['contact' as const] : []),
  ]);
  erasure.deletes('face', ({ customerId }) => gallery.dropRows(customerId));
  erasure.deletes('purposes', ({ customerId, purposes }) => gallery.dropPurposes(customerId, purposes));
  erasure.deletes('dossier', (order) => consent.endAgain(order), 'at once');
  erasure.deletes('dossier', ({ customerId }) => customers.erase(customerId, () => {
    consent.eraseRecords(customerId);
    visits.erase(customerId);
    for (const room of [followUps, dealings, files]) room.erase(customerId);
    for (const also of alsoErase) also(customerId);
  }));
  erasure.replay();
  erasure.resume();
  gallery.reconcile((customerId) => audit.record('face_deleted', THE_BOX, { customerId, detail: { reason: 'no_key' } }));
  customers.mergeWith([visits.rows, followUps.rows, ...dealings.rows, files.rows]);
  consent.prepare('店');
  db.run(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('s', '店长', 'manager', 'x', 0) ON CONFLICT DO NOTHING`);
  db.run(`INSERT INTO device (id, name, token_hash, paired_at_ms) VALUES ('d', 'iPad', x'00', 0) ON CONFLICT DO NOTHING`);
  const grant = (customerId: string, purposes: Purpose[]) => consent.grant(customerId, {
    noticeId: consent.currentNotice().id, language: 'zh-CN', purposes, ageConfirmed: true,
    validUntil: new Date(clock.now() + 30 * 86_400_000).toISOString().slice(0, 10),
    signature: { width: 600, height: 200, strokes: [[{ x: 0, y: 0, t: 0 }, { x: 99, y: 99, t: 9 }]] },
  }, { staffId: 's', deviceId: 'd' });
  return { alsoErase, products, dealings, files, restricted, boughtIn, audit, consent, customers, erasure, followUps, gallery, visits, db, readerTicket: storage.readerTicket, keyFor: storage.keyFor, rewriting: storage.rewriting, clock, events, grant, close };
}

/** A template direction: `axis` says who, `similarity` how like that person's own direction it is, `towards` in which way not. */
export function direction(axis: number, similarity = 1, towards = axis + 1): Embedding {
  const values = new Float32Array(512);
  values[axis] = similarity;
  values[towards] = Math.sqrt(1 - similarity * similarity);
  return new Embedding(values);
}
