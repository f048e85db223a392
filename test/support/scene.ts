/** Pictures for the camera, put together at run time from the sample photos. */
import sharp from 'sharp';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';

export const FRAME = { width: 1280, height: 720 } as const;

/** The room around a face that a portrait shows, in pixels of the sample photo. */
const MARGIN = 90;

/**
 * One person alone, cut out of a sample photo (PNG). What else falls into the cut is painted over, so that a portrait
 * never has a second face.
 * @param photo where to cut from; default: the first photo that shows the person
 */
export function portrait(person: string, photo?: string): Promise<Buffer> {
  const name = photo ?? Object.keys(SAMPLE_FACES).find((each) => SAMPLE_FACES[each]!.some((face) => face.person === person))!;
  const key = `${person} ${name}`;
  if (!portraits.has(key)) portraits.set(key, cutOut(person, name));
  return portraits.get(key)!;
}
const portraits = new Map<string, Promise<Buffer>>();

async function cutOut(person: string, name: string): Promise<Buffer> {
  const [left, top, right, bottom] = SAMPLE_FACES[name]!.find((face) => face.person === person)!.box;
  const from = { x: Math.max(0, left - MARGIN), y: Math.max(0, top - MARGIN) };
  return sharp(await samplePhoto(name))
    .extract({ left: from.x, top: from.y, width: right + MARGIN - from.x, height: bottom + MARGIN - from.y })
    .png()
    .toBuffer();
}

export interface Placed {
  picture: Buffer;
  /** Pixels of the frame; the middle of the picture. */
  x: number;
  y: number;
  /** Height in the frame, pixels. */
  height: number;
}

/** A frame as a camera would send it: pictures on a plain wall, later ones in front of earlier ones. JPEG. */
export async function scene(...placed: readonly Placed[]): Promise<Buffer> {
  const layers = await Promise.all(placed.map(async ({ picture, x, y, height }) => {
    const { data, info: { width, height: rows, channels } } = await sharp(picture).resize({ height }).raw().toBuffer({ resolveWithObject: true });
    return { input: data, raw: { width, height: rows, channels }, left: Math.round(x - width / 2), top: Math.round(y - rows / 2) };
  }));
  return sharp({ create: { ...FRAME, channels: 3, background: '#8a8a86' } }).composite(layers).jpeg({ quality: 90 }).toBuffer();
}

/** A plain wall: nobody. */
export function emptyScene(): Promise<Buffer> {
  return scene();
}
