/**
 * Both socket protocols, version 1. Every text message is one JSON object {v, type, ...}; docs/protocol.md tells
 * the story. The camera's frames go up as binary messages, one JPEG each.
 */
import { Type, type Static } from 'typebox';
import { ErrorBody } from './base.js';
import { BoxHealth, CandidateCard, VisitCard, VISIT_END_REASONS, SIGHTING_ANSWERS } from './rest.js';

// ---- /api/v1/live ?v=1[&epoch=..&since=..] -------------------------------------------------------------------

/**
 * Sent on connecting unless a resume succeeds, and it replaces all that the page knew. `epoch` names one life of
 * the box: a revision means nothing in another epoch.
 */
export interface LiveSnapshot {
  v: 1;
  type: 'live.snapshot';
  epoch: string;
  revision: number;
  at: string;
  data: { visits: VisitCard[]; candidates: CandidateCard[]; health: BoxHealth };
}
/** Sent instead of a snapshot when the missed events follow. */
export interface LiveResumed {
  v: 1;
  type: 'live.resumed';
  epoch: string;
  revision: number;
  at: string;
}
interface LiveEnvelope<T extends string, D> {
  v: 1;
  type: T;
  epoch: string;
  /** Grows by one with each event. */
  revision: number;
  at: string;
  data: D;
}
export type LiveEvent =
  /** `corrects`: an earlier visit, ended as `corrected` just before, that this one takes the place of; else null. */
  | LiveEnvelope<'visit.opened', { visit: VisitCard; corrects: string | null }>
  | LiveEnvelope<'visit.updated', { visit: VisitCard }>
  | LiveEnvelope<'visit.closed', { visitId: string; customerId: string; reason: (typeof VISIT_END_REASONS)[number] }>
  | LiveEnvelope<'sighting.candidate', { candidate: CandidateCard }>
  /** The question was answered on some iPad, or ran out ("expired"): take the card away. */
  | LiveEnvelope<'sighting.resolved', { sightingId: string; answer: (typeof SIGHTING_ANSWERS)[number] | 'expired' }>
  | LiveEnvelope<'box.health', { health: BoxHealth }>;
export interface SocketError extends ErrorBody {
  v: 1;
  type: 'error';
}
export interface LivePong {
  v: 1;
  type: 'live.pong';
}
export type LiveMessage = LiveSnapshot | LiveResumed | LiveEvent | LivePong | SocketError;

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

export type Decision = 'known' | 'candidate' | 'unknown';

export interface CameraFace {
  /** Bound to the person in view, not to a place in the list; unique within this connection. */
  trackId: number;
  /** Pixels of the upright frame. */
  box: { x: number; y: number; width: number; height: number };
  /** `undecided`: wait for a better frame (too small, blurred or turned). */
  decision: Decision | 'undecided';
  /** Cosine similarity to the best match, -1..1, and its lead over the second best; null: none compared. */
  score: number | null;
  margin: number | null;
  /** look_up only: whom it is (known), or may be while a question is open (candidate). */
  person: { customerId: string; displayName: string; salutation: string | null; tier: string | null } | null;
  /** front_desk only: the name to greet by, when known and agreed to. */
  greeting: string | null;
  /** look_up only: the open question to answer through POST /sightings/{id}/answer. */
  sightingId: string | null;
}
export interface CameraReady {
  v: 1;
  type: 'camera.ready';
  data: { cameraId: string; mode: CameraMode; range: CameraRange; credits: number; maxBytes: number; maxPixels: number };
}
export interface CameraResult {
  v: 1;
  type: 'camera.result';
  data: {
    /** Which binary message of this connection this answers, counted from 1. */
    frame: number;
    width: number;
    height: number;
    /** From the last byte received to this answer. */
    tookMs: number;
    /** Of these, the time from waiting for a worker to faces and embeddings. */
    analyseMs: number;
    /** How many more frames may be sent now (an absolute number, not an addition). */
    credits: number;
    /** Frames of this connection dropped so far. */
    dropped: number;
    faces: CameraFace[];
  };
}
/** A newer frame took the place of this one before it was looked at. */
export interface CameraDropped {
  v: 1;
  type: 'camera.dropped';
  data: { frame: number; credits: number; dropped: number };
}
/** This frame could not be used; the connection goes on. */
export interface CameraRefused {
  v: 1;
  type: 'camera.refused';
  data: { frame: number; credits: number; dropped: number; error: ErrorBody };
}
export type CameraMessage = CameraReady | CameraResult | CameraDropped | CameraRefused | SocketError;

/** Close codes of both sockets (4000 to 4999 are for applications, RFC 6455 7.4.2). */
export const CLOSE = {
  wrongVersion: 4426,
  notAllowed: 4403,
  sessionEnded: 4401,
  flood: 4429,
  tooSlow: 4408,
  goingAway: 1001,
} as const;
