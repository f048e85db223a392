/** How many cameras of five frames a second a box can serve, and how long its event loop is held up while it does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runCameras } from './cameras.js';
import { largestThatHolds, percentile, round } from './statistics.js';
import { firstAnswer, type Box, type Store } from './store.js';

/** The store's size in this part. */
const OTHERS = 10_000;
const STATIONS_MAX = 24;
const ANSWER_P95_MAX_MS = 300;
/** Share of a station's frames that have to be answered for it to count. */
const ANSWERED_MIN = 0.95;
const WATCH_MS = 6_000;

export async function measureStations({ store, say }: { store: Store; say(text: string): void }) {
  const box = await store.start(OTHERS);
  try {
    await firstAnswer(box, store.smallFrame);
    const holds = (frame: Uint8Array, what: string) => async (count: number): Promise<boolean> => {
      const cameras = await runCameras(box.client, count, frame, WATCH_MS);
      const all = cameras.flatMap(({ answeredMs }) => answeredMs);
      const p95 = all.length === 0 ? Infinity : percentile(all, 0.95);
      const answered = Math.min(...cameras.map(({ due, answeredMs }) => answeredMs.length / due));
      const held = p95 < ANSWER_P95_MAX_MS && answered >= ANSWERED_MIN;
      say(`${count} cameras, ${what}: p95 ${round(p95, 0)} ms, at least ${round(100 * answered, 0)} % answered: ${held ? 'held' : 'not held'}`);
      return held;
    };
    return {
      stations: (await largestThatHolds(1, STATIONS_MAX, holds(store.smallFrame, '640x360'))) ?? 0,
      stations_720p: (await largestThatHolds(1, STATIONS_MAX, holds(store.frame, '1280x720'))) ?? 0,
    };
  } finally {
    await box.stop();
  }
}

/** The 99th percentile of the event loop's delay in the box, at rest and with more cameras than its workers can serve. */
export async function measureLoop({ store, say }: { store: Store; say(text: string): void }) {
  const box = await store.start(OTHERS);
  try {
    await firstAnswer(box, store.frame);
    await sleep(1_000);
    const idle = await watched(box, () => sleep(WATCH_MS));
    say(`loop at rest: p99 ${round(idle)} ms; now ${STATIONS_MAX} cameras of 1280x720`);
    let load = 0;
    const cameras = await runCameras(box.client, STATIONS_MAX, store.frame, WATCH_MS, async () => { await box.child.ask('watchLoop'); })
      .finally(async () => { load = await box.child.ask('loopP99'); });
    const answered = cameras.reduce((sum, { answeredMs }) => sum + answeredMs.length, 0);
    const framesASecond = round(answered / (WATCH_MS / 1000), 1);
    say(`loop under load: p99 ${round(load)} ms; ${framesASecond} frames a second`);
    return { loop_p99_ms: { idle: round(idle), load: round(load) }, loop_frames_a_second: framesASecond };
  } finally {
    await box.stop();
  }
}

async function watched(box: Box, work: () => Promise<unknown>): Promise<number> {
  await box.child.ask('watchLoop');
  await work();
  return box.child.ask('loopP99');
}
