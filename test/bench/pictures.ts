/** The frames of the bench, made of the sample photos. All JPEG. */
import sharp, { type Sharp } from 'sharp';
import { samplePhoto } from '../fixtures/sample-faces.js';
import { portrait, scene } from '../support/scene.js';

/** What an iPad at the front desk sends, bytes. */
const FRONT_DESK_BYTES = 60_000;

/** A part of a sample photo that shows one person. */
async function onePerson(): Promise<Sharp> {
  return sharp(await samplePhoto('sample3.jpg')).extract({ left: 0, top: 200, width: 1060, height: 596 });
}

/** 1280x720, quality 80, one face about 330 px high. */
export async function oneFaceFrame(): Promise<Buffer> {
  return (await onePerson()).resize(1280, 720).jpeg({ quality: 80 }).toBuffer();
}

/** 640x360, the same view, in the quality that comes nearest to 60,000 bytes. */
export async function frontDeskFrame(): Promise<Buffer> {
  const raw = await (await onePerson()).resize(640, 360).png().toBuffer();
  let best: Buffer | null = null;
  for (let quality = 80; quality <= 100; quality++) {
    const made = await sharp(raw).jpeg({ quality }).toBuffer();
    if (best === null || Math.abs(made.length - FRONT_DESK_BYTES) < Math.abs(best.length - FRONT_DESK_BYTES)) best = made;
  }
  return best!;
}

/** 1280x720, quality 90, five people side by side, each face at least 100 px high. */
export async function fiveFaceFrame(): Promise<Buffer> {
  const people = ['P02', 'P04', 'P08', 'P14', 'P18'];
  const placed = await Promise.all(people.map(async (person, i) => ({ picture: await portrait(person), x: 128 + 256 * i, y: 360, height: 270 })));
  return scene(...placed);
}
