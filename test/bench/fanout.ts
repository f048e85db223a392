/**
 * From the first byte of a frame to the event on the last of 20 pages, less the time in which the frame was recognised;
 * and the floor for the same bytes. Both servers are child processes, all clients are in this one; runs in turns.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CameraMessage, CameraResult, LiveMessage } from '../../appliance/contract/index.js';
import { PorticoClient, type SocketReader } from '../../demo/client.js';
import { createVision, type Vision } from '../../appliance/vision/index.js';
import { Child } from './child.js';
import { p50p95, round, median } from './statistics.js';
import { type Box, type Store } from './store.js';

const PAGES = 20;
const WARM_UP = 8;
/** A session lasts 16 hours, and each run moves the box's clock by two minutes. */
const RUNS_MAX = 200;
/** After a visit was closed by hand a face does not reopen it for two minutes. */
const QUIET_MS = 121_000;
/** The store's size in this part. */
const OTHERS = 10_000;

interface FloorMessage { type: 'floor.event' }

export async function measureFanout({ store, scratch, modelsDir, frames, say }: {
  store: Store; scratch: string; modelsDir: string; frames: number; say(text: string): void;
}) {
  const floorFolder = join(scratch, 'floor');
  mkdirSync(floorFolder);
  const undo: (() => unknown)[] = [];
  try {
    const box = await store.start(OTHERS);
    undo.push(() => box.stop());
    const floor = await Child.start('floorProcess.js', { PORTICO_DATA_DIR: floorFolder });
    undo.push(() => floor.stop());
    const vision = createVision({ modelsDir, workers: 1 });
    await vision.start();
    undo.push(() => vision.stop());

    const product = new ProductLine(box);
    undo.push(() => product.close());
    await product.open();
    const floorLine = new FloorLine(floor);
    undo.push(() => floorLine.close());
    await floorLine.open();

    const fanout: number[] = [];
    const frameToEvent: number[] = [];
    const withCommit: number[] = [];
    const without: number[] = [];
    const runs = Math.min(frames, RUNS_MAX);
    for (let i = -WARM_UP; i < runs; i++) {
      if (i % 10 === 0) say(`fan-out ${i} of ${runs}`);
      const small = await product.run(store.smallFrame);
      const analyseMs = small.analyseMs ?? await analysedMs(vision, store.smallFrame);
      const commitMs = await floorLine.run(store.smallFrame, 'commit');
      const large = await product.run(store.frame);
      const plainMs = await floorLine.run(store.smallFrame, 'plain');
      if (i < 0) continue;
      fanout.push(small.lastMs - analyseMs);
      frameToEvent.push(large.firstMs);
      withCommit.push(commitMs);
      without.push(plainMs);
    }
    return {
      fanout_ms: p50p95(fanout), fanout_floor_ms: p50p95(withCommit), fanout_floor_no_commit_ms: p50p95(without),
      fanout_over_floor: round(median(fanout) / median(withCommit), 2), frame_to_event_ms: p50p95(frameToEvent),
    };
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** What the frame costs alone, for a box that does not say it itself. */
async function analysedMs(vision: Vision, frame: Uint8Array): Promise<number> {
  return (await vision.analyse(frame)).timings.totalMs;
}

/** The real box: a camera and 20 pages. */
class ProductLine {
  readonly #box: Box;
  readonly #pages: SocketReader<LiveMessage>[] = [];
  #camera: SocketReader<CameraMessage> | null = null;

  constructor(box: Box) {
    this.#box = box;
  }

  async open(): Promise<void> {
    for (let i = 0; i < PAGES; i++) this.#pages.push(this.#box.client.live());
    const [snapshot] = await Promise.all(this.#pages.map((page) => page.nextOf('live.snapshot')));
    for (const { visitId } of snapshot!.data.visits) await this.#end(visitId); // of an earlier part
    this.#camera = this.#box.client.camera('look_up');
    await this.#camera.nextOf('camera.ready');
  }

  /** One frame that opens a visit; the visit is closed again. Milliseconds until the first and the last page know of it. */
  async run(frame: Uint8Array): Promise<{ firstMs: number; lastMs: number; analyseMs: number | null }> {
    const camera = this.#camera!;
    const sentAt = performance.now();
    let firstMs: number | null = null;
    const heard = this.#pages.map(async (page) => {
      const { data } = await page.nextOf('visit.opened');
      firstMs ??= performance.now() - sentAt;
      return data.visit.visitId;
    });
    camera.socket.send(frame);
    const [visitId] = await Promise.all(heard);
    const lastMs = performance.now() - sentAt;
    const { data } = await camera.nextOf('camera.result') as { data: CameraResult['data'] & { analyseMs?: number } };
    await this.#end(visitId!);
    return { firstMs: firstMs!, lastMs, analyseMs: data.analyseMs ?? null };
  }

  async #end(visitId: string): Promise<void> {
    await this.#box.client.call('POST', `/visits/${visitId}/close`);
    await Promise.all(this.#pages.map((page) => page.nextOf('visit.closed')));
    await this.#box.child.ask('moveClock', QUIET_MS);
  }

  close(): void {
    for (const page of this.#pages) page.close();
    this.#camera?.close();
  }
}

/** The floor's server with the same clients. */
class FloorLine {
  readonly #client: PorticoClient;
  readonly #pages: SocketReader<FloorMessage>[] = [];
  #cameras: Record<'commit' | 'plain', SocketReader<FloorMessage>> | null = null;

  constructor(floor: Child) {
    this.#client = new PorticoClient(floor.ready['url']!, floor.ready['rootPem']!);
  }

  async open(): Promise<void> {
    for (let i = 0; i < PAGES; i++) this.#pages.push(this.#client.open<FloorMessage>('/live'));
    await Promise.all(this.#pages.map((page) => page.opened()));
    const open = (path: string) => this.#client.open<FloorMessage>(path).opened();
    this.#cameras = { commit: await open('/camera?commit'), plain: await open('/camera') };
  }

  async run(frame: Uint8Array, kind: 'commit' | 'plain'): Promise<number> {
    const sentAt = performance.now();
    const heard = this.#pages.map((page) => page.nextOf('floor.event'));
    this.#cameras![kind].socket.send(frame);
    await Promise.all(heard);
    return performance.now() - sentAt;
  }

  close(): void {
    for (const page of this.#pages) page.close();
    this.#cameras?.commit.close();
    this.#cameras?.plain.close();
    this.#client.close();
  }
}
