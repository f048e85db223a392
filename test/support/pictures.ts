/** Bad pictures of every kind. */
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/**
 * A PNG file with a header and pixel bytes of one's own.
 * @param depthAndColour bits a channel and PNG's colour type: [1, 0] one grey bit a pixel, [8, 2] RGB
 */
export function png(width: number, height: number, depthAndColour: readonly [number, number], pixels: Buffer): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([...depthAndColour, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))]);
}

/** A PNG of 10000 x 10000 pixels, all there, in a few kilobytes. */
export function bomb(): Buffer {
  const side = 10_000;
  return png(side, side, [1, 0], Buffer.alloc((1 + side / 8) * side));
}

/** Two pictures that move. */
export async function animation(): Promise<Buffer> {
  const frame = (background: string) => sharp({ create: { width: 64, height: 64, channels: 3, background } }).png().toBuffer();
  return sharp([await frame('#f00'), await frame('#00f')], { join: { animated: true } }).gif().toBuffer();
}
