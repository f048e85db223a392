/**
 * How the outputs of each kind of detector become boxes: pure, in pixels of the detector's input, not cut to it. A
 * candidate with a number that is not finite is left out.
 */
import type { FivePoints } from './landmarks.js';
import type { Box } from './types.js';

export interface Candidate {
  box: Box;
  /** 0..1. */
  score: number;
  /** null from a detector that gives boxes alone. */
  points: FivePoints | null;
}
export interface DecoderInput {
  /** In the order of the manifest. */
  outputs: readonly Float32Array[];
  /** The detector's input, pixels. */
  width: number;
  height: number;
  scoreMin: number;
}

/** Of YuNet and SCRFD: one grid of cells for each. */
const STRIDES = [8, 16, 32] as const;

/**
 * UltraFace (Linzaer, "Ultra-Light-Fast-Generic-Face-Detector-1MB"): scores n x (background, face), boxes n x (left,
 * top, right, bottom) in parts of the input's width and height.
 */
export function decodeUltraFace({ outputs, width, height, scoreMin }: DecoderInput): Candidate[] {
  const [scores, corners] = outputs as [Float32Array, Float32Array];
  const found: Candidate[] = [];
  for (let i = 0; i < scores.length / 2; i++) {
    const score = scores[2 * i + 1]!;
    if (!(score >= scoreMin)) continue;
    const x = corners[4 * i]! * width;
    const y = corners[4 * i + 1]! * height;
    add(found, { x, y, width: corners[4 * i + 2]! * width - x, height: corners[4 * i + 3]! * height - y }, score, null);
  }
  return found;
}

/**
 * YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023), as OpenCV's FaceDetectorYN reads its
 * models of 2023 (objdetect/src/face_detect.cpp): cls, obj, bbox and kps for strides 8, 16 and 32, row by row. Score
 * sqrt(cls * obj), each held to 0..1; centre (cell + offset) * stride, size exp(value) * stride, points as the centre.
 */
export function decodeYuNet({ outputs, width, height, scoreMin }: DecoderInput): Candidate[] {
  const found: Candidate[] = [];
  STRIDES.forEach((stride, level) => {
    const [classes, objects, boxes, points] = [0, 3, 6, 9].map((part) => outputs[part + level]!) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const columns = width / stride;
    const cells = columns * (height / stride);
    for (let cell = 0; cell < cells; cell++) {
      const score = Math.sqrt(unit(classes[cell]!) * unit(objects[cell]!));
      if (!(score >= scoreMin)) continue;
      const column = cell % columns;
      const row = Math.floor(cell / columns);
      const boxWidth = Math.exp(boxes[4 * cell + 2]!) * stride;
      const boxHeight = Math.exp(boxes[4 * cell + 3]!) * stride;
      const box = {
        x: (column + boxes[4 * cell]!) * stride - boxWidth / 2,
        y: (row + boxes[4 * cell + 1]!) * stride - boxHeight / 2,
        width: boxWidth,
        height: boxHeight,
      };
      add(found, box, score, fivePointsAt(points, 10 * cell, column * stride, row * stride, stride));
    }
  });
  return found;
}

/** Anchors a cell of SCRFD's models with three strides. */
const SCRFD_ANCHORS = 2;

/**
 * SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", ICLR 2022) with key points, as
 * InsightFace exports it: scores, boxes and points for strides 8, 16 and 32; cells row by row with two anchors each at
 * the cell's corner (cell * stride). Boxes are distances to left, top, right and bottom, points offsets, all in strides.
 */
export function decodeScrfd({ outputs, width, height, scoreMin }: DecoderInput): Candidate[] {
  const found: Candidate[] = [];
  STRIDES.forEach((stride, level) => {
    const [scores, boxes, points] = [0, 3, 6].map((part) => outputs[part + level]!) as [Float32Array, Float32Array, Float32Array];
    const columns = width / stride;
    const anchors = columns * (height / stride) * SCRFD_ANCHORS;
    for (let anchor = 0; anchor < anchors; anchor++) {
      const score = scores[anchor]!;
      if (!(score >= scoreMin)) continue;
      const cell = Math.floor(anchor / SCRFD_ANCHORS);
      const centreX = (cell % columns) * stride;
      const centreY = Math.floor(cell / columns) * stride;
      const [left, top, right, bottom] = [0, 1, 2, 3].map((side) => boxes[4 * anchor + side]! * stride) as [number, number, number, number];
      const box = { x: centreX - left, y: centreY - top, width: left + right, height: top + bottom };
      add(found, box, score, fivePointsAt(points, 10 * anchor, centreX, centreY, stride));
    }
  });
  return found;
}

const unit = (value: number) => Math.min(1, Math.max(0, value));

/** Both families order the points as seen in the picture: left eye, right eye, nose, left and right corner of the mouth. */
function fivePointsAt(values: Float32Array, from: number, x: number, y: number, stride: number): FivePoints {
  const point = (index: number) => ({ x: x + values[from + 2 * index]! * stride, y: y + values[from + 2 * index + 1]! * stride });
  return { leftEye: point(0), rightEye: point(1), nose: point(2), leftMouth: point(3), rightMouth: point(4) };
}

function add(found: Candidate[], box: Box, score: number, points: FivePoints | null): void {
  const numbers = [box.x, box.y, box.width, box.height, ...(points === null ? [] : Object.values(points).flatMap(({ x, y }) => [x, y]))];
  if (numbers.every(Number.isFinite) && box.width > 0 && box.height > 0) found.push({ box, score: Math.min(1, score), points });
}
