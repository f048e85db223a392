import type { Affine, RgbImage } from './geometry.js';

/**
 * More samples than this a side bring nothing (a 16-fold shrink makes 112 of 1792 pixels) and would let one huge
 * face hold a worker for seconds.
 */
const SAMPLES_MAX = 16;
/** From this many samples a side their mean is smooth enough that each may be the nearest pixel: half the time. */
const NEAREST_FROM = 3;

/**
 * Fills a `size` x `size` crop from a picture: bilinear, the mean of n x n samples when the picture is n times
 * larger than the crop (bilinear alone would skip pixels and alias). Outside of the picture is black.
 * Measured on 21 faces of 210 to 320 pixels: similarity with the all-bilinear crop 0.994 and up.
 * @param cropToImage takes crop pixels to picture pixels
 * @param out planar R, G, B, 0..255; 3 * size * size values, all overwritten
 */
export function warp(image: RgbImage, cropToImage: Affine, size: number, out: Float32Array): void {
  const { width, height, data } = image;
  const { a, b, c, d, e, f } = cropToImage;
  const n = Math.min(SAMPLES_MAX, Math.max(1, Math.round(Math.hypot(a, d))));
  const weight = 1 / (n * n);
  const plane = size * size;
  const rowBytes = width * 3;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = 0; j < n; j++) {
        const cropY = row + (j + 0.5) / n - 0.5;
        for (let i = 0; i < n; i++) {
          const cropX = column + (i + 0.5) / n - 0.5;
          const x = a * cropX + b * cropY + c;
          const y = d * cropX + e * cropY + f;
          if (n >= NEAREST_FROM) {
            const nearX = Math.floor(x + 0.5);
            const nearY = Math.floor(y + 0.5);
            if (nearX < 0 || nearY < 0 || nearX >= width || nearY >= height) continue;
            const p = nearY * rowBytes + nearX * 3;
            red += data[p]!;
            green += data[p + 1]!;
            blue += data[p + 2]!;
            continue;
          }
          const x0 = Math.floor(x);
          const y0 = Math.floor(y);
          if (x0 >= 0 && y0 >= 0 && x0 < width - 1 && y0 < height - 1) {
            const fx = x - x0;
            const fy = y - y0;
            const w00 = (1 - fx) * (1 - fy);
            const w10 = fx * (1 - fy);
            const w01 = (1 - fx) * fy;
            const w11 = fx * fy;
            const p = y0 * rowBytes + x0 * 3;
            const q = p + rowBytes;
            red += w00 * data[p]! + w10 * data[p + 3]! + w01 * data[q]! + w11 * data[q + 3]!;
            green += w00 * data[p + 1]! + w10 * data[p + 4]! + w01 * data[q + 1]! + w11 * data[q + 4]!;
            blue += w00 * data[p + 2]! + w10 * data[p + 5]! + w01 * data[q + 2]! + w11 * data[q + 5]!;
          } else if (x0 >= -1 && y0 >= -1 && x0 < width && y0 < height) {
            // On the rim: of the four neighbours those outside count as black.
            for (let k = 0; k < 4; k++) {
              const nx = x0 + (k & 1);
              const ny = y0 + (k >> 1);
              if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
              const w = (k & 1 ? x - x0 : 1 - x + x0) * (k >> 1 ? y - y0 : 1 - y + y0);
              const p = ny * rowBytes + nx * 3;
              red += w * data[p]!;
              green += w * data[p + 1]!;
              blue += w * data[p + 2]!;
            }
          }
        }
      }
      const at = row * size + column;
      out[at] = red * weight;
      out[plane + at] = green * weight;
      out[2 * plane + at] = blue * weight;
    }
  }
}

/** ITU-R BT.601 luma of a planar RGB crop. @param grey 0..255; a third as long as `rgb` */
export function toGrey(rgb: Float32Array, grey: Float32Array): void {
  const plane = grey.length;
  for (let i = 0; i < plane; i++) grey[i] = 0.299 * rgb[i]! + 0.587 * rgb[plane + i]! + 0.114 * rgb[2 * plane + i]!;
}
