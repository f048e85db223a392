import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decidable } from '../../appliance/vision/index.js';
import { listImages } from './embed.js';
import { inOrder } from './inOrder.js';
import type { Output } from './main.js';
import { largestFace, readable, withStore, type EvalStore, type StoreOptions } from './store.js';

export const IDENTIFY_USAGE =
  'identify --gallery DIR --probes DIR --out FILE.jsonl [--models DIR] [--workers N]   enrol a folder for each identity, decide each probe\'s largest face';

/** `identity` is the best match whatever was decided; null: no face, not readable, or nobody enrolled. */
export type IdentifyLine =
  | {
      file: string;
      decision: 'known' | 'candidate' | 'unknown' | 'rejected_quality' | 'no_face';
      identity: string | null;
      score: number | null;
      margin: number | null;
    }
  | { file: string; error: string };

export interface IdentifyOptions extends StoreOptions {
  galleryDir: string;
  probesDir: string;
  outFile: string;
}

export interface IdentifyCounts {
  enrolled: number;
  /** Folders without a single readable face: nobody to enrol. */
  withoutFace: number;
  /** Photos of the gallery without a readable face. */
  leftOut: number;
  probes: number;
}

/**
 * Enrols and searches through the product's own rooms. A photo is decided as the live path decides somebody who stands
 * still before the camera: no face, too poor to decide on (the live path waits for a better frame), or the gallery's answer.
 * The same look again adds nothing to the mean of a track and nothing to what is asked of it (`lookLift`).
 */
export async function identify(options: IdentifyOptions, output: Output): Promise<IdentifyCounts> {
  return withStore(options, async (store) => {
    const { names, withoutFace, leftOut } = await enrolAll(store, options.galleryDir, output);
    const probes = await decideAll(store, names, options, output);
    return { enrolled: names.size, withoutFace, leftOut, probes };
  });
}

/**
 * One customer for each folder, from all its photos that can be read. The live guide asks for better photos instead;
 * here there are no others, and leaving the poorer ones out costs more than it brings (docs/recognition.md).
 */
async function enrolAll({ vision, enrol }: EvalStore, galleryDir: string, output: Output): Promise<{ names: Map<string, string>; withoutFace: number; leftOut: number }> {
  const folders = (await readdir(galleryDir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  const names = new Map<string, string>();
  let withoutFace = 0;
  let leftOut = 0;
  const photosOf = async (folder: string) => {
    const files = await listImages(join(galleryDir, folder));
    const looked = [];
    for (const file of files) looked.push(await largestFace(vision, join(galleryDir, folder, file)));
    return { folder, count: files.length, faces: looked.flatMap((one) => (readable(one, vision.pack.gates) ? [one.face] : [])) };
  };
  await inOrder(folders, photosOf, async ({ folder, count, faces }, index) => {
    output.progress(index + 1, folders.length, 'folders enrolled');
    leftOut += count - faces.length;
    if (faces.length === 0) withoutFace += 1;
    else names.set(enrol(faces), folder);
  });
  return { names, withoutFace, leftOut };
}

async function decideAll(store: EvalStore, names: Map<string, string>, options: IdentifyOptions, output: Output): Promise<number> {
  const files = await listImages(options.probesDir);
  const out = createWriteStream(options.outFile);
  await once(out, 'open');
  await inOrder(files, (file) => decideFile(store, names, options.probesDir, file), async (line, index) => {
    if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
    output.progress(index + 1, files.length, 'probes');
  });
  out.end();
  await once(out, 'close');
  return files.length;
}

async function decideFile({ vision, gallery }: EvalStore, names: Map<string, string>, directory: string, file: string): Promise<IdentifyLine> {
  const looked = await largestFace(vision, join(directory, file));
  if ('error' in looked) return { file, error: looked.error };
  const { face } = looked;
  if (face === null) return { file, decision: 'no_face', identity: null, score: null, margin: null };
  if (!decidable(face.quality, vision.pack.gates)) return { file, decision: 'rejected_quality', identity: null, score: null, margin: null };
  const { decision, customerId, score, margin } = await gallery.match(face.embedding);
  return { file, decision, identity: customerId === null ? null : names.get(customerId)!, score, margin };
}
