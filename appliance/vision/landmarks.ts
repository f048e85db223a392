import { angleDegrees, centroid, cropTransform, transform, type RgbImage } from './geometry.js';
import type { Model } from './ort.js';
import type { Box, Point } from './types.js';
import { warpGrey } from './warp.js';

/** The landmark model's input, pixels a side. */
const INPUT_SIZE = 64;
/** Beyond this roll the model is out of its depth and is run again on an upright crop (RECOGNITION.md, recipe 2). */
const UPRIGHT_ABOVE_DEGREES = 30;

/** The 68 points in the order of iBUG 300-W, pixels of the picture; "left" of an index is the left of the picture. */
export type Landmarks = readonly Point[];

/** The five points that the alignment needs, pixels of the picture; left and right as seen in the picture. */
export interface FivePoints {
  leftEye: Point;
  rightEye: Point;
  nose: Point;
  leftMouth: Point;
  rightMouth: Point;
}

/** Finds the 68 points of one face at a time. */
export class LandmarkFinder {
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  async find(image: RgbImage, box: Box): Promise<Landmarks> {
    const first = await this.#pass(image, box, 0);
    const roll = rollDegrees(fivePoints(first));
    return Math.abs(roll) > UPRIGHT_ABOVE_DEGREES ? this.#pass(image, box, roll) : first;
  }

  async #pass(image: RgbImage, box: Box, roll: number): Promise<Landmarks> {
    const centre = { x: box.x + box.width / 2 - 0.5, y: box.y + box.height / 2 - 0.5 };
    const cropToImage = cropTransform(centre, box.height, roll, INPUT_SIZE);
    const { input } = this.#model;
    warpGrey(image, cropToImage, INPUT_SIZE, 1 / 256, input);
    const [values] = (await this.#model.run()) as [Float32Array];
    const points: Point[] = [];
    for (let i = 0; i < values.length; i += 2) {
      // The model answers in parts of the crop's side, from its left and top edge.
      points.push(transform(cropToImage, { x: values[i]! * INPUT_SIZE - 0.5, y: values[i + 1]! * INPUT_SIZE - 0.5 }));
    }
    return points;
  }
}

/** RECOGNITION.md, recipe 3: the lids without the corners of the eyes, the tip of the nose, the corners of the mouth. */
export function fivePoints(points: Landmarks): FivePoints {
  const mean = (...indices: number[]) => centroid(indices.map((index) => points[index]!));
  return {
    leftEye: mean(37, 38, 40, 41),
    rightEye: mean(43, 44, 46, 47),
    nose: points[30]!,
    leftMouth: mean(48, 60),
    rightMouth: mean(54, 64),
  };
}

/** Roll of the eye line in the picture, -180..180 degrees, clockwise positive (the eye on the right hangs lower). */
export function rollDegrees({ leftEye, rightEye }: FivePoints): number {
  return angleDegrees(leftEye, rightEye);
}
