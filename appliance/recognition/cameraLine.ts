import type { CameraFace, CameraMode } from '../contract/index.js';
import { FrameSlot, type Frame } from '../camera/index.js';
import type { Consent } from '../consent/index.js';
import type { Customers } from '../customers/index.js';
import type { Gallery } from '../gallery/index.js';
import { isPorticoError, PorticoError, type Clock, type Logger } from '../kit/index.js';
import { decidable, usable, type FoundFace, type Vision } from '../vision/index.js';
import type { Visits } from '../visits/index.js';
import type { Sightings } from './sightings.js';
import { addGoodFrame, forgetTrack, identify, newTrack, UNDECIDED, type Track } from './track.js';
import { ANYWHERE_SIMILARITY_MIN, associate, TRACK_TTL_MS } from './tracker.js';

/** People followed by one camera at once; the longest unseen makes room. */
const TRACKS_MAX = 32;

export interface LineDeps {
  vision: Vision; gallery: Gallery; consent: Consent; customers: Customers; visits: Visits; sightings: Sightings; clock: Clock; log: Logger;
}
export interface FrameOutcome { frame: number; credits: number; dropped: number }
export interface LineCallbacks {
  result(outcome: FrameOutcome & { width: number; height: number; tookMs: number; faces: CameraFace[] }): void;
  dropped(outcome: FrameOutcome): void;
  refused(outcome: FrameOutcome, error: PorticoError): void;
}
type Seen = { width: number; height: number; faces: CameraFace[] } | PorticoError;

/** One camera's assembly line: slot, vision, tracks, fusion, match, consent, visit, answer. */
export class CameraLine {
  readonly #deps: LineDeps;
  readonly #mode: CameraMode;
  readonly #slot: FrameSlot<Seen>;
  readonly #tracks = new Map<number, Track>();
  #nextTrackId = 1;
  #closed = false;

  constructor(deps: LineDeps, mode: CameraMode, callbacks: LineCallbacks) {
    this.#deps = deps;
    this.#mode = mode;
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

  /** Forgets who left the view; a camera that fell silent is swept too. */
  forgetGone(now: number): void {
    for (const [id, track] of this.#tracks) if (Math.abs(now - track.lastSeenMs) > TRACK_TTL_MS) this.#tracks.delete(id);
  }

  close(): void {
    this.#closed = true;
    this.#slot.close();
    this.#tracks.clear();
  }

  #outcome(frame: Frame): FrameOutcome {
    return { frame: frame.number, credits: this.#slot.credits, dropped: this.#slot.dropped };
  }

  async #see(frame: Frame): Promise<Seen> {
    try {
      const analysis = await this.#deps.vision.analyse(frame.bytes);
      if (this.#closed) return { width: 0, height: 0, faces: [] };
      const pairs = this.#follow(analysis.faces);
      const faces = await Promise.all(pairs.map(({ face, track }) => this.#recognise(face, track)));
      return { width: analysis.width, height: analysis.height, faces };
    } catch (error) {
      if (isPorticoError(error)) return error;
      this.#deps.log.error({ err: error }, 'a frame failed');
      return new PorticoError('internal');
    }
  }

  #follow(faces: readonly FoundFace[]): { face: FoundFace; track: Track }[] {
    const now = this.#deps.clock.now();
    this.forgetGone(now);
    const trackIds = associate([...this.#tracks.values()], faces.map((face) => ({
      box: face.box, embedding: face.embedding, readable: usable(face.quality, this.#deps.vision.pack.gates),
    })));
    return faces.map((face, index) => {
      const id = trackIds[index];
      const track = id == null ? this.#startTrack(face, now) : this.#tracks.get(id)!;
      track.box = face.box;
      track.lastSeenMs = now;
      return { face, track };
    });
  }

  #startTrack(face: FoundFace, now: number): Track {
    if (this.#tracks.size >= TRACKS_MAX) {
      const oldest = [...this.#tracks.values()].reduce((a, b) => (b.lastSeenMs < a.lastSeenMs ? b : a));
      this.#tracks.delete(oldest.id);
    }
    const track = newTrack(this.#nextTrackId++, face.box, now);
    this.#tracks.set(track.id, track);
    return track;
  }

  async #recognise(face: FoundFace, track: Track): Promise<CameraFace> {
    if (decidable(face.quality, this.#deps.vision.pack.gates)) {
      addGoodFrame(track, face.embedding);
      const probe = track.appearance!;
      const match = await this.#deps.gallery.match(probe);
      // A withdrawal while the search ran has emptied the track: what came back is void.
      if (this.#closed || track.appearance !== probe) return this.#answer(face, track);
      track.identity = identify(match, track.good.length);
      track.sightingId = null;
      this.#act(track);
      return this.#answer(face, track);
    }
    // Too poor to decide on: it keeps the track's name only if it looks like it, not for standing in the same place.
    const sure = track.appearance !== null && track.appearance.similarity(face.embedding) >= ANYWHERE_SIMILARITY_MIN;
    return this.#answer(face, sure ? track : { ...track, identity: UNDECIDED, sightingId: null });
  }

  /** Writes the visit or asks the question. Consent is looked up again in the writing transaction. */
  #act(track: Track): void {
    const { decision, customerId, score } = track.identity;
    if (customerId === null || score === null) return;
    const { consent, sightings, visits } = this.#deps;
    if (decision === 'known') {
      const arrived = consent.withProof(customerId, 'recognise', (proof) => visits.recogniseArrival(proof, 'recognised', score));
      const rejected = arrived !== null && 'held' in arrived && arrived.held === 'not_this_person';
      if (arrived === null || rejected) track.identity = { ...UNDECIDED, decision: 'unknown' };
    } else if (decision === 'candidate') {
      if (!consent.covers(customerId, 'recognise')) track.identity = { ...UNDECIDED, decision: 'unknown' };
      else track.sightingId = sightings.ask(customerId, score);
    }
  }

  #answer(face: FoundFace, track: Track): CameraFace {
    const { decision, customerId, score, margin } = track.identity;
    const forStaff = this.#mode === 'look_up';
    // A candidate's name is for the question alone.
    const named = customerId !== null && (decision === 'known' || (decision === 'candidate' && track.sightingId !== null));
    const customer = named ? this.#deps.customers.byId(customerId) : null;
    return {
      trackId: track.id,
      box: face.box,
      decision,
      score: forStaff ? score : null,
      margin: forStaff ? margin : null,
      person: forStaff && customer !== null
        ? { customerId: customer.id, displayName: customer.displayName, salutation: customer.salutation, tier: customer.tier }
        : null,
      greeting: !forStaff && customer !== null && decision === 'known' && this.#deps.consent.covers(customer.id, 'greet')
        ? (customer.salutation ?? customer.displayName)
        : null,
      sightingId: forStaff && decision === 'candidate' ? track.sightingId : null,
    };
  }
}
