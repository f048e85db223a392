import type { CameraFace, CameraMode, CameraRange, Zone } from '../contract/index.js';
import { FrameSlot, type Frame } from '../camera/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import { likenessOf, type Gallery, type Likeness, type Thresholds } from '../gallery/index.js';
import { isPorticoError, PorticoError, type Clock, type Logger } from '../kit/index.js';
import { decidable, usable, type Box, type FoundFace, type Vision } from '../vision/index.js';
import type { Visits } from '../visits/index.js';
import type { Quality } from './quality.js';
import { basisOf, type Sightings } from './sightings.js';
import { addGoodFrame, forgetTrack, FUSED_FRAMES_MAX, identify, isSettled, lookLift, mustTakeBack, newTrack, UNDECIDED, unsettle, type Track } from './track.js';
import { associate, TRACK_TTL_MS } from './tracker.js';
import type { Upkeep } from './upkeep.js';

/** People followed by one camera at once; the longest unseen makes room. */
const TRACKS_MAX = 32;

export interface LineDeps {
  vision: Vision; gallery: Gallery; consent: Consent; customers: Customers; visits: Visits; sightings: Sightings; quality: Quality;
  upkeep: Upkeep; clock: Clock; log: Logger;
}
export interface FrameOutcome { frame: number; credits: number; dropped: number }
export interface LineCallbacks {
  result(outcome: FrameOutcome & { width: number; height: number; tookMs: number; analyseMs: number; faces: CameraFace[] }): void;
  dropped(outcome: FrameOutcome): void;
  refused(outcome: FrameOutcome, error: PorticoError): void;
}
type Seen = { width: number; height: number; analyseMs: number; faces: CameraFace[] } | PorticoError;

/** One camera's assembly line: slot, vision, tracks, fusion, match, consent, visit, answer. */
export class CameraLine {
  readonly #deps: LineDeps;
  readonly #mode: CameraMode;
  readonly #tiles: boolean;
  readonly #zone: Zone | undefined;
  readonly #slot: FrameSlot<Seen>;
  readonly #tracks = new Map<number, Track>();
  readonly #likeness: Likeness;
  #nextTrackId = 1;
  /** Frames looked at; dropped ones do not count. */
  #looked = 0;
  #closed = false;

  constructor(deps: LineDeps, station: { mode: CameraMode; range: CameraRange; zone: Zone | null }, callbacks: LineCallbacks) {
    this.#deps = deps;
    this.#mode = station.mode;
    this.#tiles = station.range === 'far';
    this.#zone = station.zone ?? undefined;
    this.#likeness = likenessOf(deps.vision.pack.calibration);
    this.#slot = new FrameSlot<Seen>({
      work: (frame) => this.#see(frame),
      done: (frame, seen) => {
        const outcome = this.#outcome(frame);
        if (seen instanceof PorticoError) callbacks.refused(outcome, seen);
        else callbacks.result({ ...outcome, ...seen, tookMs: performance.now() - frame.receivedAtMs });
      },
      dropped: (frame) => callbacks.dropped(this.#outcome(frame)),
    });
  }

  get framesSeen(): number {
    return this.#slot.seen;
  }

  get framesDropped(): number {
    return this.#slot.dropped;
  }

  /** @returns false when the camera had no credit for this frame */
  offer(bytes: Uint8Array, receivedAtMs: number): boolean {
    return this.#slot.offer(bytes, receivedAtMs);
  }

  /** After a withdrawal: no track keeps the customer's name or looks. */
  forgetCustomer(customerId: string): void {
    for (const track of this.#tracks.values()) if (track.identity.customerId === customerId) forgetTrack(track);
  }

  /** After consents stopped to count: no track keeps the name or looks of somebody who is not covered any more. */
  forgetUncovered(): void {
    for (const track of this.#tracks.values()) {
      const { customerId } = track.identity;
      if (customerId !== null && !this.#deps.consent.covers(customerId, 'recognise')) forgetTrack(track);
    }
  }

  /** Staff said something about this customer's card: who is in view is looked at anew. */
  lookAgain(customerId: string): void {
    for (const track of this.#tracks.values()) if (track.identity.customerId === customerId) unsettle(track);
  }

  /** Forgets who left the view; a camera that fell silent is swept too. */
  forgetGone(now: number): void {
    for (const track of this.#tracks.values()) if (Math.abs(now - track.lastSeenMs) > TRACK_TTL_MS) this.#end(track);
  }

  close(): void {
    this.#closed = true;
    this.#slot.close();
    for (const track of this.#tracks.values()) this.#end(track);
  }

  /** Of who was in view only the decision is counted. One frame alone says too little for that. */
  #end(track: Track): void {
    this.#tracks.delete(track.id);
    if (track.sightingId !== null) this.#deps.upkeep.forget(track.sightingId);
    const { decision } = track.identity;
    if (decision !== 'undecided' && track.goodFrames >= 2 && !track.silenced) this.#deps.quality.count(decision);
  }

  #outcome(frame: Frame): FrameOutcome {
    return { frame: frame.number, credits: this.#slot.credits, dropped: this.#slot.dropped };
  }

  async #see(frame: Frame): Promise<Seen> {
    try {
      this.forgetGone(this.#deps.clock.now());
      const looked = ++this.#looked;
      const settled = [...this.#tracks.values()].flatMap((track) => (isSettled(track, looked) ? [track] : []));
      const started = performance.now();
      const analysis = await this.#deps.vision.analyse(frame.bytes, { tiles: this.#tiles, settled, zone: this.#zone });
      const analyseMs = performance.now() - started;
      if (this.#closed) return { width: 0, height: 0, analyseMs, faces: [] };
      const now = this.#deps.clock.now();
      const followed = analysis.settled.flatMap(({ index, box }) => {
        const track = settled[index]!;
        if (!isSettled(track, looked)) return []; // withdrawn while the frame was looked at
        this.#place(track, box, now, looked);
        track.unreadFrames += 1;
        return [this.#answer(box, track)];
      });
      const pairs = this.#follow(analysis.faces, now, looked);
      const read = await Promise.all(pairs.map(({ face, track }) => this.#recognise(face, track)));
      return { width: analysis.width, height: analysis.height, analyseMs, faces: [...read, ...followed] };
    } catch (error) {
      if (isPorticoError(error)) return error;
      this.#deps.log.error({ err: error }, 'a frame failed');
      return new PorticoError('internal');
    }
  }

  #follow(faces: readonly FoundFace[], now: number, frame: number): { face: FoundFace; track: Track }[] {
    // A track that was followed by its place in this frame is taken.
    const free = [...this.#tracks.values()].filter((track) => track.lastFrame !== frame);
    const trackIds = associate(free, faces.map((face) => ({
      box: face.box, embedding: face.embedding, readable: usable(face.quality, this.#deps.vision.pack.gates),
    })), this.#likeness);
    return faces.map((face, index) => {
      const id = trackIds[index];
      const track = id == null ? this.#startTrack(face, now, frame) : this.#tracks.get(id)!;
      this.#place(track, face.box, now, frame);
      track.glance = null; // until this face has been decided on, nobody may be followed by its looks
      return { face, track };
    });
  }

  #place(track: Track, box: Box, now: number, frame: number): void {
    track.box = box;
    track.lastSeenMs = now;
    track.lastFrame = frame;
  }

  #startTrack(face: FoundFace, now: number, frame: number): Track {
    if (this.#tracks.size >= TRACKS_MAX) {
      const oldest = [...this.#tracks.values()].reduce((a, b) => (b.lastSeenMs < a.lastSeenMs ? b : a));
      this.#end(oldest);
    }
    const track = newTrack(this.#nextTrackId++, face.box, now, frame);
    this.#tracks.set(track.id, track);
    return track;
  }

  async #recognise(face: FoundFace, track: Track): Promise<CameraFace> {
    if (decidable(face.quality, this.#deps.vision.pack.gates)) {
      addGoodFrame(track, face.embedding);
      const probe = track.appearance!;
      const match = await this.#deps.gallery.match(probe, { lift: lookLift(track) });
      // A withdrawal while the search ran has emptied the track: what came back is void.
      if (this.#closed || track.appearance !== probe) return this.#answer(face.box, track);
      track.identity = identify(match, track);
      track.sightingId = null;
      this.#act(face, track, match.thresholds);
      track.glance = face.glance;
      track.unreadFrames = 0;
      return this.#answer(face.box, track);
    }
    // Too poor to decide on: it keeps the track's name only if it looks like it, not for standing in the same place.
    const sure = track.appearance !== null && track.appearance.similarity(face.embedding) >= this.#likeness.samePerson;
    return this.#answer(face.box, sure ? track : { ...track, identity: UNDECIDED, sightingId: null });
  }

  /**
   * Writes the visit or asks the question, and takes back what an early frame got wrong. What could not be written is tried
   * again with the next frame, so the track learns of it only afterwards.
   */
  #act(face: FoundFace, track: Track, thresholds: Thresholds): void {
    const { decision, customerId, score } = track.identity;
    const { clock, consent, sightings, upkeep, visits } = this.#deps;
    const wrong = mustTakeBack(track, clock.now()) ? track.opened : null;
    if (decision === 'known' && customerId !== null && score !== null) {
      this.#arrive(face, track, { customerId, score, threshold: thresholds.known }, wrong?.visitId ?? null);
    } else {
      if (wrong !== null) visits.correct(wrong.visitId);
      if (decision === 'candidate' && customerId !== null && score !== null) {
        if (!consent.covers(customerId, 'recognise')) this.#silence(track);
        else track.sightingId = sightings.ask(customerId, score, thresholds.candidate);
        if (track.sightingId !== null) upkeep.noticed(track.sightingId, customerId, face);
      }
    }
    if (wrong !== null) {
      if (track.opened === wrong) track.opened = null;
      track.corrected = true;
    }
    if (track.goodFrames >= FUSED_FRAMES_MAX) track.fusionJudged = true;
  }

  /** Consent is looked up again in the writing transaction; the visit that was wrong ends in the same one. */
  #arrive(
    face: FoundFace, track: Track, { customerId, score, threshold }: { customerId: string; score: number; threshold: number }, wrongVisitId: string | null,
  ): void {
    const { clock, consent, gallery, upkeep, visits } = this.#deps;
    const arrived = consent.withProof(customerId, 'recognise', (proof) => {
      const corrects = wrongVisitId !== null && visits.correct(wrongVisitId) ? wrongVisitId : null;
      return visits.recogniseArrival(proof, 'recognised', score, corrects, () => basisOf(gallery, customerId, threshold));
    });
    if (arrived === null && wrongVisitId !== null) visits.correct(wrongVisitId);
    if (arrived === null || ('held' in arrived && arrived.held === 'not_this_person')) return this.#silence(track);
    if (!('visitId' in arrived)) return;
    if (arrived.began) track.opened = { visitId: arrived.visitId, customerId, atMs: clock.now() };
    // Only of the face that the card came from: a twin in view may be taken for the same customer.
    if (track.opened?.visitId === arrived.visitId) upkeep.noticed(arrived.visitId, customerId, face);
  }

  #silence(track: Track): void {
    track.identity = { ...UNDECIDED, decision: 'unknown' };
    track.silenced = true;
  }

  #answer(box: Box, track: Track): CameraFace {
    const { decision, customerId, score, margin } = track.identity;
    const forStaff = this.#mode === 'look_up';
    // A candidate's name is for the question alone.
    const named = customerId !== null && (decision === 'known' || (decision === 'candidate' && track.sightingId !== null));
    const customer = named ? this.#deps.customers.byId(customerId) : null;
    return {
      trackId: track.id,
      box,
      decision,
      score: forStaff ? score : null,
      margin: forStaff ? margin : null,
      person: forStaff && customer !== null
        ? { customerId: customer.id, displayName: customer.displayName, salutation: customer.salutation, tier: customer.tier }
        : null,
      greeting: this.#mode === 'front_desk' && customer !== null && decision === 'known' && this.#deps.consent.covers(customer.id, 'greet')
        ? (customer.salutation ?? customer.displayName)
        : null,
      sightingId: forStaff && decision === 'candidate' ? track.sightingId : null,
    };
  }
}
