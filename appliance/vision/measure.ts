import { FACE_SIZE } from './align.js';
import { distance } from './geometry.js';
import { fivePoints, rollDegrees, type Landmarks } from './landmarks.js';
import type { FaceQuality } from './types.js';
import { toGrey } from './warp.js';

/** What can be read from the points alone. */
export function measurePose(points: Landmarks): Omit<FaceQuality, 'norm' | 'visible' | 'sharpness' | 'brightness' | 'eyesClosed'> {
  const five = fivePoints(points);
  return {
    yawDegrees: yawDegrees(points),
    rollDegrees: rollDegrees(five),
    eyeDistance: distance(five.leftEye, five.rightEye),
  };
}

/**
 * Degrees of yaw per unit of the nose's offset: fitted on 694 LFW photos to the yaw of the pack's own pose model
 * (`fr_pose.onnx`), correlation 0.945.
 */
const YAW_SLOPE = 42;
/** Beyond this the landmarks say nothing. */
const YAW_LIMIT_DEGREES = 60;

/**
 * Rough yaw: how far the tip of the nose (30) lies off the middle between the edges of the face (mean of points 0 to 2
 * and of 14 to 16), along the line of the eyes, in parts of half the distance between the edges.
 * Positive when the nose is to the right in the picture: the head is turned to its own left (checked by eye on 60
 * photos). Flattens above 40 degrees, where the far edge of the face is guessed.
 */
export function yawDegrees(points: Landmarks): number {
  const { leftEye, rightEye } = fivePoints(points);
  const eyes = distance(leftEye, rightEye);
  if (!(eyes > 0)) return 0;
  const ux = (rightEye.x - leftEye.x) / eyes;
  const uy = (rightEye.y - leftEye.y) / eyes;
  const along = (index: number) => points[index]!.x * ux + points[index]!.y * uy;
  const left = (along(0) + along(1) + along(2)) / 3;
  const right = (along(14) + along(15) + along(16)) / 3;
  if (!(right > left)) return 0;
  const offset = (2 * along(30) - left - right) / (right - left);
  return Math.max(-YAW_LIMIT_DEGREES, Math.min(YAW_LIMIT_DEGREES, offset * YAW_SLOPE));
}

/** Light and sharpness of aligned faces; holds the scratch memory for it. */
export class FaceMeter {
  readonly #grey = new Float32Array(FACE_SIZE * FACE_SIZE);

  /** @param face planar R, G, B, 0..255, 112 x 112 each */
  measure(face: Float32Array): { sharpness: number; brightness: number } {
    toGrey(face, this.#grey);
    const light = meanAndVariance(this.#grey);
    return { sharpness: sharpness(this.#grey, FACE_SIZE, light.variance), brightness: light.mean };
  }
}

function meanAndVariance(values: Float32Array): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, variance: Math.max(0, squares / values.length - mean * mean) };
}

/** A face of less contrast than this (grey values squared) is a plain surface: not sharp. */
const VARIANCE_MIN = 1;

/**
 * Variance of the 4-neighbour Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR
 * 2000) in thousandths of the variance of the grey values themselves. Without that division dark faces and faces in
 * flat light would pass for blurred ones.
 * @param grey a square picture, `size` a side
 */
export function sharpness(grey: Float32Array, size: number, variance: number): number {
  if (variance < VARIANCE_MIN) return 0;
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < size - 1; y++) {
    for (let x = 1; x < size - 1; x++) {
      const at = y * size + x;
      const value = grey[at - 1]! + grey[at + 1]! + grey[at - size]! + grey[at + size]! - 4 * grey[at]!;
      sum += value;
      squares += value * value;
    }
  }
  const n = (size - 2) * (size - 2);
  return (1000 * (squares / n - (sum / n) ** 2)) / variance;
}
