/** The photos of the demo: demo/sample1.jpg to sample6.jpg of npm @vladmandic/face-api (MIT), a development dependency. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';

export const PHOTO_NAMES = ['sample1.jpg', 'sample2.jpg', 'sample3.jpg', 'sample4.jpg', 'sample5.jpg', 'sample6.jpg'] as const;
export type PhotoName = (typeof PHOTO_NAMES)[number];

/** Pixels; all six are 1920 wide. */
export const PHOTO_WIDTH = 1920;
export const PHOTO_HEIGHTS: Readonly<Record<PhotoName, number>> = {
  'sample1.jpg': 1280, 'sample2.jpg': 1367, 'sample3.jpg': 1350, 'sample4.jpg': 1448, 'sample5.jpg': 1398, 'sample6.jpg': 1537,
};

/** Decoded, 8-bit RGB, row by row. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
}
export type Photos = Readonly<Record<PhotoName, Pixels>>;

/** Decodes all six once: 47 MB. @throws Error when the development dependencies are not installed */
export async function loadPhotos(): Promise<Photos> {
  const folder = findFolder();
  const entries = await Promise.all(PHOTO_NAMES.map(async (name): Promise<[PhotoName, Pixels]> => {
    const { data, info } = await sharp(await readFile(join(folder, name))).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    if (info.width !== PHOTO_WIDTH || info.height !== PHOTO_HEIGHTS[name]) throw new Error(`${name} is not the photo the demo was made for.`);
    return [name, { data, width: info.width, height: info.height }];
  }));
  return Object.fromEntries(entries) as Photos;
}

/** The pixels as the start of a chain of sharp operations. */
export function sharpOf({ data, width, height }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function findFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')), 'demo');
  } catch (cause) {
    throw new Error('The sample photos are missing: run "npm ci" with development dependencies.', { cause });
  }
}
