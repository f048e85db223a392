/** The door of the room. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { BoxCheck, BoxHealth, BoxReport, Readiness } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import type { Gallery } from '../gallery/index.js';
import { toInstant, type Clock, type Logger } from '../kit/index.js';
import type { Recognition } from '../recognition/index.js';
import { checkIntegrity, type Database, type ReaderTicket } from '../storage/index.js';
import type { Vision } from '../vision/index.js';
import { countInThread, supportBundle } from './bundle.js';
import { worstOf } from './checks/check.js';
import { checkBackup, checkDatabase, checkExport, checkSearch, type ExportFacts, type LastRun } from './checks/data.js';
import { checkClock, checkDisk, checkMemory, checkPower, checkTemperature } from './checks/machine.js';
import { checkCertificate, checkName, checkRootRun, type CertificateFacts, type NameFacts } from './checks/outside.js';
import { checkCameras, checkModels, QUEUE_LONG, sameNumbers, type ModelTest } from './checks/recognition.js';
import { ClockWatch } from './clockWatch.js';
import { dropConsoleToken, makeConsoleToken } from './consoleToken.js';
import { Facts } from './facts.js';
import { bootId, builtAtMs, isClockSynchronised, measureDisk, measureMemory, measureTemperature, readRootRun } from './measure.js';
import { Metrics } from './metrics.js';
import { databaseAnswers, Systemd } from './systemd.js';

export { countRows, supportBundle, type TableCounts } from './bundle.js';
export { CONSOLE_TOKEN_FILE } from './consoleToken.js';
export { forgetMachine } from './facts.js';
export type { LastRun } from './checks/data.js';
export type { NameFacts } from './checks/outside.js';

const CHECK_MS = 10_000;
/** How often the time is written down, and the time server asked for: of so much at most nothing is known after the power went. */
const MINUTE_MS = 60_000;

interface Rooms {
  db: Database; vision: Vision; gallery: Gallery; recognition: Recognition; events: EventBus; clock: Clock; log: Logger; dataDirectory: string;
  version: string; notifySocket: string | null; watchdogMs: number | null; logDirectory: string | null;
  /** All of them; what of it is told to whom is decided in bundle.ts. */
  settings: object;
  readerTicket: ReaderTicket;
  /** Where services that run as root leave word; null: there are none. */
  boxStateDirectory: string | null;
  /** Whether there is something that the search does not find yet. */
  searchIsBehind: () => boolean;
  /** Whether something that had to be written at the start did not fit. */
  waitsForRoom: () => boolean;
  /** Whether recognition is switched on. */
  recognises: () => boolean;
  /** Whether the store is open; null: its hours are not known. */
  isOpen: (atMs: number) => boolean | null;
  /** Fixed stations that may run now. */
  stations: () => readonly { id: string }[];
  visitsOpen: () => number;
  certificate: () => CertificateFacts & { rootFingerprint: string };
  name: () => NameFacts;
  addresses: () => string[];
  /** Nightly copies: whether they are set up, and the last good one. */
  backup: { setUp: boolean; last: () => LastRun | null; heldSinceMs: () => number | null; staffed: () => boolean };
  /** Head office's nightly release. */
  export: () => ExportFacts;
}
export type HealthDeps = Rooms;

/** Asks the other rooms and the machine how they are. */
export class Health {
  readonly #deps: Rooms;
  readonly #facts: Facts;
  readonly #clockWatch: ClockWatch;
  readonly #builtAtMs = builtAtMs();
  #startedAtMs = 0;
  #timers: NodeJS.Timeout[] = [];
  #recognises = true;
  #unsubscribe: () => void = () => undefined;
  #modelTest: ModelTest | null = null;
  #synchronised: boolean | null = null;
  #slow: Promise<void> | null = null;
  #consoleToken: string | null = null;
  readonly #metrics: Metrics;
  readonly #systemd: Systemd;
  readonly #stopping = new AbortController();
  #backupSinceMs: number | null = null;

  constructor(deps: Rooms) {
    this.#deps = deps;
    this.#facts = new Facts(deps);
    this.#clockWatch = new ClockWatch(deps.clock);
    this.#metrics = new Metrics({
      health: () => this.now(), report: () => this.report(), queueLength: () => deps.vision.queueLength, visitsOpen: () => this.#attempt(deps.visitsOpen),
      databaseBytes: () => bytesOf(deps.dataDirectory), backupFinishedMs: () => this.#attempt(deps.backup.last)?.finishedAtMs ?? null, nowMs: () => deps.clock.now(),
    });
    this.#systemd = new Systemd({
      socket: deps.notifySocket, watchdogMs: deps.watchdogMs, log: deps.log,
      work: { database: () => databaseAnswers(deps.db, () => this.#facts.see(this.#clockIsRight())), vision: (deadlineMs) => deps.vision.answers(deadlineMs) },
    });
  }

  /** What the command line of this machine shows; null: not started, or the file could not be written. */
  get consoleToken(): string | null {
    return this.#consoleToken;
  }

  start(): void {
    const { clock, events, log } = this.#deps;
    this.#startedAtMs = clock.now();
    const ended = this.#attempt(() => this.#facts.begin(bootId()));
    if (ended === 'lost_power' || ended === 'crashed') log.warn({ ended }, 'the last run did not end as it should');
    this.#backupSinceMs = this.#attempt(() => this.#facts.backupSinceMs(this.#deps.backup.setUp));
    this.#consoleToken = makeConsoleToken(this.#deps.dataDirectory);
    this.#deps.recognition.timedBy((tookMs) => this.#metrics.frame(tookMs));
    let last = '';
    this.#unsubscribe = events.on('modeChanged', () => events.emit('healthChecked', { health: this.now() })); // no board waits to be told
    const look = () => {
      this.#clockWatch.look();
      const health = this.now();
      events.emit('healthChecked', { health });
      if (health.problems.join() !== last) log.warn({ problems: health.problems }, 'health changed');
      last = health.problems.join();
    };
    this.#timers = [setInterval(look, CHECK_MS), setInterval(() => void this.#eachMinute(), MINUTE_MS)];
    void this.#eachMinute();
  }

  /** Ends well: the next start sees no lost power. A look through the files is cut off; of a models' self-test the answer is waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#unsubscribe();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#slow;
    dropConsoleToken(this.#deps.dataDirectory);
    this.#attempt(() => this.#facts.end());
  }

  /** Everything runs: the models are tested, systemd is told, and its watchdog fed from now on. @returns says that the box stops */
  ready(): () => Promise<void> {
    void this.testModels();
    this.#systemd.start(`Portico ${this.#deps.version} is running`);
    return () => {
      this.#stopping.abort(); // before the server closes: it waits for its answers, and they for slow checks
      return this.#systemd.stop();
    };
  }

  metrics(): Promise<string> {
    return this.#metrics.text();
  }

  /** An HTTP answer went out. */
  answered(status: number): void {
    this.#metrics.answered(status);
  }

  /** A zip archive without anything about anybody. */
  async supportBundle(): Promise<Buffer> {
    const { version, settings, logDirectory, clock, readerTicket } = this.#deps;
    const counts = await countInThread(readerTicket, this.#stopping.signal);
    return supportBundle({ report: this.report(), version, settings, logDirectory, counts, units: await unitStates(), madeAt: toInstant(clock.now()) });
  }

  /** The few words for iPads, made of the same checks. */
  now(): BoxHealth {
    const { vision, gallery, recognition, clock } = this.#deps;
    const enrolledCustomers = this.#countEnrolled();
    const answers = enrolledCustomers !== null;
    const has = (check: BoxCheck, ...reasons: string[]) => reasons.includes(check.reason);
    const problems: BoxHealth['problems'] = [];
    if (!vision.available || !gallery.searching) problems.push('vision_unavailable');
    if (!answers) problems.push('storage_busy');
    if (has(this.#disk(answers), 'full', 'limit_reached', 'not_told')) problems.push('storage_full');
    if (has(this.#disk(answers), 'read_only') || this.#deps.db.isReadOnly) problems.push('storage_read_only');
    if (vision.queueLength > QUEUE_LONG) problems.push('frames_dropped');
    if (answers && has(checkSearch(this.#deps.searchIsBehind()), 'behind')) problems.push('search_incomplete');
    const failed = problems.some((problem) => problem.startsWith('storage_'));
    return {
      status: problems.length === 0 ? 'ok' : failed ? 'failed' : 'degraded',
      problems,
      recognises: answers ? (this.#recognises = this.#deps.recognises()) : this.#recognises,
      upSeconds: Math.max(0, Math.floor((clock.now() - this.#startedAtMs) / 1000)),
      ...recognition.counts(),
      enrolledCustomers: enrolledCustomers ?? 0,
      modelPack: vision.modelPack,
    };
  }

  /** Everything for IT, as it is now; of the slow checks what they found last. */
  report(): BoxReport {
    const checks = this.#checks();
    const { certificate, addresses, clock, version, vision } = this.#deps;
    return {
      status: worstOf(checks), checks, version, modelPack: vision.modelPack, at: toInstant(clock.now()), startedAt: toInstant(this.#startedAtMs),
      addresses: addresses(), rootFingerprint: certificate().rootFingerprint,
    };
  }

  /** Whether the box may be used: for load balancers, updates and sticks. Codes only, about nobody. */
  readiness(): Readiness {
    const answers = this.#countEnrolled() !== null;
    const codes: Readiness['codes'] = [];
    if (!answers) codes.push('database_not_open');
    if (this.#models().state !== 'ok') codes.push('models_not_tested');
    if (this.#disk(answers).state === 'failed') codes.push('disk_full');
    if (this.#clock(answers).state === 'failed') codes.push('clock_wrong');
    return { ready: codes.length === 0, codes };
  }

  /** The slow checks, now; who asks while they run gets the same ones. */
  runChecks(): Promise<void> {
    this.#slow ??= Promise.all([this.#checkDatabase(), this.testModels()]).then(() => { this.#slow = null; });
    return this.#slow;
  }

  /** Each model over its pattern, in each worker. */
  async testModels(): Promise<void> {
    const { clock, log, vision } = this.#deps;
    const { changed, expected, found } = await vision.selfTest();
    const [first] = found;
    let outcome: ModelTest['outcome'] = 'no_answer';
    if (changed !== null) outcome = 'changed';
    else if (first != null && found.every((numbers) => numbers !== null)) {
      const wanted = expected ?? this.#attempt(() => this.#facts.modelNumbers(vision.modelPack)) ?? null;
      if (wanted === null) this.#attempt(() => this.#facts.keepModelNumbers(vision.modelPack, first));
      outcome = found.every((numbers) => sameNumbers(wanted ?? first, numbers!)) ? 'expected' : 'other';
    }
    this.#modelTest = { atMs: clock.now(), outcome };
    if (outcome !== 'expected') log.error({ outcome, file: changed }, 'the models did not pass their self-test');
  }

  async #checkDatabase(): Promise<void> {
    const { log, readerTicket } = this.#deps;
    const outcome = await checkIntegrity(readerTicket, this.#stopping.signal);
    if (outcome === null) return;
    this.#attempt(() => this.#facts.keepIntegrity(outcome));
    if (outcome === 'whole') log.info('the database is whole');
    else log.error({ outcome }, 'the database could not be found whole');
  }

  async #eachMinute(): Promise<void> {
    this.#synchronised = await isClockSynchronised();
    const disk = measureDisk(this.#deps.dataDirectory);
    this.#attempt(() => this.#facts.see(this.#clockIsRight()));
    if (disk !== null) this.#attempt(() => this.#facts.keepDiskSample(disk.totalBytes - disk.freeBytes));
  }

  /** A clock that stood far ahead once must not be called wrong for ever: a time server, or a day without a break, says that it is right. */
  #clockIsRight(): boolean {
    return this.#synchronised === true || this.#clockWatch.ranMs() > 24 * 60 * MINUTE_MS;
  }

  #checks(): BoxCheck[] {
    const { boxStateDirectory, certificate, name, recognition, vision, backup } = this.#deps;
    const nowMs = this.#deps.clock.now();
    const answers = this.#countEnrolled() !== null;
    const { celsius, criticalCelsius } = measureTemperature();
    const cameras = recognition.cameraAges();
    const missing = answers ? this.#deps.stations().filter(({ id }) => !cameras.some(({ stationId }) => stationId === id)) : [];
    return [
      this.#disk(answers),
      checkMemory(measureMemory()),
      checkTemperature(celsius, criticalCelsius),
      this.#clock(answers),
      checkPower(this.#attempt(() => this.#facts.power()) ?? { losses: 0, lastLossMs: null, crashes: 0, lastCrashMs: null }, nowMs),
      checkDatabase(answers, this.#attempt(() => this.#facts.integrity()) ?? null, nowMs),
      checkSearch(answers && this.#deps.searchIsBehind()),
      this.#models(),
      checkCameras({
        recognises: answers ? this.#deps.recognises() : this.#recognises, open: this.#deps.isOpen(nowMs), agesMs: cameras.map(({ ageMs }) => ageMs),
        stationsMissing: missing.length, queueLength: vision.queueLength,
      }),
      checkCertificate(certificate(), nowMs),
      checkName(name()),
      checkBackup(backup.setUp, answers ? backup.last() : null, this.#backupSinceMs ?? this.#startedAtMs, nowMs, answers ? backup.heldSinceMs() : null, !answers || backup.staffed()),
      checkExport(answers ? this.#deps.export() : null, nowMs),
      checkRootRun('stick', readRootRun(boxStateDirectory, 'stick.json'), nowMs),
      checkRootRun('update', readRootRun(boxStateDirectory, 'update.json'), nowMs),
    ];
  }

  #disk(answers: boolean): BoxCheck {
    const { clock, dataDirectory, db, waitsForRoom } = this.#deps;
    const pages = answers ? db.sparePages : Infinity; // who does not answer cannot be asked
    return checkDisk(measureDisk(dataDirectory), { pages, waits: waitsForRoom() }, this.#attempt(() => this.#facts.diskSamples()) ?? [], clock.now());
  }

  #models(): BoxCheck {
    const { vision, gallery } = this.#deps;
    return checkModels(vision.available && gallery.searching, this.#modelTest, vision.modelPack);
  }

  #clock(answers: boolean): BoxCheck {
    const seenMs = answers && !this.#clockIsRight() ? this.#attempt(() => this.#facts.seenMs()) ?? null : null;
    return checkClock({ nowMs: this.#deps.clock.now(), builtAtMs: this.#builtAtMs, seenMs, synchronised: this.#synchronised, jumped: this.#clockWatch.jumped });
  }

  /** Null: the database does not answer. */
  #countEnrolled(): number | null {
    return this.#attempt(() => {
      this.#deps.db.get('SELECT 1 FROM migration LIMIT 1');
      return this.#deps.gallery.size();
    });
  }

  /** Health is told also while the database is busy or full. */
  #attempt<T>(work: () => T): T | null {
    try {
      return work();
    } catch (err) {
      this.#deps.log.debug({ err }, 'health: the database did not answer');
      return null;
    }
  }
}

/** Both files with their logs; null: they are not there. */
function bytesOf(dataDirectory: string): number | null {
  const files = ['portico.db', 'portico.db-wal', 'vault/vault.db', 'vault/vault.db-wal'];
  try {
    return files.reduce((sum, file) => sum + (statSync(join(dataDirectory, file), { throwIfNoEntry: false })?.size ?? 0), 0);
  } catch {
    return null;
  }
}

/** How the units of the box stand, as systemd tells it; null: there is none. */
export function unitStates(): Promise<string | null> {
  const command = ['list-units', '--all', '--no-pager', '--no-legend', '--plain', 'portico*'];
  return new Promise((resolve) => {
    execFile('systemctl', command, { timeout: 5_000, env: { PATH: '/usr/bin:/bin' } }, (error, stdout) => resolve(error === null ? stdout : null));
  });
}
