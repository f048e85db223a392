import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultManifestPath, defaultModelsDir, type ModelManifest } from '../../models/manifest.js';
import { sha256Of } from '../../models/verify.js';

/** The built-in manifest as a store would write its own: no npm package behind it. */
export async function ownManifest(): Promise<ModelManifest> {
  const manifest = JSON.parse(await readFile(defaultManifestPath(), 'utf8')) as ModelManifest;
  delete manifest.source.npm;
  return { ...manifest, id: 'own-pack' };
}

/** A pack in a folder of its own: the built-in files, a manifest that names them, and what `change` does to it. */
export async function packFolder(dir: string, change: (manifest: ModelManifest) => unknown = () => undefined): Promise<string> {
  const manifest = await ownManifest();
  await mkdir(dir, { recursive: true });
  for (const { file } of manifest.models) await cp(join(defaultModelsDir(), file), join(dir, file));
  await change(manifest);
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
  return dir;
}

/** Puts another embedder into a pack. */
export async function useEmbedder(dir: string, manifest: ModelManifest, bytes: Uint8Array, length: number): Promise<void> {
  await writeFile(join(dir, 'tiny.onnx'), bytes);
  const models = manifest.models.filter(({ role }) => role !== 'embedder');
  manifest.models = [...models, {
    role: 'embedder', channels: 'RGB', mean: 127.5, scale: 127.5, mirrored: false, file: 'tiny.onnx', bytes: bytes.length, sha256: sha256Of(bytes),
    input: { name: 'data', shape: [1, 3, 112, 112] }, outputs: [{ name: 'fc1', shape: [1, length] }],
  }];
}
