/**
 * Both socket protocols, version 1. Every text message is one JSON object {v, type, ...}; docs/protocol.md tells
 * the story. The camera's frames go up as binary messages, one JPEG each.
 */
import { Type, type Static, type TProperties, type TSchema } from 'typebox';
import { closed, ErrorBody, Id, Instant, Nullable, OneOf } from './base.js';
import { BoxHealth } from './rest.js';
import { CandidateCard, VisitCard, VISIT_END_REASONS, SIGHTING_ANSWERS } from './visits.js';

type MessageOf<T extends Record<string, TSchema>> = { [K in keyof T]: Static<T[K]> }[keyof T];

// ---- /api/v1/live ?v=1[&epoch=..&since=..] -------------------------------------------------------------------

/** What stands on every message but errors and pongs. `epoch` names one life of the box: a revision means nothing in another. */
const envelope = { v: Type.Literal(1), epoch: Type.String(), revision: Type.Integer(), at: Instant };
/** `revision` grows by one with each event. */
const event = <T extends string, D extends TProperties>(type: T, data: D) =>
  Type.Object({ ...envelope, type: Type.Literal(type), data: Type.Object(data, closed) }, closed);

export const SocketError = Type.Object({ ...ErrorBody.properties, v: Type.Literal(1), type: Type.Literal('error') }, closed);
export type SocketError = Static<typeof SocketError>;

/** All that a page may read on the live socket, by type; what is not listed here does not leave the box. */
export const LIVE_MESSAGES = {
  /** Sent on connecting unless a resume succeeds, and it replaces all that the page knew. */
  'live.snapshot': event('live.snapshot', { visits: Type.Array(VisitCard), candidates: Type.Array(CandidateCard), health: BoxHealth }),
  /** Sent instead of a snapshot when the missed events follow. */
  'live.resumed': Type.Object({ ...envelope, type: Type.Literal('live.resumed') }, closed),
  /** `corrects`: an earlier visit, ended as `corrected` just before, that this one takes the place of; else null. */
  'visit.opened': event('visit.opened', { visit: VisitCard, corrects: Nullable(Id) }),
  'visit.updated': event('visit.updated', { visit: VisitCard }),
  'visit.closed': event('visit.closed', { visitId: Id, customerId: Id, reason: OneOf(VISIT_END_REASONS) }),
  'sighting.candidate': event('sighting.candidate', { candidate: CandidateCard }),
  /** The question was answered on some iPad, or ran out ("expired"): take the card away. */
  'sighting.resolved': event('sighting.resolved', { sightingId: Id, answer: OneOf([...SIGHTING_ANSWERS, 'expired'] as const) }),
  /**
   * What a page still shows of this customer (null: of everybody) beyond who is in the store, such as the card of a visit that ended, goes.
   * `erased`: there is no such dossier any more, so whatever is open of it closes.
   */
  'customer.forgotten': event('customer.forgotten', { customerId: Nullable(Id), erased: Type.Boolean() }),
  'box.health': event('box.health', { health: BoxHealth }),
  'live.pong': Type.Object({ v: Type.Literal(1), type: Type.Literal('live.pong') }, closed),
  error: SocketError,
} as const;
export type LiveMessage = MessageOf<typeof LIVE_MESSAGES>;
export type LiveEvent = Extract<LiveMessage, { type: `visit.${string}` | `sighting.${string}` | 'customer.forgotten' | 'box.health' }>;

/** What a page may send on the live socket. */
export const LiveRequest = Type.Object(
  { v: Type.Literal(1), type: Type.Literal('live.ping') },
  { additionalProperties: false },
);
export type LiveRequest = Static<typeof LiveRequest>;

// ---- /api/v1/camera ?v=1&mode=..[&range=..][&station=..] -----------------------------------------------------------------------------

/**
 * `look_up`: a member of staff points the iPad at a consenting customer; answers carry the name.
 * `front_desk`: the customer steps up to a standing iPad; answers carry a greeting only if agreed to.
 * `fixed_station`: a camera that stands by itself, named by `station`; faces outside its zone are not looked at, and answers
 * carry neither name nor greeting: who came shows on the staff's board.
 */
export const CAMERA_MODES = ['look_up', 'front_desk', 'fixed_station'] as const;
export type CameraMode = (typeof CAMERA_MODES)[number];

/** `near`: faces from about 80 pixels of 1280, as at a desk. `far`: also from 40, for about three times the work a frame. */
export const CAMERA_RANGES = ['near', 'far'] as const;
export type CameraRange = (typeof CAMERA_RANGES)[number];

/** Frames a camera may have under way: one being worked on, one waiting. */
export const CAMERA_CREDITS = 2;

export const DECISIONS = ['known', 'candidate', 'unknown'] as const;
export type Decision = (typeof DECISIONS)[number];

export const CameraFace = Type.Object(
  {
    /** Bound to the person in view, not to a place in the list; unique within this connection. */
    trackId: Type.Integer(),
    /** Pixels of the upright frame. */
    box: Type.Object({ x: Type.Number(), y: Type.Number(), width: Type.Number(), height: Type.Number() }, closed),
    /** `undecided`: wait for a better frame (too small, blurred or turned). */
    decision: OneOf([...DECISIONS, 'undecided'] as const),
    /** Cosine similarity to the best match, -1..1, and its lead over the second best; null: none compared. */
    score: Nullable(Type.Number()),
    margin: Nullable(Type.Number()),
    /** look_up only: whom it is (known), or may be while a question is open (candidate). */
    person: Nullable(Type.Object(
      { customerId: Id, displayName: Type.String(), salutation: Nullable(Type.String()), tier: Nullable(Type.String()) }, closed,
    )),
    /** front_desk only: the name to greet by, when known and agreed to. */
    greeting: Nullable(Type.String()),
    /** look_up only: the open question to answer through POST /sightings/{id}/answer. */
    sightingId: Nullable(Id),
  },
  closed,
);
export type CameraFace = Static<typeof CameraFace>;

/** `frame`: which binary message of this connection is answered, counted from 1. */
const answer = {
  frame: Type.Integer(),
  /** How many more frames may be sent now (an absolute number, not an addition). */
  credits: Type.Integer(),
  /** Frames of this connection dropped so far. */
  dropped: Type.Integer(),
};
const cameraMessage = <T extends string, D extends TProperties>(type: T, data: D) =>
  Type.Object({ v: Type.Literal(1), type: Type.Literal(type), data: Type.Object(data, closed) }, closed);

/** All that a camera may read, by type. */
export const CAMERA_MESSAGES = {
  'camera.ready': cameraMessage('camera.ready', {
    cameraId: Type.String(), mode: OneOf(CAMERA_MODES), range: OneOf(CAMERA_RANGES), credits: Type.Integer(), maxBytes: Type.Integer(), maxPixels: Type.Integer(),
  }),
  'camera.result': cameraMessage('camera.result', {
    ...answer,
    width: Type.Integer(),
    height: Type.Integer(),
    /** From the last byte received to this answer. */
    tookMs: Type.Number(),
    /** Of these, the time from waiting for a worker to faces and embeddings. */
    analyseMs: Type.Number(),
    faces: Type.Array(CameraFace),
  }),
  /** A newer frame took the place of this one before it was looked at. */
  'camera.dropped': cameraMessage('camera.dropped', answer),
  /** This frame could not be used; the connection goes on. */
  'camera.refused': cameraMessage('camera.refused', { ...answer, error: ErrorBody }),
  error: SocketError,
} as const;
export type CameraMessage = MessageOf<typeof CAMERA_MESSAGES>;
export type CameraResult = Extract<CameraMessage, { type: 'camera.result' }>;

/** Close codes of both sockets (4000 to 4999 are for applications, RFC 6455 7.4.2). */
export const CLOSE = {
  wrongVersion: 4426,
  notAllowed: 4403,
  sessionEnded: 4401,
  flood: 4429,
  tooSlow: 4408,
  goingAway: 1001,
} as const;
