/** What must be true of a manifest beyond its form: that its parts fit together and fit the code around each kind of model. */
import { PorticoError } from '../appliance/kit/index.js';
import type { Calibration, ModelManifest, ModelRole, ModelSpec, SpecOf, TensorSpec } from './manifest.js';

/** The model of a role; `loadManifest` has made sure that there is one detector and one embedder. */
export function modelOf<R extends 'detector' | 'embedder'>(manifest: ModelManifest, role: R): SpecOf<R>;
/** null for a pack whose detector gives the five points itself, or that does not judge eyes. */
export function modelOf<R extends 'landmarks' | 'eyes'>(manifest: ModelManifest, role: R): SpecOf<R> | null;
export function modelOf(manifest: ModelManifest, role: ModelRole): ModelSpec | null {
  const model = manifest.models.find((candidate) => candidate.role === role) ?? null;
  if (model === null && (role === 'detector' || role === 'embedder')) throw new PorticoError('model_corrupt', { expected: role, found: 'none' });
  return model;
}

/** What does not fit together in a manifest of the right form; null when all does. */
export function faultOf(manifest: ModelManifest): { expected: string; found: string } | null {
  const of = <R extends ModelRole>(role: R) => manifest.models.filter((model): model is SpecOf<R> => model.role === role);
  const [detectors, landmarks, embedders, eyes] = [of('detector'), of('landmarks'), of('embedder'), of('eyes')];
  if (detectors.length !== 1) return { expected: 'one detector', found: String(detectors.length) };
  if (embedders.length !== 1) return { expected: 'one embedder', found: String(embedders.length) };
  // The others give five points; with landmarks as well these count, and lids and yaw are known better.
  const least = detectors[0]!.kind === 'ultraface' ? 1 : 0;
  if (landmarks.length < least || landmarks.length > 1) return { expected: `${least === 1 ? 'one' : 'at most one'} landmark model for ${detectors[0]!.kind}`, found: String(landmarks.length) };
  // Where an eye begins and ends only the 68 points say.
  if (eyes.length > landmarks.length) return { expected: 'at most one eyes model, and that beside landmarks', found: `${eyes.length} beside ${landmarks.length}` };
  const files = new Set(manifest.models.map((model) => model.file));
  if (files.size !== manifest.models.length) return { expected: 'a file of its own for each model', found: [...files].join(', ') };
  if (manifest.source.npm !== undefined && manifest.models.some((model) => model.pathInPackage === undefined)) {
    return { expected: 'pathInPackage for each model of an npm package', found: 'none' };
  }
  const shapes = shapesOf(manifest);
  if (shapes !== null) return shapes;
  const { gates, calibration } = manifest;
  if (gates !== null && !(gates.usable <= gates.decide && gates.decide <= gates.enrol)) {
    return { expected: 'gates usable <= decide <= enrol', found: `${gates.usable}, ${gates.decide}, ${gates.enrol}` };
  }
  return calibration === null ? null : tableFault(calibration);
}

/** A faulty shape: what the code around each kind of model takes for granted. */
function shapesOf(manifest: ModelManifest): { expected: string; found: string } | null {
  for (const model of manifest.models) {
    const found = describe(model.input, model.outputs);
    const expected = (text: string) => ({ expected: `${model.role}: ${text}`, found });
    const [batch, channels, height = 0, width = 0] = model.input.shape;
    if (model.input.shape.length !== 4 || batch !== 1) return expected('an input of 1 x channels x height x width');
    const sizes = model.outputs.map(sizeOf);
    switch (model.role) {
      case 'detector': {
        if (channels !== 3) return expected('3 channels');
        if (model.kind === 'ultraface') {
          if (sizes.length !== 2 || sizes[0]! % 2 !== 0 || sizes[1] !== 2 * sizes[0]!) return expected('outputs scores (n x 2) and boxes (n x 4)');
          break;
        }
        if (height % 32 !== 0 || width % 32 !== 0) return expected('height and width multiples of 32');
        const cells = [8, 16, 32].map((stride) => (height / stride) * (width / stride));
        const parts = model.kind === 'yunet' ? [1, 1, 4, 10] : [2, 8, 20];
        const wanted = parts.flatMap((values) => cells.map((count) => count * values));
        if (sizes.join() !== wanted.join()) return expected(`outputs of ${wanted.join(', ')} values (strides 8, 16, 32)`);
        break;
      }
      case 'landmarks':
        if (channels !== 1 || height !== 64 || width !== 64 || sizes.join() !== '136') return expected('1 x 1 x 64 x 64 in, 136 values out');
        break;
      case 'eyes':
        if (channels !== 1 || height !== 24 || width !== 24 || sizes.join() !== '2') return expected('1 x 1 x 24 x 24 in, 2 values out');
        break;
      case 'embedder':
        if (channels !== 3 || height !== 112 || width !== 112) return expected('1 x 3 x 112 x 112 in');
        if (sizes.length !== 1 || sizes[0]! < 64 || sizes[0]! > EMBEDDING_LENGTH) return expected(`one output of 64 to ${EMBEDDING_LENGTH} values`);
        break;
    }
  }
  return null;
}

function tableFault({ fpir, table, floor, cap }: Calibration): { expected: string; found: string } | null {
  const rises = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]!);
  if (!rises([...fpir].reverse())) return { expected: 'calibration: fpir that falls', found: fpir.join(', ') };
  if (!(floor < cap)) return { expected: 'calibration: floor below cap', found: `${floor}, ${cap}` };
  for (const [index, row] of table.entries()) {
    if (row.cosine.length !== fpir.length) return { expected: `calibration: ${fpir.length} cosines for ${row.people} people`, found: String(row.cosine.length) };
    if (!rises(row.cosine)) return { expected: `calibration: rising cosines for ${row.people} people`, found: row.cosine.join(', ') };
    if (index > 0 && row.people <= table[index - 1]!.people) return { expected: 'calibration: rows of growing people', found: String(row.people) };
  }
  return null;
}

/** Values of an embedding everywhere outside the vision room; a shorter one is filled up with zeros there. */
export const EMBEDDING_LENGTH = 512;

export function sizeOf(spec: TensorSpec): number {
  return spec.shape.reduce((product, dimension) => product * dimension, 1);
}

export function describe(input: TensorSpec, outputs: readonly TensorSpec[]): string {
  const text = (spec: TensorSpec) => `${spec.name}[${spec.shape.join('x')}]`;
  return `${text(input)} -> ${outputs.map(text).join(',')}`;
}
