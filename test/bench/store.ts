/** A store on the disk with the bench's own customer and as many others as wanted, and boxes that run on copies of it. */
import { cpSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { CameraResult } from '../../appliance/contract/index.js';
import { CustomerKeys, rotationOf } from '../../appliance/gallery/index.js';
import { Embedding, systemClock } from '../../appliance/kit/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { PorticoClient } from '../../demo/client.js';
import { findFreePort } from '../../demo/freePort.js';
import { Child } from './child.js';
import { frontDeskFrame, oneFaceFrame } from './pictures.js';
import { latentPerson, rotated } from './vectors.js';

const PIN = '271828';
const MODE = 'look_up';

export interface Box {
  child: Child;
  client: PorticoClient;
  stop(): Promise<void>;
}

/** One paired device, one member of staff, one enrolled customer; every copy keeps the port, the keys and the session. */
export class Store {
  readonly #scratch: string;
  readonly #base: string;
  readonly #port: number;
  readonly #filled = new Map<number, string>();
  #client: PorticoClient | null = null;
  readonly frame: Buffer;
  readonly smallFrame: Buffer;

  private constructor(scratch: string, port: number, frame: Buffer, smallFrame: Buffer) {
    this.#scratch = scratch;
    this.#base = join(scratch, 'base');
    this.#port = port;
    this.frame = frame;
    this.smallFrame = smallFrame;
  }

  static async make(scratch: string): Promise<Store> {
    const store = new Store(scratch, await findFreePort(0), await oneFaceFrame(), await frontDeskFrame());
    const child = await store.#start(store.#base);
    try {
      const client = new PorticoClient(child.ready['url']!, child.ready['rootPem']!);
      await client.pair(child.ready['ownerCode']!, 'bench');
      const owner = await client.makeOwner('bench', PIN);
      await client.signIn(owner.id, PIN);
      const { id } = await client.createCustomer({ displayName: '顾客', salutation: '王女士', tier: 'gold', facts: ['喜欢靠窗的座位', 'Takes tea, not coffee'], doNot: ['不要推荐皮草'] });
      await client.giveConsent(id, { purposes: ['recognise', 'greet', 'preferences'] });
      await client.enrol(id, [store.frame, store.smallFrame]);
      store.#client = client;
    } finally {
      await child.stop();
    }
    store.#client.close();
    return store;
  }

  /** A folder with so many enrolled beside the bench's own customer; made once. */
  folder(others: number): string {
    const known = this.#filled.get(others);
    if (known !== undefined) return known;
    const folder = join(this.#scratch, `store-${others}`);
    cpSync(this.#base, folder, { recursive: true });
    if (others > 0) fill(folder, others);
    this.#filled.set(others, folder);
    return folder;
  }

  /** A fresh process on that folder. It goes on where the last one stopped: stop one before the next is started. */
  async start(others: number): Promise<Box> {
    const folder = this.folder(others);
    const client = this.#client!;
    const child = await this.#start(folder);
    return { child, client, stop: async () => { client.close(); await child.stop(); } };
  }

  #start(folder: string): Promise<Child> {
    return Child.start('boxProcess.js', {
      PORTICO_DATA_DIR: folder, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: String(this.#port), PORTICO_TRUST_PORT: '0', PORTICO_LOG_LEVEL: 'silent', PORTICO_IDLE_LOCK_MINUTES: '960',
    });
  }
}

/** Sends one frame on a camera of its own and checks that the bench's customer was recognised. */
export async function firstAnswer({ client }: Box, frame: Uint8Array): Promise<CameraResult['data']> {
  const camera = client.camera(MODE);
  try {
    await camera.nextOf('camera.ready');
    camera.socket.send(frame);
    const { data } = await camera.nextOf('camera.result');
    if (data.faces.length !== 1 || data.faces[0]!.decision !== 'known') throw new Error(`the bench's customer was not recognised: ${data.faces[0]?.decision}`);
    return data;
  } finally {
    camera.close();
  }
}

/** Customers with consent and a template of one photo, in one transaction: as the rooms would leave them. */
function fill(dataDirectory: string, people: number): void {
  const { db, close } = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: systemClock });
  try {
    const { model_id: modelId } = db.get<{ model_id: string }>('SELECT model_id FROM template LIMIT 1')!;
    const now = Date.now();
    const keys = new CustomerKeys({ db, clock: systemClock });
    const rotation = rotationOf(db, systemClock);
    db.transaction(() => {
      for (let i = 0; i < people; i++) {
        const customerId = fillerId(i);
        db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', customerId, `顾客 ${i}`, now);
        const consentId = randomUUID();
        db.run(
          `INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature)
           SELECT ?, ?, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature FROM consent WHERE rowid = 1`, consentId, customerId);
        for (const purpose of ['recognise', 'greet']) db.run('INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, ?)', consentId, purpose);
        const { lastInsertRowid } = db.run('INSERT INTO template (customer_id, model_id, made_at_ms) VALUES (?, ?, ?)', customerId, modelId, now);
        const templateId = BigInt(lastInsertRowid);
        const embedding = rotation.turn(new Embedding(rotated(latentPerson(i))));
        const sealed = keys.sealPhoto({ customerId, templateId: Number(templateId), position: 0, source: 'enrolment' }, embedding);
        db.run('INSERT INTO template_photo (template_id, position, pose, norm, embedding) VALUES (?, 0, ?, 3.5, ?)', templateId, 'any', sealed);
        db.run('INSERT INTO template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)', templateId, modelId, Buffer.from(embedding.values().buffer));
      }
    });
    db.truncateLog();
  } finally {
    close();
  }
}

export function fillerId(i: number): string {
  return `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
}
