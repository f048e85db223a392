import { randomUUID } from 'node:crypto';
import type { CameraMode, CameraRange, Zone } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';
import type { EventBus } from '../events/index.js';
import { CameraLine, type LineCallbacks, type LineDeps } from './cameraLine.js';
import type { Enrolments } from './enrolment.js';

export { Enrolments, PHOTOS_WANTED } from './enrolment.js';
export { Explanations } from './explanations.js';
export { Quality } from './quality.js';
export { reEnrolFromKeptPictures } from './reEnrol.js';
export { Sightings } from './sightings.js';
export { Things } from './things.js';
export { Upkeep } from './upkeep.js';
export type { FrameOutcome, LineCallbacks } from './cameraLine.js';

/** Each camera holds up to two frames of 4 MB and their pixels; this bounds the memory of all of them. */
const CAMERAS_MAX = 32;
const SWEEP_MS = 5_000;
const SAVE_EVERY_SWEEPS = 60;

/** A camera that wants to run. */
export interface CameraKind {
  mode: CameraMode;
  range: CameraRange;
  /** Which fixed station it is; null: none. */
  stationId: string | null;
}
/** Who says whether faces may be looked at here and now. */
export interface Gate {
  /**
   * @returns the area in which faces may be looked at; null: the whole picture
   * @throws PorticoError recognition_off, station_not_ready
   */
  admit(camera: Pick<CameraKind, 'mode' | 'stationId'>): Zone | null;
}

export interface OpenCamera {
  id: string;
  offer(bytes: Uint8Array, receivedAtMs: number): boolean;
  close(): void;
}

/** The assembly line from frames to visits, one for each camera that is connected. */
export class Recognition {
  readonly #deps: LineDeps & { events: EventBus; enrolments: Enrolments; gate: Gate };
  readonly #lines = new Map<string, { line: CameraLine; kind: CameraKind; lastFrameMs: number }>();
  #onFrame: (tookMs: number) => void = () => undefined;
  #sweeps = 0;
  #closedSeen = 0;
  #closedDropped = 0;
  #sweep: NodeJS.Timeout | null = null;
  #unsubscribe: (() => void)[] = [];

  constructor(deps: LineDeps & { events: EventBus; enrolments: Enrolments; gate: Gate }) {
    this.#deps = deps;
  }

  start(): void {
    const { consent, enrolments, events, quality, sightings, upkeep, visits } = this.#deps;
    const forget = ({ customerId }: { customerId: string }) => {
      for (const { line } of this.#lines.values()) line.forgetCustomer(customerId);
      sightings.expire(customerId);
      enrolments.expire(customerId);
      upkeep.forgetCustomer(customerId);
    };
    this.#unsubscribe = [events.on('consentEnded', forget), events.on('dossierErased', forget),
    events.on('modeChanged', ({ mode }) => {
      // A frame that is being looked at now comes to nothing too.
      this.#closeLines((kind) => mode === 'off' || (kind.mode === 'fixed_station' && mode !== 'fixed_station'));
      if (mode !== 'off') return;
      sightings.expire(undefined, true);
      enrolments.forgetAll();
      upkeep.forgetAll();
    }), events.on('stationChanged', ({ stationId }) => this.#closeLines((kind) => kind.mode === 'fixed_station' && kind.stationId === stationId)),
    events.on('consentNarrowed', ({ customerId }) => {
      upkeep.forgetCustomer(customerId); // "refresh" may be what was taken back
      enrolments.expire(customerId); // or "keep my photo", and pictures for it are held
    }), events.on('consentSuspended', ({ customerId }) => {
      for (const { line } of this.#lines.values()) line.forgetUncovered();
      if (customerId !== null) forget({ customerId });
      for (const { customerId } of sightings.open()) if (!consent.covers(customerId, 'recognise')) sightings.expire(customerId);
    }), events.on('visitOpened', ({ customerId }) => {
      sightings.expire(customerId); // whoever is in the store needs no "Is this ...?" any more
    }), events.on('visitClosed', ({ visitId, customerId }) => {
      upkeep.forget(visitId);
      for (const { line } of this.#lines.values()) line.lookAgain(customerId);
    })];
    this.#sweep = setInterval(() => {
      try {
        for (const { line } of this.#lines.values()) line.forgetGone(this.#deps.clock.now());
        sightings.expire();
        enrolments.expire();
        upkeep.expire();
        visits.closeStale();
        if (++this.#sweeps % SAVE_EVERY_SWEEPS === 0) quality.save();
      } catch (err) {
        this.#deps.log.error({ err }, 'the sweep failed'); // tried again in five seconds
      }
    }, SWEEP_MS);
  }

  stop(): void {
    if (this.#sweep !== null) clearInterval(this.#sweep);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#closeLines(() => true);
    this.#deps.quality.save();
  }

  /** @throws PorticoError recognition_off, station_not_ready, cameras_too_many */
  openCamera(kind: CameraKind, callbacks: LineCallbacks): OpenCamera {
    const zone = this.#deps.gate.admit(kind);
    if (this.#lines.size >= CAMERAS_MAX) throw new PorticoError('cameras_too_many');
    const id = randomUUID();
    const line = new CameraLine(this.#deps, { mode: kind.mode, range: kind.range, zone }, {
      ...callbacks,
      result: (outcome) => {
        callbacks.result(outcome);
        this.#onFrame(outcome.tookMs);
      },
    });
    const open = { line, kind, lastFrameMs: performance.now() };
    this.#lines.set(id, open);
    return {
      id, close: () => this.#close(id),
      offer: (bytes, receivedAtMs) => {
        open.lastFrameMs = receivedAtMs;
        return line.offer(bytes, receivedAtMs);
      },
    };
  }

  /** From now on `listener` is told of each frame that was answered how long it took, ms, after the camera was. For one who counts. */
  timedBy(listener: (tookMs: number) => void): void {
    this.#onFrame = listener;
  }

  /** Of each connected camera, which fixed station it is, if any, and how long ago its last frame came (or it connected). */
  cameraAges(): { stationId: string | null; ageMs: number }[] {
    const now = performance.now();
    return [...this.#lines.values()].map(({ kind, lastFrameMs }) => ({ stationId: kind.mode === 'fixed_station' ? kind.stationId : null, ageMs: now - lastFrameMs }));
  }

  #closeLines(which: (kind: CameraKind) => boolean): void {
    for (const [id, { kind }] of [...this.#lines]) if (which(kind)) this.#close(id);
  }

  #close(id: string): void {
    const open = this.#lines.get(id);
    if (open === undefined) return;
    this.#lines.delete(id);
    this.#closedSeen += open.line.framesSeen;
    this.#closedDropped += open.line.framesDropped;
    open.line.close();
  }

  /** Counts since the start; nothing about any person. */
  counts(): { cameras: number; framesSeen: number; framesDropped: number } {
    let framesSeen = this.#closedSeen;
    let framesDropped = this.#closedDropped;
    for (const { line } of this.#lines.values()) {
      framesSeen += line.framesSeen;
      framesDropped += line.framesDropped;
    }
    return { cameras: this.#lines.size, framesSeen, framesDropped };
  }
}
