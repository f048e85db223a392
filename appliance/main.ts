import { join } from 'node:path';
import { isIPv4, type AddressInfo } from 'node:net';
import { Access } from './access/index.js';
import { Audit, THE_BOX, Verification } from './audit/index.js';
import { Backups } from './backup/index.js';
import { Assessments, Breaches, Modes, Overview, ownTerms, Retention, StoredPersons } from './compliance/index.js';
import { isOpenAt, type Config } from './config/index.js';
import { Consent } from './consent/index.js';
import { Customers } from './customers/index.js';
import { Dealings } from './dealings/index.js';
import { Dossiers } from './dossiers/index.js';
import { Erasure } from './erasure/index.js';
import { EventBus } from './events/index.js';
import { Exports } from './export/index.js';
import { Finding } from './finding/index.js';
import { Files } from './files/index.js';
import { Fields } from './fields/index.js';
import { FollowUps } from './followups/index.js';
import { Gallery } from './gallery/index.js';
import { Greeting } from './greeting/index.js';
import { Health } from './health/index.js';
import { letMainThreadFirst, openLog, PorticoError, refuseEgress, systemClock, Timetable, type Clock, type Logger } from './kit/index.js';
import { introduce, visitsForFigures } from './neighbours.js';
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
  /** One-time pairing code for the owner; null once there is staff, and where one was given out beforehand. */
  ownerCode: string | null;
  /** That one has not been used. */
  ownerCodeWaits: boolean;
  /** One-time code for the console of the box: for a further device, the way back in when the last iPad is lost; before there is an owner, for the owner. */
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
  const { log, close: closeLog } = options.log === undefined ? await openLog(config.logLevel, config.logDirectory) : { log: options.log, close: () => undefined };
  const undo: (() => unknown)[] = [closeLog];
  const timetable = new Timetable({ clock, log, timeZone: config.timeZone });
  /** By the store's time. What fails is told, and tried again the next time. */
  const regularly = (when: string, failed: string, work: () => unknown) => timetable.add(when, failed, work);
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
    const access = new Access({ db, clock, events, audit, idleLockMs: config.idleLockMs, draftsSecret: storage.keyFor('drafts'), ownerCodeSha256: config.ownerCodeSha256, teams: config.export?.parameters.teams ?? [] });
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
    introduce({ consent, customers, dealings, erasure, events, fields, files, finding, followUps, gallery, greeting, products, rights, sightings, visits });
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

    const backups = new Backups({
      db, clock, audit, log, config, storage, deletions: () => erasure.everyone(), signingKey: () => signer.privatePem(), staffed: () => !access.ownerNeeded(),
    });
    backups.start();
    undo.push(() => backups.stop());
    regularly(backups.nightlyAt, 'the backup could not be made', () => backups.nightly());

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
      db, clock, audit, log, ownTerms: ownTerms(config.retentionDays), held: () => customers.families(rights.held()), emptied: () => storage.dropTraces(), items: [
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

    consent.trustClockWhile(() => retention.trustsClock());
    atStart.do(() => consent.expireDue(true));
    retention.catchUp();
    atStart.do(() => visits.closeStale()); // the box may have been off over the end of the business day
    events.on('customerEnrolled', () => persons.now()); // keeps the day on which the number for filing was reached
    // Each night: what is over its term goes, and the audit log is gone through with all records that it holds fast.
    regularly('23 3 * * *', 'what is over its term could not be deleted', () => log.info(retention.run(), 'what was over its term was deleted'));
    regularly('23 3 * * *', 'the audit log could not be checked', async () => { if (!(await verification.run()).whole) log.error('the audit log does not verify'); });
    regularly('23 3 * * *', 'the expiry job failed', () => consent.expireDue(true));

    const exports = new Exports({
      db, clock, audit, log, config, signer, visitsBetween: visitsForFigures({ access, customers, rights, visits }), storedPersons: () => gallery.persons(),
      staffed: () => !access.ownerNeeded(), trustsClock: () => retention.trustsClock(),
    });
    atStart.do(() => exports.start());
    undo.push(() => exports.stop());
    // At night, and every minute after: what the box was off for, and what has not arrived.
    regularly(exports.nightlyAt, 'the release could not be made', () => exports.work());
    regularly('* * * * *', 'the release could not be made or sent', () => exports.work());

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
    const { buildServer, createTrustServer, lanAddresses, loadCertificates, Mdns, rootFingerprint } = await import('./http/index.js');
    let warned = new Set<string>();
    const readCertificates = async () => {
      const read = await loadCertificates(join(config.dataDirectory, 'tls'), config.hostNames, clock, storage.keyFor('tls'), () => retention.trustsClock());
      for (const { code, message, details } of read.warnings) if (!warned.has(code)) log.warn({ errorCode: code, ...details }, message);
      warned = new Set(read.warnings.map(({ code }) => code));
      return read;
    };
    let certificates = await readCertificates();
    const lanName = new Mdns({ log });
    const health = new Health({
      ...config, settings: config, readerTicket: storage.readerTicket, visitsOpen: () => visits.open().length, stations: () => modes.runnable(),
      db, vision, gallery, recognition, events, clock, log, searchIsBehind: () => finding.isBehind(), waitsForRoom: () => atStart.waits, recognises: () => modes.current() !== 'off',
      isOpen: (atMs) => isOpenAt(config.openingHours, atMs, config.timeZone), addresses: lanAddresses, name: () => lanName.state(),
      certificate: () => ({ ...certificates, rootFingerprint: rootFingerprint(certificates.rootPem) }),
      backup: { setUp: config.backup !== null, last: () => backups.forHealth(), heldSinceMs: () => backups.heldSinceMs(), staffed: () => backups.staffed() }, export: () => exports.forHealth(),
    });
    events.on('healthChecked', () => atStart.again());
    undo.push(() => health.stop());
    health.start();
    regularly('11 4 * * *', 'the box could not be checked', () => health.runChecks());
    const stillEvidence = () => {
      const still = storage.openStill();
      const rooms = { db: still, clock, events, audit: new Audit({ db: still, clock }), timeZone: config.timeZone };
      return { consents: new Consent(rooms).records.allEvidence(), accesses: rooms.audit.stored(), close: () => still.close() };
    };
    const server = await buildServer({
      greeting, backups, exports, access, audit, verification, consent, customers, dossiers, finding, fields, followUps, gallery, visits, enrolments, sightings, quality, recognition, health, events, clock, log, certificates, signer,
      products, dealings, files, things: new Things({ vision }),
      explanations, rights, accessCopies, compliance: { overview, modes, assessments, retention, persons, breaches }, deletions: erasure, stillEvidence,
      box: { version: config.version, storeName: config.storeName, demo: config.demo, timeZone: config.timeZone, currency: config.currency, languages: config.languages }, webuiDirectory: config.webuiDirectory,
      allowedLan: config.allowedLan, metricsAllow: config.metricsAllow, consoleToken: health.consoleToken,
      ...(options.patience === undefined ? {} : { patience: options.patience }),
    });
    undo.push(() => server.close());
    // A certificate near its end, without a new address, or from a clock that was put right since, is renewed while the server runs.
    let servedPem = certificates.chainPem;
    regularly('*/10 * * * *', 'the certificate could not be renewed', async () => {
      certificates = await readCertificates();
      const { keyPem, chainPem } = certificates;
      if (chainPem === servedPem) return;
      servedPem = chainPem;
      server.server.setSecureContext({ key: keyPem, cert: chainPem, minVersion: 'TLSv1.2' });
    });
    await server.ready();
    for (const started of await loading) if (started.status === 'rejected') throw started.reason;
    await listen(config.port, () => server.listen({ host: config.host, port: config.port }));
    const port = (server.server.address() as AddressInfo).port;
    const hosts = isLoopback(config.host) ? ['localhost'] : [...new Set([...config.hostNames.filter((name) => isIPv4(name)), ...lanAddresses(), 'localhost'])];

    if (config.mdns) lanName.start(port);
    undo.push(() => lanName.stop());
    let trustUrls: string[] = [];
    if (config.trustPort !== 0) {
      const trust = createTrustServer(certificates, config.storeName, () => port, undefined, config.allowedLan);
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
    timetable.start();
    undo.push(() => timetable.stop());
    log.info({ port, trustPort: config.trustPort, modelPack: vision.modelPack, enrolled: gallery.size() }, 'READY');
    undo.push(health.ready());
    return {
      urls: hosts.map((host) => `https://${host}:${port}`), trustUrls, rootPem: certificates.rootPem, rootFingerprint: rootFingerprint(certificates.rootPem),
      ownerCode: access.ownerNeeded() && config.ownerCodeSha256 === null ? access.makeCode('owner').code : null, ownerCodeWaits: access.ownerCodeWaits(),
      makePairingCode: () => access.makeCode(access.ownerNeeded() ? 'owner' : 'device'), stop,
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
