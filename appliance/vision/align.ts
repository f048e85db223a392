import { invert, shareInside, similarityTransform, type RgbImage } from './geometry.js';
import type { FivePoints } from './landmarks.js';
import type { Point } from './types.js';
import { warp } from './warp.js';

/** Side of an aligned face, pixels. */
export const FACE_SIZE = 112;

/**
 * Where the five points lie in an aligned face: the widely used ArcFace template (InsightFace
 * `arcface_dst`, 38.2946 51.6963 ...), which is also the best found for this embedder (RECOGNITION.md, recipe 4).
 */
const TEMPLATE: readonly Point[] = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];

/**
 * Brings a face upright and to size.
 * @param out planar R, G, B, 0..255, 112 x 112 each; overwritten
 * @returns how much of the aligned face lies inside the picture, 0..1; null when the five points are no face (all in
 *   one place), and `out` is then unchanged
 */
export function align(image: RgbImage, five: FivePoints, out: Float32Array): number | null {
  const points = [five.leftEye, five.rightEye, five.nose, five.leftMouth, five.rightMouth];
  let cropToImage;
  try {
    cropToImage = invert(similarityTransform(points, TEMPLATE));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  warp(image, cropToImage, FACE_SIZE, out);
  return shareInside(cropToImage, FACE_SIZE, image.width, image.height);
}
