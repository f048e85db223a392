/**
 * What is good enough for what. Each limit refuses what harms recognition, not what is unusual: measured on 4,163 LFW
 * photos (press photos of 1,965 people), all limits but the norm together refuse 4 % of them, the norm 16 %.
 */
import type { Gates } from '../../models/manifest.js';
import type { ErrorCode } from '../contract/index.js';
import type { FaceQuality, FoundFace } from './types.js';

/**
 * Share of the aligned face inside the picture. Cutting faces of the sample photos step by step: from 0.75 the
 * similarity to the whole face stays at .92 or better, below it falls off. All but one of 300 LFW photos have 1.
 */
export const VISIBLE_DECIDE_MIN = 0.75;
/** A template lasts longer than a glance: from here the similarity to the whole face was .95 or better. */
export const VISIBLE_ENROL_MIN = 0.85;

/** Pixels; a face about 70 high. Smallest 0.1 % of LFW: 27. From 48 high 98 % are recognised, but a template lasts. */
export const ENROL_EYE_DISTANCE_MIN = 28;
/**
 * Smallest 0.5 % of LFW: 11. After a Gaussian blur of sigma 3 pixels (self-similarity .70) 97 % fall below; after
 * sigma 2 (self-similarity .91, still useful) 45 %.
 */
export const ENROL_SHARPNESS_MIN = 8;
/** 0..255. LFW's darkest 0.1 %: 53, and among them are dark faces in good light: the limit keeps well clear of skin. */
export const ENROL_BRIGHTNESS_MIN = 35;
/** 0..255. LFW's brightest 0.1 %: 183. */
export const ENROL_BRIGHTNESS_MAX = 220;
/** Degrees either way. 98 % of LFW lie within. */
export const ENROL_YAW_MAX_DEGREES = 30;
/**
 * Of 3,526 LFW photos within the yaw below 41 reach it: in 28 the lids are shut or lowered, in 4 the eyes are hidden, 9
 * show open eyes, narrow, laughing or blurred (0.26 %). Of 42 photos with shut or lowered lids 14 stay below.
 */
export const ENROL_EYES_CLOSED_MAX = 0.975;
/** Degrees either way. Of the 8 LFW photos beyond, up to 30, that reach the limit above, two have closed eyes. */
export const EYES_JUDGED_YAW_MAX_DEGREES = 20;

/** Why a face is not good enough to enrol, in the words of the contract's errors. */
export type CaptureProblem = Extract<
  ErrorCode,
  | 'face_too_small'
  | 'face_too_dark'
  | 'face_too_bright'
  | 'face_blurred'
  | 'face_cut_off'
  | 'face_turned'
  | 'face_eyes_closed'
  | 'face_poor_quality'
>;

/**
 * Whether this is a face at all and good enough to follow.
 * @param gates the pack's (`vision.pack.gates`); null: its norm says nothing, and the rest decides
 */
export function usable(quality: FaceQuality, gates: Gates): boolean {
  return gates === null || quality.norm >= gates.usable;
}

/** Whether a decision about who it is may rest on it. @param gates as for `usable` */
export function decidable(quality: FaceQuality, gates: Gates): boolean {
  return (gates === null || quality.norm >= gates.decide) && quality.visible >= VISIBLE_DECIDE_MIN;
}

/**
 * The first thing that speaks against enrolling from this face, causes before effects (too small explains blurred),
 * so that the advice helps; null when nothing does. @param gates as for `usable`
 */
export function judgeForEnrolment(face: Pick<FoundFace, 'quality'>, gates: Gates): CaptureProblem | null {
  const { quality } = face;
  if (quality.eyeDistance < ENROL_EYE_DISTANCE_MIN) return 'face_too_small';
  if (quality.visible < VISIBLE_ENROL_MIN) return 'face_cut_off';
  if (quality.brightness < ENROL_BRIGHTNESS_MIN) return 'face_too_dark';
  if (quality.brightness > ENROL_BRIGHTNESS_MAX) return 'face_too_bright';
  if (quality.sharpness < ENROL_SHARPNESS_MIN) return 'face_blurred';
  if (Math.abs(quality.yawDegrees) > ENROL_YAW_MAX_DEGREES) return 'face_turned';
  // null: nobody looked, or the pack cannot.
  const { eyesClosed } = quality;
  if (eyesClosed !== null && eyesClosed >= ENROL_EYES_CLOSED_MAX && Math.abs(quality.yawDegrees) <= EYES_JUDGED_YAW_MAX_DEGREES) return 'face_eyes_closed';
  if (gates !== null && quality.norm < gates.enrol) return 'face_poor_quality';
  return null;
}
