import { randomUUID } from 'node:crypto';
import type { CameraMode, CameraRange } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';
import type { EventBus } from '../events/index.js';
import { CameraLine, type LineCallbacks, type LineDeps } from './cameraLine.js';
import type { Enrolments } from './enrolment.js';

export { Enrolments, PHOTOS_WANTED } from './enrolment.js';
export { Quality } from './quality.js';
export { reEnrolFromKeptPictures } from './reEnrol.js';
export { Sightings } from './sightings.js';
export { Upkeep } from './upkeep.js';
export type { FrameOutcome, LineCallbacks } from './cameraLine.js';

/** Each camera holds up to two frames of 4 MB and their pixels; this bounds the memory of all of them. */
const CAMERAS_MAX = 32;
const SWEEP_MS = 5_000;
const SAVE_EVERY_SWEEPS = 60;

export interface OpenCamera {
  id: string;
  offer(bytes: Uint8Array, receivedAtMs: number): boolean;
  close(): void;
}

/** The assembly line from frames to visits, one for each camera that is connected. */
export class Recognition {
  readonly #deps: LineDeps & { events: EventBus; enrolments: Enrolments };
  readonly #lines = new Map<string, CameraLine>();
  #sweeps = 0;
  #closedSeen = 0;
  #closedDropped = 0;
  #sweep: NodeJS.Timeout | null = null;
  #unsubscribe: (() => void)[] = [];

  constructor(deps: LineDeps & { events: EventBus; enrolments: Enrolments }) {
    this.#deps = deps;
  }

  start(): void {
    const { consent, enrolments, events, quality, sightings, upkeep, visits } = this.#deps;
    this.#unsubscribe = [events.on('consentEnded', ({ customerId }) => {
      for (const line of this.#lines.values()) line.forgetCustomer(customerId);
      sightings.expire(customerId);
      enrolments.expire(customerId);
      upkeep.forgetCustomer(customerId);
    }), events.on('consentNarrowed', ({ customerId }) => {
      upkeep.forgetCustomer(customerId); // "refresh" may be what was taken back
    }), events.on('consentSuspended', () => {
      for (const line of this.#lines.values()) line.forgetUncovered();
      for (const { customerId } of sightings.open()) if (!consent.covers(customerId, 'recognise')) sightings.expire(customerId);
    }), events.on('visitOpened', ({ customerId }) => {
      sightings.expire(customerId); // whoever is in the store needs no "Is this ...?" any more
    }), events.on('visitClosed', ({ visitId, customerId }) => {
      upkeep.forget(visitId);
      for (const line of this.#lines.values()) line.lookAgain(customerId);
    })];
    this.#sweep = setInterval(() => {
      try {
        for (const line of this.#lines.values()) line.forgetGone(this.#deps.clock.now());
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
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
    this.#deps.quality.save();
  }

  /** @throws PorticoError cameras_too_many */
  openCamera(station: { mode: CameraMode; range: CameraRange }, callbacks: LineCallbacks): OpenCamera {
    if (this.#lines.size >= CAMERAS_MAX) throw new PorticoError('cameras_too_many');
    const id = randomUUID();
    const line = new CameraLine(this.#deps, station, callbacks);
    this.#lines.set(id, line);
    return {
      id,
      offer: (bytes, receivedAtMs) => line.offer(bytes, receivedAtMs),
      close: () => {
        if (!this.#lines.delete(id)) return;
        this.#closedSeen += line.framesSeen;
        this.#closedDropped += line.framesDropped;
        line.close();
      },
    };
  }

  /** Counts since the start; nothing about any person. */
  counts(): { cameras: number; framesSeen: number; framesDropped: number } {
    let framesSeen = this.#closedSeen;
    let framesDropped = this.#closedDropped;
    for (const line of this.#lines.values()) {
      framesSeen += line.framesSeen;
      framesDropped += line.framesDropped;
    }
    return { cameras: this.#lines.size, framesSeen, framesDropped };
  }
}
