import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Type, type Static } from 'typebox';
import { Check, Errors } from 'typebox/schema';
import { PorticoError } from '../appliance/kit/index.js';
import { faultOf, modelOf } from './rules.js';

const closed = { additionalProperties: false } as const;
const TensorSpec = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    /** Dimensions in the order of the model, as the box runs it: a model that takes any size is run at this one. float32. */
    shape: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1 }),
  },
  closed,
);
export type TensorSpec = Static<typeof TensorSpec>;

/** Changes to a graph that make it faster and leave its answers (rewrite.ts). */
export const REWRITE_KINDS = ['prelu-as-convolutions'] as const;
export type RewriteKind = (typeof REWRITE_KINDS)[number];

const oneOf = <const T extends readonly string[]>(values: T) => Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** What every model of a pack says. */
const model = {
  /** Name in the models folder; a bare name, so that nothing can be written elsewhere. */
  file: Type.String({ pattern: '^[A-Za-z0-9_.-]+\\.onnx$' }),
  /** Where it lies inside the npm package; only for a pack that is fetched. */
  pathInPackage: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_/-]+\\.onnx$' })),
  /** Of the file as it is fetched; the hashes of the embedder and of what aligns are also part of `modelPack`. */
  bytes: Type.Integer({ minimum: 1 }),
  sha256: Sha256,
  /** What is done to the file before it is loaded (rewrite.ts), and what then comes out. */
  rewrite: Type.Optional(Type.Object({ kind: oneOf(REWRITE_KINDS), bytes: Type.Integer({ minimum: 1 }), sha256: Sha256 }, closed)),
  input: TensorSpec,
  /** In the order in which the box reads them; see appliance/vision/decoders.ts for each kind. */
  outputs: Type.Array(TensorSpec, { minItems: 1 }),
  /**
   * What it answers to the pattern of its self-test (appliance/vision/ort.ts): some values of each output. A pack without is held against
   * what this box got when it first ran it.
   */
  answers: Type.Optional(Type.Array(Type.Number(), { minItems: 1, maxItems: 64 })),
};
const DetectorSpec = Type.Object(
  {
    role: Type.Literal('detector'),
    /** How its outputs are read. `ultraface` gives boxes, the others five points as well. */
    kind: oneOf(['ultraface', 'yunet', 'scrfd'] as const),
    /** Candidates below this confidence are no faces. */
    scoreMin: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    ...model,
  },
  closed,
);
const LandmarksSpec = Type.Object({ role: Type.Literal('landmarks'), kind: oneOf(['ibug68'] as const), ...model }, closed);
const EmbedderSpec = Type.Object(
  {
    role: Type.Literal('embedder'),
    /** Order of the colour planes that it was trained on. */
    channels: oneOf(['RGB', 'BGR'] as const),
    /** A byte x goes in as (x - mean) / scale. */
    mean: Type.Number(),
    scale: Type.Number({ exclusiveMinimum: 0 }),
    /** Whether the mirrored face is embedded too and added: better, at twice the price. */
    mirrored: Type.Boolean(),
    ...model,
  },
  closed,
);
/** Says of one eye whether it is closed; only for enrolment photos, and a pack may leave it out. */
const EyesSpec = Type.Object({ role: Type.Literal('eyes'), kind: oneOf(['closed-open-24'] as const), ...model }, closed);
const ModelSpec = Type.Union([DetectorSpec, LandmarksSpec, EmbedderSpec, EyesSpec]);
export type ModelSpec = Static<typeof ModelSpec>;
export type ModelRole = ModelSpec['role'];
export type SpecOf<R extends ModelRole> = Extract<ModelSpec, { role: R }>;

const Gates = Type.Object(
  {
    /** Below: not a usable face. */
    usable: Type.Number({ minimum: 0 }),
    /** Below: wait for a better frame instead of deciding. */
    decide: Type.Number({ minimum: 0 }),
    /** Below: do not enrol. */
    enrol: Type.Number({ minimum: 0 }),
  },
  closed,
);
/** Limits on the L2 norm of the plain embedding, or null for a pack whose norm says nothing about the picture. */
export type Gates = Static<typeof Gates> | null;

const Cosine = Type.Number({ minimum: -1, maximum: 1 });
const Calibration = Type.Object(
  {
    /** Where the figures come from: faces, photos a person, date. */
    measuredOn: Type.String({ minLength: 1 }),
    /** False-positive identification rates of the columns (ISO/IEC 19795-1), falling. */
    fpir: Type.Array(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), { minItems: 2 }),
    /** The cosine that holds each rate, by number of people enrolled; rows and columns rise. */
    table: Type.Array(Type.Object({ people: Type.Integer({ minimum: 1 }), cosine: Type.Array(Cosine) }, closed), { minItems: 2 }),
    /** Added for ten times more people than the table knows. */
    perDecade: Type.Number({ minimum: 0, maximum: 1 }),
    /** No threshold below and above these. */
    floor: Cosine,
    cap: Cosine,
  },
  closed,
);
export type Calibration = Static<typeof Calibration>;

const ModelManifest = Type.Object(
  {
    /** Names the pack; part of what decides whether two templates may be compared. */
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]*$' }),
    source: Type.Object(
      {
        /** Under which terms the weights may be used here; read before the rest: a pack that does not say is refused. */
        licence: Type.String({ minLength: 1 }),
        provenance: Type.String({ minLength: 1 }),
        /** The npm package that holds the files; absent for a pack that a store brings itself. */
        npm: Type.Optional(
          Type.Object(
            {
              package: Type.String({ pattern: '^(@[a-z0-9._-]+/)?[a-z0-9._-]+$' }),
              version: Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' }),
              /** Subresource integrity of the tarball, as `npm view PACKAGE dist.integrity` prints it. */
              integrity: Type.String({ pattern: '^sha512-[A-Za-z0-9+/]{86}==$' }),
            },
            closed,
          ),
        ),
      },
      closed,
    ),
    models: Type.Array(ModelSpec, { minItems: 2, maxItems: 4 }),
    gates: Type.Union([Gates, Type.Null()]),
    /** null until `portico models check DIR --faces FOLDER --write` has measured it; the box does not start without. */
    calibration: Type.Union([Calibration, Type.Null()]),
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

/** The manifest that speaks for a folder of models: its own when it has one (a pack that the store brings), else the box's. */
export function manifestPathFor(modelsDir: string): string {
  const own = join(modelsDir, 'manifest.json');
  return existsSync(own) ? own : defaultManifestPath();
}

/**
 * Reads and checks a manifest.
 * @throws PorticoError model_missing when there is none, model_licence_missing when it names no licence, model_corrupt
 *   {file, expected, found} when it is not of the form above or does not fit together
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
  if (isObject(manifest) && isObject(manifest['source']) && !hasText(manifest['source']['licence'])) {
    throw new PorticoError('model_licence_missing', { file: path });
  }
  if (!Check(ModelManifest, manifest)) throw unlike(path, 'the form of models/manifest.ts', firstFault(manifest));
  const fault = faultOf(manifest);
  if (fault !== null) throw unlike(path, fault.expected, fault.found);
  return manifest;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const hasText = (value: unknown) => typeof value === 'string' && value.trim() !== '';

function unlike(file: string, expected: string, found: string): PorticoError {
  return new PorticoError('model_corrupt', { file, expected, found });
}

/** The first thing that is not of the form; of a model's many alternatives, what is wrong with the one of its role. */
function firstFault(manifest: unknown): string {
  const specs = { detector: DetectorSpec, landmarks: LandmarksSpec, embedder: EmbedderSpec, eyes: EyesSpec };
  const isRole = (role: unknown): role is ModelRole => typeof role === 'string' && Object.hasOwn(specs, role);
  const models = isObject(manifest) && Array.isArray(manifest['models']) ? (manifest['models'] as unknown[]) : [];
  for (const [index, entry] of models.entries()) {
    const role = isObject(entry) ? entry['role'] : undefined;
    if (!isRole(role)) return `a model of no known role at /models/${index}`;
    const [first] = Errors(specs[role], entry)[1];
    if (first !== undefined) return `${first.message} at /models/${index}${first.instancePath}`;
  }
  const [first] = Errors(ModelManifest, manifest)[1];
  return `${first?.message ?? 'another form'} at ${first?.instancePath || '/'}`;
}

/**
 * Raised when a change to alignment or embedding makes new templates differ from old ones while the pack stays.
 */
const RECIPE = 'r1';
/** What the first pack's recipe says about itself; its templates are known as plain `r1`. */
const FIRST_RECIPE = 'ultraface ibug68 BGR 127.5 128 mirrored f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258';

/**
 * Templates of one name may be compared, those of two never: the pack's id, the start of the embedder's hash as
 * fetched, and the recipe, which other constants around the same embedder and another model behind the alignment change too:
 * the landmarks, or the detector that gives the five points itself.
 */
export function modelPackOf(manifest: ModelManifest): string {
  const embedder = modelOf(manifest, 'embedder');
  const detector = modelOf(manifest, 'detector');
  const landmarks = modelOf(manifest, 'landmarks');
  const { channels, mean, scale, mirrored } = embedder;
  const recipe = [
    detector.kind, landmarks?.kind ?? 'five-points', channels, mean, scale, mirrored ? 'mirrored' : 'plain', (landmarks ?? detector).sha256,
  ].join(' ');
  const suffix = recipe === FIRST_RECIPE ? '' : `-${createHash('sha256').update(recipe).digest('hex').slice(0, 4)}`;
  return `${manifest.id}+${embedder.sha256.slice(0, 8)}.${RECIPE}${suffix}`;
}
