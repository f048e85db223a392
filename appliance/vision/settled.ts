import type { Detection } from './detector.js';
import { iou } from './geometry.js';
import { GLANCE_SAME_MIN, glanceSimilarity } from './glance.js';
import type { Box } from './types.js';

/** Where somebody decided was last seen, and what the box showed when they were last read. */
export interface RawSettled {
  box: Box;
  glance: Float32Array;
}

/** A face is taken for the one that was here before from this overlap on. */
const SAME_IOU_MIN = 0.5;
/** Nearer than this to anybody else, two people may have changed places: look again. */
const ALONE_IOU_MAX = 0.1;

/**
 * Which detections need no second look: the only one on a box where somebody decided was last seen, with nobody else
 * near it, neither a detection nor another such box, and still looking the same. Everyone else is open.
 * @param settled boxes in pixels of the picture
 * @param glance what a box of the picture shows
 * @returns `index` points into `settled`; `open` keeps the order of `detections`
 */
export function splitSettled(
  detections: readonly Detection[],
  settled: readonly RawSettled[],
  glance: (box: Box) => Float32Array,
): { settled: { index: number; detection: Detection }[]; open: Detection[] } {
  const found: { index: number; detection: Detection }[] = [];
  settled.forEach(({ box, glance: before }, index) => {
    const here = detections.filter((detection) => iou(detection.box, box) >= SAME_IOU_MIN);
    const [detection] = here;
    if (detection === undefined || here.length > 1) return;
    const near = (other: Box) => iou(detection.box, other) > ALONE_IOU_MAX;
    const alone = !settled.some((other, i) => i !== index && near(other.box)) && !detections.some((other) => other !== detection && near(other.box));
    if (alone && glanceSimilarity(before, glance(detection.box)) >= GLANCE_SAME_MIN) found.push({ index, detection });
  });
  const taken = new Set(found.map(({ detection }) => detection));
  return { settled: found, open: detections.filter((detection) => !taken.has(detection)) };
}
