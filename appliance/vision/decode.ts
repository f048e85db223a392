/** Bytes from outside to pixels: the only file that knows the image library. */
import sharp from 'sharp';
import { MAX_FRAME_PIXELS } from '../contract/limits.js';
import { PorticoError } from '../kit/index.js';
import { checkByteLength } from './bytes.js';
import type { RgbImage } from './geometry.js';
import type { Box } from './types.js';

/** Below this a face cannot have the pixels that the detector needs; pixels a side. */
export const IMAGE_SIDE_MIN = 32;

type Format = 'jpeg' | 'png' | 'webp' | 'gif';

// Every loader is shut, then four are opened: what is not on this list (SVG, PDF, TIFF, ...) is code that a stranger's
// bytes never reach. This holds for the whole process.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
  ],
});
// Each picture is seen once; and one worker is meant to take one core.
sharp.cache(false);
sharp.concurrency(1);

// glibc keeps freed blocks for reuse up to the size of the largest one of its own kind that was ever let go, at most
// 32 MB: mallopt(3), M_MMAP_THRESHOLD. Without this block, which nobody touches or keeps, each picture is new memory that
// the kernel clears page by page: 300 faults and 1 to 2 ms of a 1280 x 720 frame. The price: 40 MB more stay resident
// (measured with two workers). Other C libraries do not mind.
Buffer.allocUnsafeSlow(31 * 2 ** 20);

/**
 * Decodes a still picture: upright (EXIF orientation applied), 8-bit sRGB, see-through parts on black.
 * @throws PorticoError image_empty, image_too_many_bytes, image_unreadable, image_animated, image_too_many_pixels
 *   (from the header alone), image_too_small, image_truncated
 */
export async function decode(bytes: Uint8Array): Promise<RgbImage> {
  checkByteLength(bytes.length);
  const format = sniff(bytes);
  if (format === null) throw new PorticoError('image_unreadable');
  if (format === 'png' && isAnimatedPng(bytes)) throw new PorticoError('image_animated');

  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    // A JPEG is never animated and comes often: its header is read by itself only when something is wrong.
    if (format !== 'jpeg') await checkHeader(input);
    const { data, info } = await sharp(input, { limitInputPixels: MAX_FRAME_PIXELS, failOn: 'truncated' })
      .autoOrient()
      .flatten({ background: '#000' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    checkSide(info);
    if (info.channels !== 3) throw new PorticoError('image_unreadable', { channels: info.channels });
    return { width: info.width, height: info.height, data };
  } catch (cause) {
    if (cause instanceof PorticoError) throw cause;
    throw await refusal(format, input, cause);
  }
}

/** @throws PorticoError image_animated, image_too_many_pixels, image_too_small; the library's error when unreadable */
async function checkHeader(input: Buffer): Promise<void> {
  const { width, height, pages } = await sharp(input, { limitInputPixels: false }).metadata();
  if ((pages ?? 1) > 1) throw new PorticoError('image_animated');
  if (width * height > MAX_FRAME_PIXELS) {
    throw new PorticoError('image_too_many_pixels', { pixels: width * height, pixelsMax: MAX_FRAME_PIXELS });
  }
  checkSide({ width, height });
}

function checkSide({ width, height }: { width: number; height: number }): void {
  if (Math.min(width, height) < IMAGE_SIDE_MIN) {
    throw new PorticoError('image_too_small', { width, height, sideMin: IMAGE_SIDE_MIN });
  }
}

/** Why a picture did not decode: its header says so, or its end is missing, or it is no picture at all. */
async function refusal(format: Format, input: Buffer, cause: unknown): Promise<PorticoError> {
  try {
    await checkHeader(input);
  } catch (error) {
    if (error instanceof PorticoError) return error;
  }
  return new PorticoError(hasItsEnd(format, input) ? 'image_unreadable' : 'image_truncated', undefined, { cause });
}

/** Around a face, parts of the box's side: what alignment and another model pack's detector need. */
const CUT_OUT_MARGIN = 0.6;
/** Longest side of a kept picture, pixels: a face of 290, more than any embedder takes in. */
const CUT_OUT_SIDE_MAX = 640;

/**
 * The face alone, upright, as a JPEG without metadata: of a picture that is kept, the rest of the room is nobody's business.
 * @param bytes a picture that `decode` accepted
 * @param box of the face, pixels of the upright picture
 */
export async function cutOut(bytes: Uint8Array, box: Box): Promise<Uint8Array> {
  const upright = sharp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { limitInputPixels: MAX_FRAME_PIXELS }).autoOrient().flatten({ background: '#000' });
  const { data, info } = await upright.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const margin = CUT_OUT_MARGIN * Math.max(box.width, box.height);
  const left = Math.max(0, Math.floor(box.x - margin));
  const top = Math.max(0, Math.floor(box.y - margin));
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
    .extract({
      left, top, width: Math.min(info.width, Math.ceil(box.x + box.width + margin)) - left,
      height: Math.min(info.height, Math.ceil(box.y + box.height + margin)) - top,
    })
    .resize({ width: CUT_OUT_SIDE_MAX, height: CUT_OUT_SIDE_MAX, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 92 })
    .toBuffer();
}

/** Longest side of a kept photo of a thing, pixels: the serial number on a watch can be read. */
const PLAIN_SIDE_MAX = 2_048;

/**
 * A photo of a thing as it is kept: upright, a JPEG without metadata, at most 2048 pixels a side.
 * @param bytes a picture that `decode` accepted
 * @param turnDegrees further, clockwise: 0, 90, 180 or 270
 */
export async function plain(bytes: Uint8Array, turnDegrees: number): Promise<Uint8Array> {
  const upright = await sharp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { limitInputPixels: MAX_FRAME_PIXELS })
    .autoOrient().flatten({ background: '#fff' }).toColourspace('srgb')
    .resize({ width: PLAIN_SIDE_MAX, height: PLAIN_SIDE_MAX, fit: 'inside', withoutEnlargement: true })
    .raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = upright.info;
  return sharp(upright.data, { raw: { width, height, channels } }).rotate(turnDegrees).jpeg({ quality: 86 }).toBuffer();
}

/** The format by the first bytes, whatever the sender called it; null when it is not one of ours. */
function sniff(bytes: Uint8Array): Format | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (ascii(bytes, 1, 3) === 'PNG' && bytes[0] === 0x89) return 'png';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return 'webp';
  if (/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return 'gif';
  return null;
}

function hasItsEnd(format: Format, bytes: Uint8Array): boolean {
  switch (format) {
    case 'jpeg':
      // After the last start of scan: the end marker of a thumbnail in the EXIF part does not count.
      return lastMarker(bytes, 0xd9) > lastMarker(bytes, 0xda);
    case 'png':
      return pngChunks(bytes).includes('IEND');
    case 'webp':
      return bytes.length >= 8 + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true);
    case 'gif':
      return bytes[bytes.length - 1] === 0x3b;
  }
}

function lastMarker(bytes: Uint8Array, marker: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(Buffer.from([0xff, marker]));
}

/** APNG says so in a chunk before the pixels; libvips shows its first picture without a word. */
function isAnimatedPng(bytes: Uint8Array): boolean {
  return pngChunks(bytes).includes('acTL');
}

/** The types of the complete chunks of a PNG, in order. */
function pngChunks(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const types: string[] = [];
  // 8 bytes of signature; then length, type, data, checksum.
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) break;
    types.push(ascii(bytes, at + 4, 4));
    at = end;
  }
  return types;
}

function ascii(bytes: Uint8Array, from: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(from, from + length));
}
