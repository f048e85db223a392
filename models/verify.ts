import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PorticoError } from '../appliance/kit/index.js';
import type { ModelManifest, ModelSpec } from './manifest.js';
import { modelOf } from './rules.js';

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** An update may have added a model to the pack: then it is not in a folder that was filled by hand. */
const HINT = '"npm run models" fetches it into models/files; a folder that PORTICO_MODELS_DIR names needs a copy of it.';

/**
 * Reads one model and checks that it is the one named in the manifest. What is returned is what was checked: use
 * these bytes, not the path again. A file as fetched that is to be rewritten is rewritten here, in memory (25 ms for the
 * first pack's recogniser), so that a folder filled by hand does as well as one filled by `npm run models`.
 * @throws PorticoError model_missing {file, expected, hint} or model_corrupt {file, expected, found}
 */
export async function readModel(dir: string, spec: ModelSpec): Promise<Uint8Array> {
  const file = join(dir, spec.file);
  const ready = spec.rewrite?.sha256 ?? spec.sha256;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new PorticoError('model_missing', { file, expected: `sha256 ${spec.sha256}`, hint: HINT }, { cause });
  }
  let found = sha256Of(bytes);
  if (spec.rewrite !== undefined && found === spec.sha256) {
    // Only here: who has the rewritten file need not load the reader of the format.
    const { rewrite } = await import('./rewrite.js');
    bytes = rewrite(bytes, spec.rewrite.kind);
    found = sha256Of(bytes);
  }
  if (found !== ready) throw new PorticoError('model_corrupt', { file, expected: `sha256 ${ready}`, found: `sha256 ${found}` });
  return bytes;
}

/** The files of a pack, checked and ready to load. */
export interface ModelBytes {
  detector: Uint8Array;
  /** null for a pack whose detector gives five points. */
  landmarks: Uint8Array | null;
  embedder: Uint8Array;
  /** null for a pack that does not judge eyes. */
  eyes: Uint8Array | null;
}

/** All models of a pack, by role. @throws as `readModel`, for the first that is wrong */
export async function readModels(dir: string, manifest: ModelManifest): Promise<ModelBytes> {
  const ofAny = async (role: 'landmarks' | 'eyes') => {
    const spec = modelOf(manifest, role);
    return spec === null ? null : readModel(dir, spec);
  };
  return {
    detector: await readModel(dir, modelOf(manifest, 'detector')),
    landmarks: await ofAny('landmarks'),
    embedder: await readModel(dir, modelOf(manifest, 'embedder')),
    eyes: await ofAny('eyes'),
  };
}

/**
 * Whether the files of a pack are still those that were loaded, read in pieces: nothing waits for it.
 * @returns the first file that is missing or another one; null: all are as they were
 */
export async function changedModel(dir: string, manifest: ModelManifest): Promise<string | null> {
  for (const { file, sha256, rewrite } of manifest.models) {
    const hash = createHash('sha256');
    try {
      for await (const piece of createReadStream(join(dir, file))) hash.update(piece as Buffer);
    } catch {
      return file;
    }
    if (![sha256, rewrite?.sha256].includes(hash.digest('hex'))) return file;
  }
  return null;
}

/** Checks all models of a folder. @throws as `readModel`, for the first that is wrong */
export async function verifyModels(dir: string, manifest: ModelManifest): Promise<void> {
  for (const spec of manifest.models) await readModel(dir, spec);
}
