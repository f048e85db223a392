import { similarityThreshold, type Calibration } from './thresholds.js';

/** What two looks at faces must have in common, cosine; it depends on the model pack. */
export interface Likeness {
  /** Strangers reach this once in ten thousand comparisons: enough for two faces in the same place a moment apart. */
  samePlace: number;
  /** Strangers reach this once in two hundred thousand: the same person, wherever the face is. */
  samePerson: number;
}

/**
 * A gallery of n people at a rate f asks for what one comparison asks for at f / n (docs/recognition.md), so the pack's
 * calibration tells both. First pack: .43 and .51; in the sample photos the most similar strangers reach .41.
 */
export function likenessOf(calibration: Calibration): Likeness {
  return { samePlace: similarityThreshold(calibration, 10, 0.001), samePerson: similarityThreshold(calibration, 200, 0.001) };
}
