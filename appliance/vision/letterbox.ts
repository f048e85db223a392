import type { RgbImage } from './geometry.js';
import type { Box } from './types.js';

/** (x - 127) / 128 for each byte: what the detector was trained on (RECOGNITION.md, recipe 1). */
const MEAN = 127;
const SPREAD = 128;
const BLACK = -MEAN / SPREAD;
/** From this shrinkage on every second row is enough for a smooth mean, in half the time. */
const SKIP_ROWS_FROM = 4;

/**
 * Fits a region of the picture into the top left of a `width` x `height` tensor, planar RGB, keeping its
 * proportions; the rest is black. Shrinks by the mean of the source pixels under each target pixel, enlarges by
 * the nearest one.
 * @param region whole pixels, inside the picture
 * @param out 3 * width * height values, all overwritten
 * @returns source pixels per target pixel: multiply target coordinates by it and add the region's corner
 */
export function shrink(image: RgbImage, region: Box, width: number, height: number, out: Float32Array): number {
  const scale = Math.max(region.width / width, region.height / height);
  const usedWidth = Math.min(width, Math.max(1, Math.round(region.width / scale)));
  const usedHeight = Math.min(height, Math.max(1, Math.round(region.height / scale)));
  const plane = width * height;
  out.fill(BLACK);
  const { data } = image;
  const rowBytes = image.width * 3;
  const rowStep = scale >= SKIP_ROWS_FROM ? 2 : 1;
  const lastX = region.x + region.width - 1;
  const lastY = region.y + region.height - 1;
  const words = inWholeWords(image, region, scale) ? new Int32Array(data.buffer, data.byteOffset, data.length >> 2) : null;
  // Where each target column begins and ends in a source row, bytes.
  const begins = new Int32Array(usedWidth);
  const ends = new Int32Array(usedWidth);
  for (let column = 0; column < usedWidth; column++) {
    const left = Math.min(lastX, region.x + Math.floor(column * scale));
    begins[column] = left * 3;
    ends[column] = Math.min(lastX + 1, Math.max(left + 1, region.x + Math.floor((column + 1) * scale))) * 3;
  }
  for (let row = 0; row < usedHeight; row++) {
    const top = Math.min(lastY, region.y + Math.floor(row * scale));
    const bottom = Math.min(lastY + 1, Math.max(top + 1, region.y + Math.floor((row + 1) * scale)));
    const weight = 3 / (Math.ceil((bottom - top) / rowStep) * SPREAD);
    for (let column = 0; column < usedWidth; column++) {
      const begin = begins[column]!;
      const end = ends[column]!;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = top; y < bottom; y += rowStep) {
        const start = Math.imul(y, rowBytes);
        if (words !== null) {
          const at = (start + begin) >> 2;
          // R0 G0 B0 R1, G1 B1 R2 G2, B2 R3 G3 B3, each from the lowest byte up.
          const p = words[at]!;
          const q = words[at + 1]!;
          const r = words[at + 2]!;
          red = (red + (p & 255) + (p >>> 24) + ((q >>> 16) & 255) + ((r >>> 8) & 255)) | 0;
          green = (green + ((p >>> 8) & 255) + (q & 255) + (q >>> 24) + ((r >>> 16) & 255)) | 0;
          blue = (blue + ((p >>> 16) & 255) + ((q >>> 8) & 255) + (r & 255) + (r >>> 24)) | 0;
          continue;
        }
        for (let p = (start + begin) | 0; p < start + end; p += 3) {
          red = (red + data[p]!) | 0;
          green = (green + data[p + 1]!) | 0;
          blue = (blue + data[p + 2]!) | 0;
        }
      }
      const share = weight / (end - begin);
      const at = row * width + column;
      out[at] = red * share + BLACK;
      out[plane + at] = green * share + BLACK;
      out[2 * plane + at] = blue * share + BLACK;
    }
  }
  return scale;
}

/**
 * Whether each target pixel is as wide as four source pixels that fill three aligned 32-bit words: so it is with the
 * 1280 x 720 frames of a camera, and reading words takes two thirds of the time. Every platform of the inference
 * runtime has the lowest byte first.
 */
function inWholeWords({ width, data }: RgbImage, region: Box, scale: number): boolean {
  return scale === 4 && region.width % 4 === 0 && region.x % 4 === 0 && width % 4 === 0 && data.byteOffset % 4 === 0;
}
