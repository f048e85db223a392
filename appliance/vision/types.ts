import type { Embedding } from '../kit/index.js';

/** A rectangle in pixels of the upright image (EXIF orientation applied); origin top left. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Point {
  x: number;
  y: number;
}

/** How well a face can be read; all of it comes from the picture, none of it says anything about the person. */
export interface FaceQuality {
  /**
   * L2 norm of the plain (not mirrored) embedding before normalising. What it says depends on the pack: see its gates. First
   * pack: about 1.6 for non-faces, 2.9 and up for usable faces.
   */
  norm: number;
  /** How much of the aligned face lies inside the picture, 0..1: less than 1 for a face cut by its edge. */
  visible: number;
  /** Variance of the Laplacian over the variance of the aligned grey 112x112 face, thousandths; below about 8 is blurred. */
  sharpness: number;
  /** Mean grey of the aligned face, 0..255. */
  brightness: number;
  /** Head turned to its own left (nose to the right in the picture) is positive; rough degrees from the landmarks, -60..60. */
  yawDegrees: number;
  /** Roll of the eye line in the image, degrees, clockwise positive. */
  rollDegrees: number;
  /**
   * How surely the eyes are closed, 0..1, of the eye that is less so. Says nothing about a head that is turned: see
   * quality.ts. null: not asked for, or the pack does not judge eyes.
   */
  eyesClosed: number | null;
  /** Distance between the eye centres, pixels of the upright image. */
  eyeDistance: number;
}

export interface FoundFace {
  box: Box;
  /** Detector's confidence, 0..1. */
  detectionScore: number;
  quality: FaceQuality;
  /** Plain and mirrored pass summed and normalised (kept sealed); 512 values, see embedder.ts. */
  embedding: Embedding;
  /** What the box showed, coarsely, sealed as well: to follow the face without reading it again. null: a plain surface. */
  glance: Embedding | null;
}

/** Where somebody who was decided on was last seen, and what the box showed when they were last read. */
export interface Settled {
  /** Pixels of the upright image. */
  box: Box;
  glance: Embedding;
}

/** Somebody who needed no second look. */
export interface SettledFace {
  /** Into the list given. */
  index: number;
  box: Box;
  /** Detector's confidence, 0..1. */
  detectionScore: number;
}

export interface FrameAnalysis {
  width: number;
  height: number;
  /** Largest first; at most `maxFaces`. */
  faces: FoundFace[];
  /** Those of the `settled` given whose person is still there and was not looked at again; not among `faces`. */
  settled: SettledFace[];
  timings: { decodeMs: number; /** sum of raw session.run times: the floor */ modelsMs: number; totalMs: number };
}
