/**
 * Where the virtual camera looks at any moment and in what light: pure functions of time. One lap is a minute of
 * shots, each panned and zoomed over one photo with eased movement. Each lap lights the shots differently.
 */
import type { PhotoName } from './samplePhotos.js';

export const FRAME_WIDTH = 960;
export const FRAME_HEIGHT = 540;

/** A window of the frame's form; left, top and width in pixels of the full photo. */
export interface Framing {
  left: number;
  top: number;
  width: number;
}
export interface Shot {
  photo: PhotoName;
  from: Framing;
  to: Framing;
  seconds: number;
}
/** How a shot is lit and seen, compared with the photo as it is. */
export interface Light {
  name: string;
  /** Factor on the light; 1: as it is. */
  brightness: number;
  /** Exponent on 0..1; above 1 is darker in the middle tones. */
  gamma: number;
  /** -1 (blue) to 1 (yellow). */
  warmth: number;
  /** Gaussian, in pixels of the full photo. */
  blurSigma: number;
  /** Grey values of 255. */
  noiseSigma: number;
  jpegQuality: number;
}
export interface View {
  photo: PhotoName;
  window: { left: number; top: number; width: number; height: number };
  light: Light;
}

/**
 * The shot of sample1.jpg keeps left of the person who was enrolled from it: she is met in sample3.jpg only. There,
 * the woman on the right stays outside: in the same blue light she looks too much like her (similarity .39).
 */
export const SHOTS: readonly Shot[] = [
  { photo: 'sample5.jpg', from: { left: 440, top: 30, width: 1470 }, to: { left: 330, top: 10, width: 1580 }, seconds: 8 },
  { photo: 'sample1.jpg', from: { left: 60, top: 180, width: 1300 }, to: { left: 180, top: 250, width: 1190 }, seconds: 7 },
  { photo: 'sample5.jpg', from: { left: 0, top: 640, width: 1200 }, to: { left: 40, top: 700, width: 1060 }, seconds: 6 },
  { photo: 'sample6.jpg', from: { left: 120, top: 190, width: 1260 }, to: { left: 200, top: 110, width: 1540 }, seconds: 12 },
  { photo: 'sample2.jpg', from: { left: 250, top: 60, width: 1440 }, to: { left: 520, top: 40, width: 1360 }, seconds: 7 },
  { photo: 'sample3.jpg', from: { left: 60, top: 120, width: 1180 }, to: { left: 300, top: 110, width: 1140 }, seconds: 12 },
  { photo: 'sample4.jpg', from: { left: 100, top: 20, width: 1440 }, to: { left: 360, top: 10, width: 1340 }, seconds: 8 },
];

/** Five lights for seven shots, so that a shot meets another one in each lap. */
export const LIGHTS: readonly Light[] = [
  { name: 'evening', brightness: 0.82, gamma: 1.1, warmth: 0.5, blurSigma: 0.6, noiseSigma: 4, jpegQuality: 80 },
  { name: 'window', brightness: 1.15, gamma: 0.92, warmth: -0.4, blurSigma: 0.8, noiseSigma: 3, jpegQuality: 72 },
  { name: 'dim', brightness: 0.68, gamma: 1.15, warmth: 0.1, blurSigma: 0.8, noiseSigma: 6, jpegQuality: 78 },
  { name: 'shop light', brightness: 1.05, gamma: 1, warmth: 0.8, blurSigma: 1, noiseSigma: 4, jpegQuality: 68 },
  { name: 'overcast', brightness: 0.9, gamma: 0.85, warmth: -0.8, blurSigma: 0.6, noiseSigma: 5, jpegQuality: 75 },
];

export const LAP_SECONDS = SHOTS.reduce((sum, shot) => sum + shot.seconds, 0);

/** @param seconds since the camera was switched on, 0 and up */
export function viewAt(seconds: number): View {
  const lap = Math.floor(seconds / LAP_SECONDS);
  let within = seconds - lap * LAP_SECONDS;
  let index = 0;
  while (index < SHOTS.length - 1 && within >= SHOTS[index]!.seconds) {
    within -= SHOTS[index]!.seconds;
    index += 1;
  }
  const shot = SHOTS[index]!;
  return {
    photo: shot.photo,
    window: windowBetween(shot.from, shot.to, ease(within / shot.seconds)),
    light: LIGHTS[(lap + index) % LIGHTS.length]!,
  };
}

/** 0..1 to 0..1, slow at both ends (smoothstep). */
export function ease(progress: number): number {
  const clamped = Math.min(1, Math.max(0, progress));
  return clamped * clamped * (3 - 2 * clamped);
}

function windowBetween(from: Framing, to: Framing, share: number): View['window'] {
  const between = (a: number, b: number) => Math.round(a + (b - a) * share);
  const width = between(from.width, to.width);
  return { left: between(from.left, to.left), top: between(from.top, to.top), width, height: Math.round((width * FRAME_HEIGHT) / FRAME_WIDTH) };
}
