import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { schedule } from 'node-cron';
import { Access } from './access/index.js';
import { Audit, THE_BOX, Verification } from './audit/index.js';
import { Assessments, Breaches, Modes, Overview, Retention, StoredPersons } from './compliance/index.js';
import type { Config } from './config/index.js';
import { Consent } from './consent/index.js';
import { Customers } from './customers/index.js';
import { Dealings } from './dealings/index.js';
import { Dossiers } from './dossiers/index.js';
import { Erasure, type DeletionOrder } from './erasure/index.js';
import { EventBus } from './events/index.js';
import { Finding } from './finding/index.js';
import { Files } from './files/index.js';
import { Fields } from './fields/index.js';
import { FollowUps } from './followups/index.js';
import { Gallery } from './gallery/index.js';
import { Greeting } from './greeting/index.js';
import { Health } from './health/index.js';
import { createLogger, letMainThreadFirst, PorticoError, refuseEgress, systemClock, type Clock, type Logger } from './kit/index.js';
import { Signer } from './papers/index.js';
import { Products } from './products/index.js';
import { Enrolments, Explanations, Quality, Recognition, reEnrolFromKeptPictures, Sightings, Things, Upkeep } from './recognition/index.js';
import { AccessCopies, Rights } from './rights/index.js';
import { AtStart, openStorage, type Moment } from './storage/index.js';
import { createVision } from './vision/index.js';
import { Visits } from './visits/index.js';

export interface Appliance {
  /** Where the page is, best address first. */
  urls: string[];
  trustUrls: string[];
  /** The root that clients have to trust, PEM, and its SHA-256 as people compare it. */
  rootPem: string;
  rootFingerprint: string;
  /** One-time pairing code for the owner; null once there is staff. */
  ownerCode: string | null;
  /** One-time code for a further device, for the console of the box: the way back in when the last iPad is lost. */
  makePairingCode(): { code: string; expiresAt: string };
  /** Stops in the reverse order and goes on past a failure. */
  stop(): Promise<void>;
}

/**
 * The composition root: every room is made here, in start order, and nowhere else.
 * @param options.ownMachine nothing else of weight runs here, so recognition may wait for everything else
 * @param options.patience factor on how long slow clients and silent sockets are waited for; default 1
 * @throws PorticoError with a start-up code; then nothing is left running
 */
export async function startAppliance(config: Config, options: { clock?: Clock; log?: Logger; ownMachine?: boolean; patience?: number } = {}): Promise<Appliance> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLogger(config.logLevel);
  const undo: (() => unknown)[] = [];
  /** By the box's clock. What fails is told, and tried again the next time. */
  const regularly = (when: string, failed: string, work: () => unknown) => {
    const task = schedule(when, () => Promise.resolve().then(work).catch((err: unknown) => log.error({ err }, failed)));
    undo.push(() => task.stop());
  };
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) {
      try {
        await step();
      } catch (err) {
        log.error({ err }, 'a room did not stop');
      }
    }
  };

  let shareMachine = (): void => undefined;

  try {
    undo.push(refuseEgress(config.egressAllow, (host) => log.error({ host }, 'a connection out of the box was refused: the host is not in PORTICO_EGRESS_ALLOW')));
    const events = new EventBus(log);

    const storage = openStorage({
      dataDirectory: config.dataDirectory, credentialsDirectory: config.credentialsDirectory, maxBytes: config.databaseMaxBytes, clock,
    });
    undo.push(() => storage.close());
    const { db } = storage;

    const vision = createVision({
      modelsDir: config.modelsDirectory, log, workerReady: () => shareMachine(), ...(config.visionWorkers === 0 ? {} : { workers: config.visionWorkers }),
    });
    await vision.prepare();

    const audit = new Audit({ db, clock });
    const signer = new Signer({ db, clock });
    const atStart = new AtStart(db);
    atStart.do(() => signer.prepare());
    undo.push(() => audit.stop());
    const access = new Access({ db, clock, events, audit, idleLockMs: config.idleLockMs, draftsSecret: storage.keyFor('drafts') });
    const customers = new Customers({ db, clock, events });
    const finding = new Finding({ db, clock, events, log, keyFor: storage.keyFor });
    undo.push(() => finding.stop());
    const followUps = new FollowUps({ db, clock, events });
    const products = new Products({ db, clock, events, currency: config.currency });
    const dealings = new Dealings({ db, clock, events, products, timeZone: config.timeZone });
    const files = new Files({ db, clock, events });
    const visits = new Visits({ db, clock, events, gapMs: config.visitGapMs, timeZone: config.timeZone, dayEndsAt: config.dayEndsAt });
    const consent = new Consent({ db, clock, events, audit, timeZone: config.timeZone });
    const explanations = new Explanations({ db });
    const rights = new Rights({ db, clock, events, audit, timeZone: config.timeZone });
    const erasure = new Erasure({ db, clock, audit, log, dropTraces: () => finding.isClean() && storage.dropTraces() });
    const gallery = new Gallery({
      db, clock, events, log, deleting: (customerId) => erasure.isDeleting(customerId), readerTicket: storage.readerTicket, modelId: vision.modelPack, calibration: vision.pack.calibration, fpir: config.fpir,
    });
    const fields = new Fields({
      db, clock, events, log, timeZone: config.timeZone, currency: config.currency, emptied: () => storage.dropTraces(), neighbours: {
        requireAgreed: (customerId, correcting) => consent.requireAgreed(customerId, 'preferences', correcting),
        leavesOut: (customerId) => consent.leavesOut(customerId, 'preferences'), isRestricted: (customerId) => rights.isRestricted(customerId),
        withMerged: (customerId) => customers.withMerged(customerId),
        productName: (id) => products.find(id)?.name ?? null, isFileOf: (fileId, customerId) => files.isOf(fileId, customerId),
        oldestWish: (customerId) => dealings.wishes.open(customerId).at(-1)?.text ?? null, lastPurchase: (customerId) => dealings.purchases.of(customerId, 1).at(0)?.text ?? null,
      },
    });
    const greeting = new Greeting({
      db, clock, events, timeZone: config.timeZone, sources: {
        statedLikes: (customerId) => customers.statedLikes(customerId),
        dislikes: (customerId) => customers.byId(customerId).dislikes,
        readyTickets: (customerId) => dealings.tickets.ready(customerId),
        openWishes: (customerId) => dealings.wishes.open(customerId),
        plannedAppointments: (customerId, fromMs, toMs) => dealings.appointments.planned(customerId, fromMs, toMs),
        bought: (customerId, sinceMs, limit) => dealings.purchases.bought(customerId, sinceMs, limit),
        arrivals: (sinceMs, limit) => products.arrivals(sinceMs, limit),
        lookedAt: (customerId, sinceMs, limit) => visits.lookedAt(customerId, sinceMs, limit),
        mayKnowTastes: (customerId) => !consent.leavesOut(customerId, 'preferences'),
        isRestricted: (customerId) => rights.isRestricted(customerId),
      },
    });
    const upkeep = new Upkeep({ vision, gallery, consent, clock, log });
    const quality = new Quality({ db, clock, gallery, timeZone: config.timeZone, modelPack: vision.modelPack });

    const sightings = new Sightings({ db, clock, events, consent, customers, gallery, visits, upkeep });
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
    // What a kill, a power cut or a restored database left undone; then whether the vault's vectors are those of this database.
    const replayed = erasure.replay();
    if (replayed.database > 0) log.warn({ deletions: replayed.database }, 'an older database was put back: what was deleted since is deleted again');
    if (replayed.vault > 0) log.warn({ deletions: replayed.vault }, 'an older vault was put back: the keys and vectors of who was deleted since are destroyed again');
    erasure.resume();
    const remade = gallery.reconcile((customerId) => audit.record('face_deleted', THE_BOX, { customerId, detail: { reason: 'no_key' } }));
    if (remade !== null) log.warn(remade, 'the searched vectors were made anew');
    erasure.start();
    undo.push(() => erasure.stop());
    if (consent.records.hasEnded()) storage.dropCopies(); // made before migrations: they hold what was deleted since

    // Deleted rows may have left copies in the gaps of pages: the file is written anew when that keeps nobody waiting.
    const rewrite = (moment: Moment) => storage.rewriting.at(moment, clock, log);
    rewrite('start');
    regularly('47 3 * * *', 'the file could not be written anew', () => rewrite('night'));
    regularly('*/10 * * * *', 'the file could not be written anew', () => { if (visits.open().length === 0) rewrite('quiet'); });

    // Models, templates and the server are made ready side by side; each of the first two takes about a second.
    const templates = gallery.start();
    const loading = Promise.allSettled([vision.start(templates), templates]);
    undo.push(async () => {
      await loading; // what is half started cannot be stopped
      await vision.stop();
      await gallery.stop();
    });
    atStart.do(() => consent.prepare(config.storeName));
    const { waiting, done } = finding.start();
    if (waiting > 0) log.info({ rows: waiting }, 'the search index is being brought up to date');
    done.then((rows) => { if (rows > 0) log.info({ rows }, 'the search index is up to date'); }).catch((err: unknown) => log.error({ err }, 'the search index could not be brought up to date'));

    const dossiers = new Dossiers({ greeting, customers, visits, followUps, dealings, files, consent, gallery, finding, fields, restrictedSince: (customerId) => rights.restriction(customerId).since });
    const accessCopies = new AccessCopies({
      ownFields: (customerIds) => fields.readableOf(customerIds),
      customers, dossiers, consent, rights, audit, explanations, deletions: erasure, clock, storeName: config.storeName, currency: config.currency,
    });

    const assessments = new Assessments({
      db, clock, audit, timeZone: config.timeZone, snapshot: (): Record<string, string | number | boolean | null> => {
        const notice = consent.currentNotice();
        const { known, candidate } = gallery.thresholds();
        return {
          version: config.version, mode: modes.current(), modelPack: vision.modelPack, noticeVersion: notice.version, noticeHash: notice.hash,
          thresholdKnown: known, thresholdCandidate: candidate, storedPersons: gallery.persons(), customers: customers.count(),
          stations: modes.stations().length, ...Object.fromEntries(retention.table().rules.map(({ kind, days }) => [`retentionDays.${kind}`, days])),
        };
      },
    });
    const modes = new Modes({ db, clock, events, audit, assessments });
    const persons = new StoredPersons({ db, clock, audit, timeZone: config.timeZone, stored: () => gallery.persons() });
    const breaches = new Breaches({ db, clock, audit });
    const retention = new Retention({
      db, clock, audit, log, held: () => customers.families(rights.held()), emptied: () => storage.dropTraces(), items: [
        visits.retention, customers.retention, followUps.retention, sightings.retention, quality.retention, consent.records.retention, consent.refusals.retention,
        rights.retention, assessments.retention, breaches.retention,
        dealings.purchases.retention, dealings.retention, files.retention,
        { kind: 'deletion_records', count: () => erasure.count(), deleteBefore: (ms, held) => erasure.prune(ms, held) },
        { kind: 'audit_log', count: () => audit.count(), deleteBefore: (ms) => audit.prune(ms) },
        {
          kind: 'inactive_customers', count: () => customers.count(), deleteBefore: (ms, held) => {
            const waiting = new Set(held);
            // A record of consent keeps the dossier for as long as it has to be kept itself: evidence about nobody proves nothing.
            const due = customers.inactiveSince(ms)
              .filter((id) => !waiting.has(id) && !customers.withMerged(id).some((each) => consent.records.history(each).length > 0));
            for (const id of due) rights.erase(id, 'retention', THE_BOX);
            return due.length;
          },
        },
      ],
    });
    const verification = new Verification(audit, {
      consents: () => consent.verifySeals(), notices: () => consent.notices.verify(), assessments: () => assessments.verify(), deletions: () => erasure.verify(),
    });
    const overview = new Overview({
      clock, verification, modes, assessments, retention, persons, modelPack: vision.modelPack, consents: () => consent.records.counts(), requests: () => rights.open(),
      pendingDeletions: () => erasure.pending().length, noticeUnreviewed: () => consent.notices.isUnreviewed(), noticeBehindBuiltIn: () => consent.notices.isBehindBuiltIn(),
    });

    atStart.do(() => consent.expireDue(true));
    retention.catchUp();
    atStart.do(() => visits.closeStale()); // the box may have been off over the end of the business day
    events.on('customerEnrolled', () => persons.now()); // keeps the day on which the number for filing was reached
    // Each night: what is over its term goes, and the audit log is gone through with all records that it holds fast.
    regularly('23 3 * * *', 'what is over its term could not be deleted', () => log.info(retention.run(), 'what was over its term was deleted'));
    regularly('23 3 * * *', 'the audit log could not be checked', async () => { if (!(await verification.run()).whole) log.error('the audit log does not verify'); });
    regularly('23 3 * * *', 'the expiry job failed', () => consent.expireDue(true));

    // Each night: own fields that a manager removed go for good when nobody brought them back.
    regularly('31 3 * * *', 'removed fields could not be deleted', async () => log.info(await fields.purge(), 'removed fields were deleted for good'));
    undo.push(() => fields.stop());

    // Each night: what the search holds in memory against the file.
    regularly('41 3 * * *', 'the search could not be checked', async () => {
      const result = await gallery.checkSearch();
      if (result.reloaded) log.error(result, 'the search differed from the file and was loaded anew');
      else log.info(result, 'the search agrees with the file');
    });

    const enrolments = new Enrolments({ vision, gallery, consent, clock, requireOn: () => modes.requireOn() });
    const recognition = new Recognition({
      vision, gallery, consent, customers, visits, sightings, quality, upkeep, enrolments, events, clock, log, gate: modes,
    });
    recognition.start();
    undo.push(() => recognition.stop());

    // Every hour, a minute past: consents whose last day is over end, whatever the time zone does.
    regularly('1 * * * *', 'the expiry job failed', () => consent.expireDue()); // a used consent is checked by date anyway

    // Loaded only now, while models and templates are: it is half of what the process has to read.
    const { buildServer, createTrustServer, lanAddresses, loadCertificates, rootFingerprint } = await import('./http/index.js');
    const health = new Health({
      db, vision, gallery, recognition, events, clock, log, dataDirectory: config.dataDirectory, searchIsBehind: () => finding.isBehind(), waitsForRoom: () => atStart.waits,
      recognises: () => modes.current() !== 'off',
    });
    events.on('healthChecked', () => atStart.again());
    health.start();
    undo.push(() => health.stop());

    const readCertificates = async () => {
      const read = await loadCertificates(join(config.dataDirectory, 'tls'), config.hostNames, clock, storage.keyFor('tls'));
      for (const { code, message, details } of read.warnings) log.warn({ code, ...details }, message);
      return read;
    };
    const certificates = await readCertificates();
    const stillEvidence = () => {
      const still = storage.openStill();
      const rooms = { db: still, clock, events, audit: new Audit({ db: still, clock }), timeZone: config.timeZone };
      return { consents: new Consent(rooms).records.allEvidence(), accesses: rooms.audit.stored(), close: () => still.close() };
    };
    const server = await buildServer({
      greeting, access, audit, verification, consent, customers, dossiers, finding, fields, followUps, gallery, visits, enrolments, sightings, quality, recognition, health, events, clock, log, certificates, signer,
      products, dealings, files, things: new Things({ vision }),
      explanations, rights, accessCopies, compliance: { overview, modes, assessments, retention, persons, breaches }, deletions: erasure, stillEvidence,
      box: { version: config.version, storeName: config.storeName, demo: config.demo, timeZone: config.timeZone, currency: config.currency }, webuiDirectory: config.webuiDirectory,
      ...(options.patience === undefined ? {} : { patience: options.patience }),
    });
    undo.push(() => server.close());
    // Each night: a certificate near its end or without a new address is renewed while the server runs.
    regularly('17 3 * * *', 'the certificate could not be renewed', async () => {
      const { keyPem, chainPem } = await readCertificates();
      server.server.setSecureContext({ key: keyPem, cert: chainPem, minVersion: 'TLSv1.2' });
    });
    await server.ready();
    for (const started of await loading) if (started.status === 'rejected') throw started.reason;
    await listen(config.port, () => server.listen({ host: config.host, port: config.port }));
    const port = (server.server.address() as AddressInfo).port;
    const hosts = isLoopback(config.host) ? ['localhost'] : [...lanAddresses(), 'localhost'];

    let trustUrls: string[] = [];
    if (config.trustPort !== 0) {
      const trust = createTrustServer(certificates, config.storeName, () => port);
      undo.push(() => new Promise((resolve) => { trust.close(resolve); trust.closeAllConnections(); }));
      await listen(config.trustPort, () => new Promise((resolve, reject) => {
        trust.once('error', reject);
        trust.listen(config.trustPort, config.host, () => resolve(undefined));
      }));
      // By address, not by name: under a name that HSTS holds a browser would open this as https (http/headers.ts).
      trustUrls = hosts.map((host) => `http://${host}:${config.trustPort}/trust`);
    }

    // After READY, beside the cameras: new templates after a change of the model pack.
    if (modes.current() !== 'off' && gallery.ofOtherPacks().length > 0) {
      let stopped = false;
      const done = reEnrolFromKeptPictures({ vision, gallery, consent, log }, () => stopped || modes.current() === 'off')
        .then((outcome) => log.info(outcome, 'templates of another model pack were made anew'))
        .catch((err: unknown) => log.error({ err }, 'templates of another model pack could not be made anew'));
      undo.push(() => { stopped = true; return done; });
    }

    let shelvingStopped = false;
    const shelving = products.shelve(() => shelvingStopped).catch((err: unknown) => log.error({ err }, 'the products could not be read for searching'));
    undo.push(() => { shelvingStopped = true; return shelving; });

    if (options.ownMachine === true) shareMachine = () => letMainThreadFirst(gallery.osThreadId); // from now on: while starting, all hurry
    shareMachine();
    log.info({ port, trustPort: config.trustPort, modelPack: vision.modelPack, enrolled: gallery.size() }, 'READY');
    return {
      urls: hosts.map((host) => `https://${host}:${port}`), trustUrls, rootPem: certificates.rootPem, rootFingerprint: rootFingerprint(certificates.rootPem),
      ownerCode: access.ownerNeeded() ? access.makeCode('owner').code : null, makePairingCode: () => access.makeCode('device'), stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(port: number, start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new PorticoError('port_in_use', { port });
    if (syscall === 'listen' || syscall === 'getaddrinfo') throw new PorticoError('cannot_listen', { port, reason: code ?? '' });
    throw error;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
