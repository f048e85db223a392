/** From JPEG bytes to faces: ours, the models' own time on the same frame, and two npm peers, in turns. */
import { createVision, type FrameAnalysis } from '../../appliance/vision/index.js';
import { loadPeers } from './peers.js';
import { fiveFaceFrame, oneFaceFrame } from './pictures.js';
import { median, percentile, round } from './statistics.js';

const WARM_UP = 5;
/** The peers take half a second each: one turn in so many. */
const PEERS_EVERY = 4;
const FACE_HEIGHT_MIN = 100;

export async function measureFrame({ modelsDir, frames, say }: { modelsDir: string; frames: number; say(text: string): void }) {
  const one = await oneFaceFrame();
  const five = await fiveFaceFrame();
  const vision = createVision({ modelsDir, workers: 1 });
  try {
    await vision.start();
    const peers = await loadPeers();
    const times = { one: [] as number[], oneModels: [] as number[], five: [] as number[], fiveModels: [] as number[], faceApi: [] as number[], human: [] as number[] };
    for (let i = -WARM_UP; i < frames; i++) {
      if (i % 10 === 0) say(`frame ${i} of ${frames}`);
      const withPeers = i < 0 || i % PEERS_EVERY === 0;
      const faceApiMs = withPeers ? await peers.faceApiMs(one) : null;
      const ours = await vision.analyse(one);
      const humanMs = withPeers ? await peers.humanMs(one) : null;
      const oursFive = await vision.analyse(five);
      expectFaces(ours, 1);
      expectFaces(oursFive, 5);
      if (i < 0) continue;
      times.one.push(ours.timings.totalMs);
      times.oneModels.push(ours.timings.modelsMs);
      times.five.push(oursFive.timings.totalMs);
      times.fiveModels.push(oursFive.timings.modelsMs);
      if (faceApiMs !== null) times.faceApi.push(faceApiMs);
      if (humanMs !== null) times.human.push(humanMs);
    }
    return {
      frame_ms: round(median(times.one)), frame_p95_ms: round(percentile(times.one, 0.95)), models_ms: round(median(times.oneModels)),
      frame5_ms: round(median(times.five)), frame5_p95_ms: round(percentile(times.five, 0.95)), models5_ms: round(median(times.fiveModels)),
      face_api_ms: round(median(times.faceApi)), human_ms: round(median(times.human)),
    };
  } finally {
    await vision.stop();
  }
}

function expectFaces({ faces }: FrameAnalysis, wanted: number): void {
  if (faces.length !== wanted) throw new Error(`the frame has ${faces.length} faces, not ${wanted}`);
  for (const { box } of faces) if (box.height < FACE_HEIGHT_MIN) throw new Error(`a face is only ${Math.round(box.height)} pixels high`);
}
