/** The only file that knows the inference runtime. */
import './noTelemetry.js'; // first
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelSpec, TensorSpec } from '../../models/manifest.js';
import { describe, sizeOf } from '../../models/rules.js';
import { PorticoError } from '../kit/index.js';

const OPTIONS: InferenceSession.SessionOptions = {
  // Errors only: the runtime otherwise prints to standard error by itself.
  logSeverityLevel: 3,
  // Halves the detector's time (RECOGNITION.md).
  graphOptimizationLevel: 'all',
  // One core a worker: a second thread spins and is 3 to 5 times slower on a busy box (RECOGNITION.md).
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
};

/** Of each output of the self-test so many values, evenly spread. */
const ANSWERS = 8;

/** One network with one input tensor that is filled and run over and over; runs must not overlap. */
export class Model {
  /** The input tensor's own memory, float32, row-major in the manifest's shape. Fill it, then `run()`. */
  readonly input: Float32Array;
  readonly #spec: ModelSpec;
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, Tensor>;
  #ranMs = 0;

  private constructor(spec: ModelSpec, session: InferenceSession) {
    this.#spec = spec;
    this.#session = session;
    this.input = new Float32Array(sizeOf(spec.input));
    this.#feeds = { [spec.input.name]: new Tensor('float32', this.input, spec.input.shape) };
  }

  /**
   * @param bytes the .onnx file, already checked against the manifest
   * @throws PorticoError model_corrupt when it does not load or its inputs and outputs are not the manifest's;
   *   vision_unavailable when the runtime itself fails
   */
  static async load(bytes: Uint8Array, spec: ModelSpec): Promise<Model> {
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(bytes, OPTIONS);
    } catch (cause) {
      throw new PorticoError('model_corrupt', { file: spec.file, expected: 'a model that loads', found: 'one that does not' }, { cause });
    }
    const fault = mismatch(spec, session);
    if (fault !== null) {
      await session.release();
      throw new PorticoError('model_corrupt', { file: spec.file, expected: describe(spec.input, spec.outputs), found: fault });
    }
    return new Model(spec, session);
  }

  get role(): ModelSpec['role'] {
    return this.#spec.role;
  }

  /** Time spent in `session.run` since the last call, ms: the floor under everything else. */
  takeRanMs(): number {
    const ranMs = this.#ranMs;
    this.#ranMs = 0;
    return ranMs;
  }

  /** One pass over `input`. @returns the outputs in the manifest's order, float32, row-major */
  async run(): Promise<Float32Array[]> {
    const started = performance.now();
    const results = await this.#session.run(this.#feeds);
    this.#ranMs += performance.now() - started;
    return this.#spec.outputs.map((output) => {
      const data = results[output.name]?.data;
      if (!(data instanceof Float32Array) || data.length !== sizeOf(output)) {
        throw new PorticoError('vision_unavailable', { file: this.#spec.file, output: output.name });
      }
      return data;
    });
  }

  /**
   * A pass over a synthetic pattern, always the same one.
   * @returns values of each output, evenly spread: the same each time, but for rounding on another machine
   * @throws PorticoError model_corrupt {file, expected, found} unless it runs and every output has the manifest's size and is finite
   */
  async selfTest(): Promise<number[]> {
    for (let i = 0; i < this.input.length; i++) this.input[i] = Math.sin(i * 0.1);
    let outputs: Float32Array[];
    try {
      outputs = await this.run();
    } catch (cause) {
      throw new PorticoError('model_corrupt', { file: this.#spec.file, expected: describe(this.#spec.input, this.#spec.outputs), found: 'outputs of another form' }, { cause });
    }
    const broken = this.#spec.outputs.find((_, index) => !outputs[index]!.every(Number.isFinite));
    if (broken !== undefined) throw new PorticoError('model_corrupt', { file: this.#spec.file, expected: 'finite numbers', found: `${broken.name} with NaN or infinity` });
    return outputs.flatMap((output) => spread(output));
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function spread(output: Float32Array): number[] {
  const count = Math.min(ANSWERS, output.length);
  // Six digits: what is kept in a manifest should be readable, and float32 has no more than seven.
  return Array.from({ length: count }, (_, i) => Number(output[Math.floor(((i + 0.5) * output.length) / count)]!.toPrecision(6)));
}

/** What the file says of itself where that is not the manifest's; null when they agree. Free dimensions fit any number. */
function mismatch(spec: ModelSpec, session: InferenceSession): string | null {
  const inputs = session.inputMetadata;
  const outputs = session.outputMetadata;
  const found = `${inputs.map(text).join(',')} -> ${outputs.map(text).join(',')}`;
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined || !fits(input, spec.input)) return found;
  // Exporters write the outputs' sizes at the size they exported with, also where the input may be of any: what comes
  // out is then seen only when it runs (`selfTest`).
  const anySize = input.isTensor && input.shape.some((dimension) => !isFixed(dimension));
  const all = spec.outputs.every((output) => {
    const its = outputs.find(({ name }) => name === output.name);
    return its !== undefined && (anySize ? its.isTensor && its.type === 'float32' : fits(its, output));
  });
  return all && outputs.length === spec.outputs.length ? null : found;
}

const isFixed = (dimension: number | string) => typeof dimension === 'number' && dimension > 0;

function fits(value: InferenceSession.ValueMetadata, spec: TensorSpec): boolean {
  if (!value.isTensor || value.type !== 'float32' || value.name !== spec.name || value.shape.length !== spec.shape.length) return false;
  return value.shape.every((dimension, index) => !isFixed(dimension) || dimension === spec.shape[index]);
}

function text(value: InferenceSession.ValueMetadata): string {
  return value.isTensor && value.type === 'float32' ? `${value.name}[${value.shape.join('x')}]` : `${value.name} (not float32)`;
}
