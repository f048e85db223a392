/** Enrolment photos: one face of a sample photo, as if taken three times a moment apart. */
import sharp from 'sharp';
import type { FaceInPhoto } from './people.js';
import { sharpOf, type Photos } from './samplePhotos.js';

/** Of the face's height, on every side: room for hair and chin, none for a neighbour. */
const MARGIN = 0.4;

interface Take {
  /** Degrees, clockwise. */
  roll: number;
  /** Of the size in the sample photo. */
  scale: number;
  brightness: number;
  jpegQuality: number;
}
const TAKES: readonly Take[] = [
  { roll: 0, scale: 1, brightness: 1, jpegQuality: 92 },
  { roll: 4, scale: 0.85, brightness: 1.12, jpegQuality: 85 },
  { roll: -3, scale: 0.75, brightness: 1.06, jpegQuality: 80 },
];

/** Three JPEGs round one face. */
export function takePortraits(photos: Photos, face: FaceInPhoto): Promise<Buffer[]> {
  const pixels = photos[face.photo];
  const [boxLeft, boxTop, boxRight, boxBottom] = face.box;
  const margin = Math.round(MARGIN * (boxBottom - boxTop));
  const left = Math.max(0, boxLeft - margin);
  const top = Math.max(0, boxTop - margin);
  const region = {
    left, top, width: Math.min(pixels.width, boxRight + margin) - left, height: Math.min(pixels.height, boxBottom + margin) - top,
  };
  return Promise.all(TAKES.map(async ({ roll, scale, brightness, jpegQuality }) => {
    const crop = await sharpOf(pixels).extract(region).png({ compressionLevel: 0 }).toBuffer(); // sharp turns before it crops
    return sharp(crop).rotate(roll, { background: '#777' }).resize({ width: Math.round(region.width * scale) })
      .modulate({ brightness }).jpeg({ quality: jpegQuality }).toBuffer();
  }));
}
