/** Cameras that send five frames a second, each over a socket of its own; they run in this process, the box in another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CAMERA_CREDITS, type CameraMessage } from '../../appliance/contract/index.js';
import type { PorticoClient, SocketReader } from '../../demo/client.js';
import { seededRandom } from './random.js';

const PERIOD_MS = 200;
/** Before the watch begins, so that every camera has found its pace. */
const SETTLE_MS = 1_500;

export interface CameraRecord {
  /** Frames that were due while it was watched. */
  due: number;
  /** From sending a frame to its answer, for each of those that was answered. */
  answeredMs: number[];
}

/** So many cameras at once, watched for so long. @throws Error when the box refuses a camera or a frame */
export async function runCameras(client: PorticoClient, count: number, frame: Uint8Array, watchMs: number, meanwhile?: () => Promise<void>): Promise<CameraRecord[]> {
  const random = seededRandom(count);
  const cameras: PacedCamera[] = [];
  try {
    for (let i = 0; i < count; i++) cameras.push(new PacedCamera(client.camera('front_desk'), frame, random() * PERIOD_MS));
    await Promise.all(cameras.map((camera) => camera.ready()));
    for (const camera of cameras) camera.start();
    await sleep(SETTLE_MS);
    await meanwhile?.();
    const from = performance.now();
    await sleep(watchMs);
    const to = performance.now();
    await sleep(PERIOD_MS); // what is under way may still be answered
    return cameras.map((camera) => camera.record(from, to));
  } finally {
    for (const camera of cameras) camera.close();
  }
}

/** Keeps to the credits: when a frame is due and none is left, that frame is not sent and counts as not answered. */
class PacedCamera {
  readonly #reader: SocketReader<CameraMessage>;
  readonly #frame: Uint8Array;
  readonly #phaseMs: number;
  /** Each frame that was due, in order of time. */
  readonly #due: { atMs: number; answeredMs: number | null }[] = [];
  readonly #underWay = new Map<number, { atMs: number; answeredMs: number | null }>();
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | null = null;

  constructor(reader: SocketReader<CameraMessage>, frame: Uint8Array, phaseMs: number) {
    this.#reader = reader;
    this.#frame = frame;
    this.#phaseMs = phaseMs;
  }

  async ready(): Promise<void> {
    await this.#reader.nextOf('camera.ready');
  }

  start(): void {
    this.#listen().catch((error: unknown) => { this.#failure = error as Error; });
    let dueAt = performance.now() + this.#phaseMs;
    const next = () => {
      this.#tick(dueAt);
      dueAt += PERIOD_MS;
      this.#timer = setTimeout(next, Math.max(0, dueAt - performance.now()));
    };
    this.#timer = setTimeout(next, this.#phaseMs);
  }

  /** What was due in that time. */
  record(fromMs: number, toMs: number): CameraRecord {
    if (this.#failure !== null) throw this.#failure;
    const due = this.#due.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    return { due: due.length, answeredMs: due.flatMap(({ answeredMs }) => (answeredMs === null ? [] : [answeredMs])) };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#reader.close();
  }

  #tick(atMs: number): void {
    const entry = { atMs, answeredMs: null };
    this.#due.push(entry);
    if (this.#underWay.size >= CAMERA_CREDITS) return;
    this.#underWay.set(++this.#sent, entry);
    this.#reader.socket.send(this.#frame);
  }

  async #listen(): Promise<void> {
    for (;;) {
      const message = await this.#reader.next();
      if (message.type === 'error' || message.type === 'camera.refused') throw new Error(`the box refused a frame: ${JSON.stringify(message)}`);
      if (message.type === 'camera.ready') continue;
      const entry = this.#underWay.get(message.data.frame);
      this.#underWay.delete(message.data.frame);
      if (message.type === 'camera.result' && entry !== undefined) entry.answeredMs = performance.now() - entry.atMs;
    }
  }
}
