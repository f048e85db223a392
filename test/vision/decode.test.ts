import sharp, { type Sharp } from 'sharp';
import t, { type Test } from 'tap';
import type { ErrorCode } from '../../appliance/contract/index.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { decode } from '../../appliance/vision/decode.js';
import { samplePhoto } from '../fixtures/sample-faces.js';
import { png } from '../support/pictures.js';

async function refuses(t: Test, bytes: Uint8Array, code: ErrorCode, name: string): Promise<void> {
  try {
    await decode(bytes);
    t.fail(`${name}: was accepted`);
  } catch (error) {
    t.ok(isPorticoError(error, code), `${name}: ${code}`, { found: error });
  }
}

/** A small photo with something in every corner. */
async function photo() {
  return sharp(await samplePhoto('sample1.jpg')).resize(160, 100);
}

/** A PNG whose header claims any size; its pixels are missing. */
const pngHeader = (width: number, height: number) => png(width, height, [8, 2], Buffer.alloc(100));

/** A JPEG whose header claims any size; its pixels are those of another. */
function jpegHeader(jpeg: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg);
  // Start of frame: marker, length, bits, then height and width.
  const at = changed.indexOf(Buffer.from([0xff, 0xc0]));
  changed.writeUInt16BE(height, at + 5);
  changed.writeUInt16BE(width, at + 7);
  return changed;
}

t.test('what is not a picture of ours is refused, with the reason', async (t) => {
  const jpeg = await (await photo()).jpeg().toBuffer();
  const png = await (await photo()).png().toBuffer();
  const webp = await (await photo()).webp().toBuffer();
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64"/></svg>';
  const tiff = await (await photo()).tiff().toBuffer();

  await refuses(t, Buffer.alloc(0), 'image_empty', 'no bytes');
  await refuses(t, Buffer.alloc(4_000_001, 0xff), 'image_too_many_bytes', 'more than 4 MB');
  await refuses(t, Buffer.from('Guten Tag, das ist kein Bild.'), 'image_unreadable', 'text');
  await refuses(t, Buffer.from(svg), 'image_unreadable', 'SVG');
  await refuses(t, Buffer.from(`<?xml version="1.0"?>${svg}`), 'image_unreadable', 'SVG with XML header');
  await refuses(t, Buffer.from('%PDF-1.7'), 'image_unreadable', 'PDF');
  await refuses(t, tiff, 'image_unreadable', 'TIFF');
  await refuses(t, Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(500, 7), Buffer.from([0xff, 0xd9])]), 'image_unreadable', 'JPEG of rubbish');
  await refuses(t, Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from(svg)]), 'image_truncated', 'SVG behind the first bytes of a JPEG');

  for (const part of [0.9, 0.5, 0.1]) {
    await refuses(t, jpeg.subarray(0, jpeg.length * part), 'image_truncated', `${part} of a JPEG`);
    await refuses(t, png.subarray(0, png.length * part), 'image_truncated', `${part} of a PNG`);
    await refuses(t, webp.subarray(0, webp.length * part), 'image_truncated', `${part} of a WebP`);
  }
  await refuses(t, jpeg.subarray(0, 3), 'image_truncated', 'three bytes of a JPEG');
});

t.test('size is decided from the header', async (t) => {
  await refuses(t, pngHeader(10_000, 10_000), 'image_too_many_pixels', '100 megapixels without pixels');
  const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#fff' }, limitInputPixels: false })
    .png({ compressionLevel: 9 })
    .toBuffer();
  t.ok(bomb.length < 4_000_000);
  await refuses(t, bomb, 'image_too_many_pixels', '100 megapixels');
  await refuses(t, pngHeader(2 ** 31 - 1, 2 ** 31 - 1), 'image_unreadable', 'a size that no PNG has');
  await refuses(t, await (await photo()).resize(31, 40).png().toBuffer(), 'image_too_small', '31 pixels');
  t.equal((await decode(await (await photo()).resize(32, 40).png().toBuffer())).width, 32);

  const jpeg = await (await photo()).jpeg().toBuffer();
  await refuses(t, jpegHeader(jpeg, 10_000, 10_000), 'image_too_many_pixels', 'a JPEG of 100 megapixels without the pixels');
  await refuses(t, jpegHeader(jpeg, 10_000, 10_000).subarray(0, jpeg.length / 2), 'image_too_many_pixels', 'half of it');
  const small = await (await photo()).resize(31, 40).jpeg().toBuffer();
  await refuses(t, small, 'image_too_small', 'a JPEG of 31 pixels');
  await refuses(t, small.subarray(0, small.length - 50), 'image_too_small', 'the most of it');
  t.equal((await decode(await (await photo()).resize(32, 40).jpeg().toBuffer())).width, 32);
});

t.test('animations are refused, stills of the same formats are not', async (t) => {
  const frames = Buffer.concat([Buffer.alloc(40 * 40 * 3, 10), Buffer.alloc(40 * 40 * 3, 200)]);
  const two = () => sharp(frames, { raw: { width: 40, height: 80, channels: 3, pageHeight: 40 } });
  await refuses(t, await two().gif().toBuffer(), 'image_animated', 'GIF');
  await refuses(t, await two().webp().toBuffer(), 'image_animated', 'WebP');
  const still = pngHeader(64, 64);
  const actl = Buffer.from([0, 0, 0, 8, 0x61, 0x63, 0x54, 0x4c, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  await refuses(t, Buffer.concat([still.subarray(0, 33), actl, still.subarray(33)]), 'image_animated', 'APNG');
  t.equal((await decode(await (await photo()).gif().toBuffer())).width, 160);
});

/** Largest difference of a byte. */
function worst(p: Uint8Array, q: Uint8Array): number {
  return p.reduce((most, value, i) => Math.max(most, Math.abs(value - q[i]!)), 0);
}
function meanDifference(p: Uint8Array, q: Uint8Array): number {
  return p.reduce((sum, value, i) => sum + Math.abs(value - q[i]!), 0) / p.length;
}

t.test('every EXIF orientation gives the same upright picture', async (t) => {
  const upright = await (await photo()).png().toBuffer();
  const expected = await decode(upright);
  // How to store the picture so that the orientation's own turn brings it back upright.
  const stored: Record<number, (image: Sharp) => Sharp> = {
    1: (image) => image,
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    6: (image) => image.rotate(270),
    8: (image) => image.rotate(90),
  };
  for (const [orientation, store] of Object.entries(stored)) {
    const bytes = await store(sharp(upright)).withMetadata({ orientation: Number(orientation) }).png().toBuffer();
    const image = await decode(bytes);
    t.strictSame([image.width, image.height], [160, 100], `orientation ${orientation}`);
    t.equal(worst(image.data, expected.data), 0, `orientation ${orientation}`);
  }
  // 5 and 7 swap the axes and mirror: turn first, then mirror the result.
  for (const [orientation, angle] of [[5, 270], [7, 90]] as const) {
    const turned = await sharp(upright).rotate(angle).png().toBuffer();
    const bytes = await sharp(turned).flip().withMetadata({ orientation }).png().toBuffer();
    const image = await decode(bytes);
    t.strictSame([image.width, image.height], [160, 100], `orientation ${orientation}`);
    t.equal(worst(image.data, expected.data), 0, `orientation ${orientation}`);
  }
});

t.test('other kinds of pixels come out as 8-bit RGB', async (t) => {
  const plain = await decode(await (await photo()).png().toBuffer());

  const sixteen = await decode(await (await photo()).toColourspace('rgb16').png().toBuffer());
  t.ok(worst(sixteen.data, plain.data) <= 1, '16-bit PNG');

  const cmyk = await decode(await (await photo()).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer());
  t.equal(cmyk.data.length, plain.data.length);
  t.ok(meanDifference(cmyk.data, plain.data) < 20, `CMYK: ${meanDifference(cmyk.data, plain.data)}`);

  const grey = await decode(await (await photo()).greyscale().jpeg().toBuffer());
  t.equal(grey.data.length, plain.data.length);
  t.ok(grey.data.every((value, i) => value === grey.data[i - (i % 3)]), 'grey: three equal channels');

  const grey16 = await decode(await (await photo()).toColourspace('grey16').png().toBuffer());
  t.equal(grey16.data.length, plain.data.length);
  t.ok(meanDifference(grey16.data, grey.data) < 5, 'grey 16-bit');

  const opaque = await decode(await (await photo()).ensureAlpha().webp({ lossless: true }).toBuffer());
  t.ok(worst(opaque.data, plain.data) <= 1, 'opaque alpha');
  const clear = await decode(await (await photo()).ensureAlpha(0).png().toBuffer());
  t.ok(clear.data.every((value) => value === 0), 'see-through is black');

  const palette = await decode(await (await photo()).png({ palette: true }).toBuffer());
  t.equal(palette.data.length, plain.data.length);
  const progressive = await decode(await (await photo()).jpeg({ progressive: true, quality: 100 }).toBuffer());
  t.ok(meanDifference(progressive.data, plain.data) < 5);
});

t.test('a view into a larger buffer is read within its bounds', async (t) => {
  const png = await (await photo()).png().toBuffer();
  const padded = Buffer.concat([Buffer.alloc(13, 1), png, Buffer.alloc(13, 1)]);
  t.equal((await decode(padded.subarray(13, 13 + png.length))).width, 160);
});
