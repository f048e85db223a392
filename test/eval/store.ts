/** The product's own rooms on an encrypted database of their own, which is gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access } from '../../appliance/access/index.js';
import { Audit } from '../../appliance/audit/index.js';
import { loadConfig, type Config } from '../../appliance/config/index.js';
import { Consent } from '../../appliance/consent/index.js';
import { Customers } from '../../appliance/customers/index.js';
import { EventBus } from '../../appliance/events/index.js';
import { Gallery } from '../../appliance/gallery/index.js';
import { createLogger, isPorticoError, systemClock, toDay } from '../../appliance/kit/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { createVision, usable, type FoundFace, type Gates, type Vision } from '../../appliance/vision/index.js';

export interface EvalStore {
  vision: Vision;
  gallery: Gallery;
  /** What a store gets that sets nothing: the shares of strangers that may be taken for somebody. */
  fpir: Config['fpir'];
  /** A customer who consents and is enrolled from these faces. @returns customer id */
  enrol(faces: readonly Pick<FoundFace, 'embedding' | 'quality'>[]): string;
}

export interface StoreOptions {
  modelsDir: string;
  /** Worker threads; default: the cores, at most 4. */
  workers?: number;
}

/** @throws PorticoError when the models are not there */
export async function withStore<T>(options: StoreOptions, work: (store: EvalStore) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'portico-eval-'));
  const vision = createVision(options);
  const events = new EventBus(createLogger('silent'));
  const clock = systemClock;
  const storage = openStorage({ dataDirectory: directory, credentialsDirectory: null, maxBytes: null, clock });
  const { db } = storage;
  try {
    await vision.start();
    const { fpir, timeZone } = loadConfig({});
    const audit = new Audit({ db, clock });
    const access = new Access({ db, clock, events, audit, idleLockMs: 3_600_000, draftsSecret: '', ownerCodeSha256: null });
    const customers = new Customers({ db, clock, events });
    const consent = new Consent({ db, clock, events, audit, timeZone });
    const gallery = new Gallery({ db, clock, events, readerTicket: storage.readerTicket, modelId: vision.modelPack, calibration: vision.pack.calibration, fpir });
    consent.prepare('eval');
    const { device } = access.pair(access.makeCode('owner').code, 'eval');
    const staff = await access.addOwner('eval', '271828', device.id);
    const enrol: EvalStore['enrol'] = (faces) => {
      const { id } = customers.create({ displayName: 'eval' });
      consent.grant(id, {
        noticeId: consent.currentNotice().id, language: 'en', purposes: ['recognise'], ageConfirmed: true,
        validUntil: toDay(Date.now() + 86_400_000, 'UTC'),
        signature: { width: 100, height: 100, strokes: [[{ x: 0, y: 0, t: 0 }, { x: 50, y: 50, t: 100 }]] },
      }, { staffId: staff.id, deviceId: device.id });
      const done = consent.withProof(id, 'recognise', (proof) => {
        gallery.enrol(proof, faces.map(({ embedding, quality }) => ({ embedding, pose: 'front', norm: quality.norm })));
        return true;
      });
      if (done === null) throw new Error('the consent just given does not hold');
      return id;
    };
    gallery.reconcile(() => undefined);
    await gallery.start();
    try {
      return await work({ vision, gallery, fpir, enrol });
    } finally {
      await gallery.stop();
    }
  } finally {
    await vision.stop();
    storage.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a photo gives: its largest face, nothing, or the code of why it could not be looked at. */
export type Looked = { face: FoundFace | null } | { error: string };

export async function largestFace(vision: Vision, path: string): Promise<Looked> {
  try {
    return { face: (await vision.analyse(await readFile(path), { maxFaces: 1 })).faces[0] ?? null };
  } catch (error) {
    if (isPorticoError(error)) return { error: error.code };
    throw error;
  }
}

/** Whether a photo can be taken into a template: a face that can be read. */
export function readable(looked: Looked, gates: Gates): looked is { face: FoundFace } {
  return 'face' in looked && looked.face !== null && usable(looked.face.quality, gates);
}
