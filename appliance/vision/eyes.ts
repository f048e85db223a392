import { cropTransform, distance, type RgbImage } from './geometry.js';
import { fivePoints, rollDegrees, type Landmarks } from './landmarks.js';
import type { Model } from './ort.js';
import type { Point } from './types.js';
import { warpGrey } from './warp.js';

/** The eye model's input, pixels a side. */
const INPUT_SIZE = 24;
/**
 * Sides of the squares around an eye, in widths of the eye from corner to corner. The model changes its mind with the cut:
 * on 3,526 LFW photos, at a limit that refuses 10 with open eyes, the mean of three catches 29 of 42 closed ones; the
 * squares alone 22, 28 and 19.
 */
const SIDES_PER_WIDTH = [1.2, 1.4, 1.6];

/** Says whether the eyes of one face at a time are closed; the time of six small passes. */
export class EyeReader {
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  /** 0 (open) to 1 (closed), of the eye that is less closed: one behind hair or a wink must not count against the other. */
  async closed(image: RgbImage, points: Landmarks): Promise<number> {
    const five = fivePoints(points);
    const roll = rollDegrees(five);
    const eye = async (centre: Point, corner: number) => {
      const width = distance(points[corner]!, points[corner + 3]!);
      let sum = 0;
      for (const side of SIDES_PER_WIDTH) {
        warpGrey(image, cropTransform(centre, side * width, roll, INPUT_SIZE), INPUT_SIZE, 1 / 255, this.#model.input);
        const [logits] = (await this.#model.run()) as [Float32Array];
        // Softmax of two, closed first.
        sum += 1 / (1 + Math.exp(logits[1]! - logits[0]!));
      }
      return sum / SIDES_PER_WIDTH.length;
    };
    return Math.min(await eye(five.leftEye, 36), await eye(five.rightEye, 42));
  }
}
