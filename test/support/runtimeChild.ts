/** Loads a model in one of three ways and ends: to see what a process leaves behind that did. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultModelsDir, loadManifest, manifestPathFor } from '../../models/manifest.js';

const directory = defaultModelsDir();
const { models } = await loadManifest(manifestPathFor(directory));
const bytes = readFileSync(join(directory, models[0]!.file));
const how = process.argv[2];
if (how === 'runtime') { // as its makers give it out
  const { InferenceSession } = await import('onnxruntime-node');
  await InferenceSession.create(bytes, { logSeverityLevel: 3 });
} else if (how === 'model') {
  const { Model } = await import('../../appliance/vision/ort.js');
  await Model.load(bytes, models[0]!);
} else {
  const { createVision } = await import('../../appliance/vision/index.js');
  const vision = createVision({ modelsDir: directory, workers: 1 });
  await vision.start();
  await vision.stop();
}
