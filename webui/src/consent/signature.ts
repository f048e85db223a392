import type { Signature } from '../contract.js';

/** What signature_pad hands out, as far as it is used here. */
export interface DrawnStroke {
  readonly points: readonly { readonly x: number; readonly y: number; readonly time: number }[];
}

const MAX_STROKES = 200;
const MAX_POINTS = 2000;
/** Fewer points than this are a touch, not a signature. */
const MIN_POINTS = 5;

/** The drawing in the contract's form: CSS pixels to a tenth, milliseconds since the first point. */
export function toSignature(strokes: readonly DrawnStroke[], width: number, height: number): Signature {
  const start = strokes[0]?.points[0]?.time ?? 0;
  const tenth = (value: number): number => Math.round(value * 10) / 10;
  return {
    width,
    height,
    strokes: strokes.slice(0, MAX_STROKES).map((stroke) =>
      thin(stroke.points, MAX_POINTS).map((point) => ({
        x: tenth(point.x),
        y: tenth(point.y),
        t: Math.max(0, Math.round(point.time - start)),
      })),
    ),
  };
}

export function isSigned(strokes: readonly DrawnStroke[]): boolean {
  return strokes.reduce((sum, stroke) => sum + stroke.points.length, 0) >= MIN_POINTS;
}

/** Every n-th point, the last one always kept. */
function thin<T>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points;
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => points[Math.round(index * step)] as T);
}
