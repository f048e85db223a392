/**
 * Pure geometry of rectangles, similarity transforms and pixel sampling. Pixel centres have whole coordinates,
 * x to the right, y down; angles are degrees, clockwise positive as seen on the screen.
 */
import type { Box, Point } from './types.js';

/** 8-bit sRGB, interleaved RGB, rows top to bottom without padding: `data.length === width * height * 3`. */
export interface RgbImage {
  width: number;
  height: number;
  data: Uint8Array;
}

/** x' = a x + b y + c, y' = d x + e y + f. */
export interface Affine {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

export function area(box: Box): number {
  return box.width * box.height;
}

/** Area that two boxes share, square pixels; 0 when they do not meet. */
export function intersection(p: Box, q: Box): number {
  const width = Math.min(p.x + p.width, q.x + q.width) - Math.max(p.x, q.x);
  const height = Math.min(p.y + p.height, q.y + q.height) - Math.max(p.y, q.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union, 0..1; 0 for empty boxes. */
export function iou(p: Box, q: Box): number {
  const shared = intersection(p, q);
  return shared === 0 ? 0 : shared / (area(p) + area(q) - shared);
}

/**
 * Whether a box's centre lies inside a polygon, by the even-odd rule.
 * @param polygon corners as shares 0..1 of the picture's width and height
 */
export function centreInside(box: Box, polygon: readonly Point[], width: number, height: number): boolean {
  const x = (box.x + box.width / 2) / width;
  const y = (box.y + box.height / 2) / height;
  let inside = false;
  for (const [i, p] of polygon.entries()) {
    const q = polygon[(i + 1) % polygon.length]!;
    if (p.y > y !== q.y > y && x < p.x + ((y - p.y) / (q.y - p.y)) * (q.x - p.x)) inside = !inside;
  }
  return inside;
}

/** The part of a box inside a picture; empty (width or height 0) when they do not meet. */
export function clampBox(box: Box, width: number, height: number): Box {
  const x = Math.min(Math.max(box.x, 0), width);
  const y = Math.min(Math.max(box.y, 0), height);
  return {
    x,
    y,
    width: Math.max(0, Math.min(box.x + box.width, width) - x),
    height: Math.max(0, Math.min(box.y + box.height, height) - y),
  };
}

/** Greedy non-maximum suppression: best score first, a box goes when it `overlaps` one that was kept. */
export function suppress<T extends { box: Box; score: number }>(
  candidates: readonly T[],
  overlaps: (kept: Box, box: Box) => boolean,
): T[] {
  const kept: T[] = [];
  for (const candidate of [...candidates].sort((p, q) => q.score - p.score)) {
    if (!kept.some((better) => overlaps(better.box, candidate.box))) kept.push(candidate);
  }
  return kept;
}

export function transform(m: Affine, p: Point): Point {
  return { x: m.a * p.x + m.b * p.y + m.c, y: m.d * p.x + m.e * p.y + m.f };
}

/** @throws RangeError when the transform flattens the plane */
export function invert(m: Affine): Affine {
  const det = m.a * m.e - m.b * m.d;
  if (!Number.isFinite(det) || Math.abs(det) < 1e-12) throw new RangeError('the transform cannot be inverted');
  const a = m.e / det;
  const b = -m.b / det;
  const d = -m.d / det;
  const e = m.a / det;
  return { a, b, c: -(a * m.c + b * m.f), d, e, f: -(d * m.c + e * m.f) };
}

/**
 * The similarity (rotation, uniform scale, shift; no reflection) that takes `from` to `to` with the least squared
 * error. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991;
 * in the plane and without reflections its SVD comes down to the two sums below.
 * @throws RangeError when fewer than two points are given or all of `from` are one point
 */
export function similarityTransform(from: readonly Point[], to: readonly Point[]): Affine {
  const n = from.length;
  if (n < 2 || to.length !== n) throw new RangeError('a similarity needs two or more pairs of points');
  const p = centroid(from);
  const q = centroid(to);
  let spread = 0;
  let dot = 0;
  let cross = 0;
  for (let i = 0; i < n; i++) {
    const sx = from[i]!.x - p.x;
    const sy = from[i]!.y - p.y;
    const tx = to[i]!.x - q.x;
    const ty = to[i]!.y - q.y;
    spread += sx * sx + sy * sy;
    dot += sx * tx + sy * ty;
    cross += sx * ty - sy * tx;
  }
  if (!(spread > 1e-9)) throw new RangeError('the points of a similarity must not coincide');
  const a = dot / spread;
  const d = cross / spread;
  return { a, b: -d, c: q.x - a * p.x + d * p.y, d, e: a, f: q.y - d * p.x - a * p.y };
}

/** Points a side on which `shareInside` looks: about one in eight pixels of an aligned face. */
const SHARE_GRID = 14;

/** How much of a `size` x `size` crop comes from inside a picture, 0..1, looked at on a grid. */
export function shareInside(cropToImage: Affine, size: number, width: number, height: number): number {
  let inside = 0;
  for (let row = 0; row < SHARE_GRID; row++) {
    for (let column = 0; column < SHARE_GRID; column++) {
      const { x, y } = transform(cropToImage, { x: ((column + 0.5) * size) / SHARE_GRID, y: ((row + 0.5) * size) / SHARE_GRID });
      if (x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1) inside += 1;
    }
  }
  return inside / (SHARE_GRID * SHARE_GRID);
}

/** The transform from a `size` x `size` crop to the picture: a square of `side` about `centre`, turned clockwise. */
export function cropTransform(centre: Point, side: number, rollDegrees: number, size: number): Affine {
  const scale = side / size;
  const a = scale * Math.cos((rollDegrees * Math.PI) / 180);
  const d = scale * Math.sin((rollDegrees * Math.PI) / 180);
  const middle = (size - 1) / 2;
  return { a, b: -d, c: centre.x - a * middle + d * middle, d, e: a, f: centre.y - d * middle - a * middle };
}

/** Angle of the line from `p` to `q`, -180..180 degrees; 0 when q is level and to the right, 90 when below. */
export function angleDegrees(p: Point, q: Point): number {
  return (Math.atan2(q.y - p.y, q.x - p.x) * 180) / Math.PI;
}

export function centroid(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point.x;
    y += point.y;
  }
  return { x: x / points.length, y: y / points.length };
}

export function distance(p: Point, q: Point): number {
  return Math.hypot(p.x - q.x, p.y - q.y);
}
