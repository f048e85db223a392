import type { CaptureHint, Pose } from '../contract/index.js';

/** Looking straight: landmarks of a face turned less than this look frontal. */
const FRONT_YAW_MAX = 12;
/** A turn that adds something to the template, and one beyond which the landmarks get worse. */
const TURN_YAW_MIN = 10;
const TURN_YAW_MAX = 30;
/** Not everybody can or will turn as asked: after this time any good photo will do. */
export const POSE_PATIENCE_MS = 6_000;

export type PoseVerdict = { take: true } | { take: false; hint: CaptureHint };

/** The pose that a yaw shows; what is kept beside a template's photo. */
export function poseOf(yawDegrees: number): Pose {
  if (Math.abs(yawDegrees) < TURN_YAW_MIN) return 'front';
  return yawDegrees > 0 ? 'left' : 'right';
}

/**
 * Whether a good face shows the pose that is asked for, and if not, what to say.
 * @param yawDegrees head turned to its own left is positive
 * @param waitedMs since the pose was asked for
 */
export function judgePose(wanted: Pose, yawDegrees: number, waitedMs: number): PoseVerdict {
  if (waitedMs >= POSE_PATIENCE_MS) return { take: true };
  switch (wanted) {
    case 'front':
      return Math.abs(yawDegrees) <= FRONT_YAW_MAX ? { take: true } : { take: false, hint: 'look_straight' };
    case 'left':
      return yawDegrees >= TURN_YAW_MIN && yawDegrees <= TURN_YAW_MAX ? { take: true } : { take: false, hint: 'turn_left' };
    case 'right':
      return -yawDegrees >= TURN_YAW_MIN && -yawDegrees <= TURN_YAW_MAX ? { take: true } : { take: false, hint: 'turn_right' };
  }
}
