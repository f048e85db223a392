import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access } from '../../appliance/access/index.js';
import { loadConfig } from '../../appliance/config/index.js';
import { Consent } from '../../appliance/consent/index.js';
import { Customers } from '../../appliance/customers/index.js';
import { EventBus } from '../../appliance/events/index.js';
import { Gallery, type EnrolmentPhoto } from '../../appliance/gallery/index.js';
import { createLogger, isPorticoError, systemClock, toDay } from '../../appliance/kit/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { createVision, decidable, judgeForEnrolment, usable, type FoundFace, type Vision } from '../../appliance/vision/index.js';
import { listImages } from './embed.js';
import { inOrder } from './inOrder.js';
import type { Output } from './main.js';

export const IDENTIFY_USAGE =
  'identify --gallery DIR --probes DIR --out FILE.jsonl [--models DIR]   enrol a folder for each identity, decide each probe\'s largest face';

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

export interface IdentifyOptions {
  galleryDir: string;
  probesDir: string;
  outFile: string;
  modelsDir: string;
}

interface Rooms {
  vision: Vision; customers: Customers; consent: Consent; gallery: Gallery; by: { staffId: string; deviceId: string };
}

/**
 * Enrols and searches through the product's own rooms on an encrypted database of its own, which is gone afterwards.
 * A single photo is decided as a track's fused frames are.
 */
export async function identify(options: IdentifyOptions, output: Output): Promise<{ enrolled: number; withoutFace: number; probes: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'portico-eval-'));
  const vision = createVision({ modelsDir: options.modelsDir });
  const log = createLogger('silent');
  const events = new EventBus(log);
  const clock = systemClock;
  const storage = openStorage({ dataDirectory: directory, credentialsDirectory: null, maxBytes: null, clock });
  const { db } = storage;
  try {
    await vision.start();
    const config = loadConfig({});
    const access = new Access({ db, clock, events });
    const customers = new Customers({ db, clock, events });
    const consent = new Consent({ db, clock, events, timeZone: config.timeZone });
    const gallery = new Gallery({ db, clock, events, readerTicket: storage.readerTicket, modelId: vision.modelPack, calibration: vision.pack.calibration, fpir: config.fpir });
    consent.publishNotice('eval');
    const { device } = access.pair(access.makeCode('owner').code, 'eval');
    const staff = await access.addOwner('eval', '271828');
    await gallery.start();
    try {
      const rooms: Rooms = { vision, customers, consent, gallery, by: { staffId: staff.id, deviceId: device.id } };
      const { names, withoutFace } = await enrolAll(rooms, options.galleryDir, output);
      const probes = await decideAll(rooms, names, options, output);
      return { enrolled: names.size, withoutFace, probes };
    } finally {
      await gallery.stop();
    }
  } finally {
    await vision.stop();
    storage.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One customer for each folder. @returns customer id -> folder name */
async function enrolAll(rooms: Rooms, galleryDir: string, output: Output): Promise<{ names: Map<string, string>; withoutFace: number }> {
  const folders = (await readdir(galleryDir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  const names = new Map<string, string>();
  let withoutFace = 0;
  await inOrder(folders, async (folder) => ({ folder, photos: await photosOf(rooms.vision, join(galleryDir, folder)) }), async ({ folder, photos }, index) => {
    output.progress(index + 1, folders.length);
    if (photos.length === 0) {
      withoutFace += 1;
      return;
    }
    names.set(enrol(rooms, photos), folder);
  });
  return { names, withoutFace };
}

function enrol({ customers, consent, gallery, by }: Rooms, photos: EnrolmentPhoto[]): string {
  const { id } = customers.create({ displayName: 'eval' });
  consent.grant(id, {
    noticeId: consent.currentNotice().id, language: 'en', purposes: ['recognise'], ageConfirmed: true,
    validUntil: toDay(Date.now() + 86_400_000, 'UTC'),
    signature: { width: 100, height: 100, strokes: [[{ x: 0, y: 0, t: 0 }, { x: 50, y: 50, t: 100 }]] },
  }, by);
  const done = consent.withProof(id, 'recognise', (proof) => {
    gallery.enrol(proof, photos);
    return true;
  });
  if (done === null) throw new Error('the consent just given does not hold');
  return id;
}

/**
 * The photos an enrolment would take, the best first. Where none is good enough the best readable one must do: an
 * evaluation cannot ask for another photo as the guide does.
 */
async function photosOf(vision: Vision, folder: string): Promise<EnrolmentPhoto[]> {
  const faces: FoundFace[] = [];
  for (const file of await listImages(folder)) {
    const face = await largestFace(vision, join(folder, file));
    if (face !== null && !('error' in face)) faces.push(face);
  }
  faces.sort((a, b) => b.quality.norm - a.quality.norm);
  const good = faces.filter((face) => judgeForEnrolment(face, vision.pack.gates) === null);
  const taken = good.length > 0 ? good : faces.filter((face) => usable(face.quality, vision.pack.gates)).slice(0, 1);
  return taken.map((face) => ({ embedding: face.embedding, pose: 'front', norm: face.quality.norm }));
}

async function decideAll(rooms: Rooms, names: Map<string, string>, options: IdentifyOptions, output: Output): Promise<number> {
  const files = await listImages(options.probesDir);
  const out = createWriteStream(options.outFile);
  await once(out, 'open');
  await inOrder(files, (file) => decideFile(rooms, names, options.probesDir, file), async (line, index) => {
    if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
    output.progress(index + 1, files.length);
  });
  out.end();
  await once(out, 'close');
  return files.length;
}

async function decideFile({ vision, gallery }: Rooms, names: Map<string, string>, directory: string, file: string): Promise<IdentifyLine> {
  const face = await largestFace(vision, join(directory, file));
  if (face === null) return { file, decision: 'no_face', identity: null, score: null, margin: null };
  if ('error' in face) return { file, error: face.error };
  if (!decidable(face.quality, vision.pack.gates)) return { file, decision: 'rejected_quality', identity: null, score: null, margin: null };
  const { decision, customerId, score, margin } = await gallery.match(face.embedding);
  return { file, decision, identity: customerId === null ? null : names.get(customerId)!, score, margin };
}

async function largestFace(vision: Vision, path: string): Promise<FoundFace | null | { error: string }> {
  try {
    return (await vision.analyse(await readFile(path), { maxFaces: 1 })).faces[0] ?? null;
  } catch (error) {
    if (isPorticoError(error)) return { error: error.code };
    throw error;
  }
}
