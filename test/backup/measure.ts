/** What a backup of a 200 MB store costs, and what it costs the frame path: `node dist/test/backup/measure.js [MEGABYTES]`. Figures, no judgement. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createVision } from '../../appliance/vision/index.js';
import { loadConfig } from '../../appliance/config/index.js';
import { oneFaceFrame } from '../bench/pictures.js';
import { median, percentile, round } from '../bench/statistics.js';
import { temporaryDirectory } from '../support/scratch.js';
import { backupsOf, filledStore, toFolder } from './store.js';

const FRAMES = 120;
const undo: (() => unknown)[] = [];
const t = { teardown: (fn: () => unknown) => { undo.push(fn); } } as Parameters<typeof filledStore>[0];
const store = await filledStore(t, { megabytes: Number(process.argv[2] ?? '200') });
store.rooms.db.truncateLog();
const vision = createVision({ modelsDir: loadConfig({}).modelsDirectory, workers: 1 });
await vision.start();
const frame = await oneFaceFrame();
const once = async () => (await vision.analyse(frame)).timings.totalMs;
for (let i = 0; i < 20; i += 1) await once();

/** The longest that the main thread stood still, and frames while `goesOn`. */
async function measure(goesOn: (done: number) => boolean): Promise<{ frames: number; medianMs: number; p95Ms: number; loopMaxMs: number }> {
  const times: number[] = [];
  let [last, longest] = [performance.now(), 0];
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last - 2);
    last = performance.now();
  }, 2);
  while (goesOn(times.length)) times.push(await once());
  clearInterval(beat);
  return { frames: times.length, medianMs: round(median(times)), p95Ms: round(percentile(times, 0.95)), loopMaxMs: round(longest) };
}

const memory = () => Math.round(process.memoryUsage.rss() / 1_048_576);
const before = await measure((done) => done < FRAMES);
const rssBefore = memory();
let rssMost = 0;
let running = true;
const steps: Record<string, number> = {};
const startedAt = performance.now();
const backups = backupsOf(store, toFolder(temporaryDirectory(t)), { onStep: (step) => { steps[step] ??= Math.round(performance.now() - startedAt); rssMost = Math.max(rssMost, memory()); } });
const done = backups.begin('console', { staffId: null, deviceId: null }).done.finally(() => { running = false; });
const during = await measure(() => running);
const run = await done;
const wholeMs = performance.now() - startedAt;
const after = await measure((count) => count < FRAMES);
const aloneAt = performance.now();
store.clock.move(60_000);
await backups.begin('console', { staffId: null, deviceId: null }).done;
console.log(JSON.stringify({
  databaseMb: Math.round(statSync(join(store.dataDirectory, 'portico.db')).size / 1_048_576), outcome: run.outcome, errorCode: run.errorCode, archiveMb: Math.round((run.bytes ?? 0) / 1_048_576),
  stepsBeganMs: steps, wholeSeconds: round(wholeMs / 1_000), wholeSecondsWithoutFrames: round((performance.now() - aloneAt) / 1_000), rssBeforeMb: rssBefore, rssMostMb: rssMost, frame: { before, during, after },
}, null, 1));
await vision.stop();
for (const step of undo.reverse()) step();
