import type { ModelManifest, ModelSpec } from '../../models/manifest.js';
import { modelOf } from '../../models/rules.js';
import type { ModelBytes } from '../../models/verify.js';
import { Detector } from './detector.js';
import { Embedder } from './embedder.js';
import { EyeReader } from './eyes.js';
import { LandmarkFinder } from './landmarks.js';
import { Model } from './ort.js';

/** The networks of a pack, ready to run one after the other in one thread. */
export interface LoadedPack {
  models: readonly Model[];
  detector: Detector;
  /** null for a pack whose detector gives five points. */
  landmarks: LandmarkFinder | null;
  embedder: Embedder;
  /** null for a pack that does not judge eyes. */
  eyes: EyeReader | null;
}

/**
 * Loads the models of a pack and runs a synthetic pattern through each.
 * @throws PorticoError model_corrupt for one that does not load, has other inputs and outputs than the manifest, or
 *   answers with NaN or infinity; vision_unavailable when the runtime itself fails. Then nothing stays loaded
 */
export async function loadPack(manifest: ModelManifest, bytes: ModelBytes): Promise<LoadedPack> {
  const models: Model[] = [];
  const load = async (spec: ModelSpec, file: Uint8Array) => {
    const model = await Model.load(file, spec);
    models.push(model);
    await model.selfTest();
    return model;
  };
  const [detector, landmarks, embedder, eyes] = [
    modelOf(manifest, 'detector'), modelOf(manifest, 'landmarks'), modelOf(manifest, 'embedder'), modelOf(manifest, 'eyes'),
  ];
  try {
    return {
      models,
      detector: new Detector(await load(detector, bytes.detector), detector),
      landmarks: landmarks === null || bytes.landmarks === null ? null : new LandmarkFinder(await load(landmarks, bytes.landmarks)),
      embedder: new Embedder(await load(embedder, bytes.embedder), embedder),
      eyes: eyes === null || bytes.eyes === null ? null : new EyeReader(await load(eyes, bytes.eyes)),
    };
  } catch (error) {
    await release(models);
    throw error;
  }
}

export async function release(models: readonly Model[]): Promise<void> {
  for (const model of models) await model.release();
}
