/** Turns a view of the virtual camera into a JPEG frame. */
import { FRAME_HEIGHT, FRAME_WIDTH, type Light, type View } from './cameraPath.js';
import { sharpOf, type Photos, type PhotoName, type Pixels } from './samplePhotos.js';

/** Grey values that full warmth adds to red and takes from blue, as a share: about 6500 K to 4500 K. */
const WARMTH_GAIN = 0.12;
/** A power of two; long enough that no pattern is seen. */
const NOISE_LENGTH = 65_536;

/**
 * The light falls on a whole photo once, when a shot begins (about 80 ms); a frame is then only cropped, scaled and
 * compressed. The same view always gives the same pixels.
 */
export class Lens {
  readonly #photos: Photos;
  #lit: { photo: PhotoName; light: Light; pixels: Promise<Pixels> } | null = null;

  constructor(photos: Photos) {
    this.#photos = photos;
  }

  async frame({ photo, window, light }: View): Promise<Buffer> {
    if (this.#lit?.photo !== photo || this.#lit.light !== light) {
      this.#lit = { photo, light, pixels: illuminate(this.#photos[photo], light) };
    }
    return sharpOf(await this.#lit.pixels).extract(window)
      .resize(FRAME_WIDTH, FRAME_HEIGHT, { fit: 'fill', kernel: 'linear' })
      .jpeg({ quality: light.jpegQuality }).toBuffer();
  }
}

/** A photo in another light, a little out of focus and noisy. */
export async function illuminate(photo: Pixels, light: Light): Promise<Pixels> {
  const data = await sharpOf(photo).blur(light.blurSigma).raw().toBuffer();
  const red = curve(light, 1 + WARMTH_GAIN * light.warmth);
  const green = curve(light, 1);
  const blue = curve(light, 1 - WARMTH_GAIN * light.warmth);
  const noise = makeNoise(light.noiseSigma);
  let state = 1;
  for (let i = 0; i < data.length; i += 3) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0; // Numerical Recipes' generator; its high bits are good
    const grain = noise[state >>> 16]!; // the same in all channels, as in a dark picture
    data[i] = clamp(red[data[i]!]! + grain);
    data[i + 1] = clamp(green[data[i + 1]!]! + grain);
    data[i + 2] = clamp(blue[data[i + 2]!]! + grain);
  }
  return { data, width: photo.width, height: photo.height };
}

function curve({ brightness, gamma }: Light, gain: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, value) => 255 * Math.min(1, gain * brightness * (value / 255) ** gamma));
}

/** Normal deviates by quantiles of a fixed sequence (sum of twelve uniforms), so the same on every run. */
function makeNoise(sigma: number): Float32Array {
  let state = 42;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 0x1_00_00_00;
  };
  return Float32Array.from({ length: NOISE_LENGTH }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i += 1) sum += uniform();
    return sigma * sum;
  });
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
