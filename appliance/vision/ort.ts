/** The only file that knows the inference runtime. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelSpec, TensorSpec } from '../../models/manifest.js';
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
    this.input = new Float32Array(size(spec.input));
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
    const expected = describe([spec.input], spec.outputs);
    const found = describe(tensors(session.inputMetadata), tensors(session.outputMetadata));
    if (found !== expected) {
      await session.release();
      throw new PorticoError('model_corrupt', { file: spec.file, expected, found });
    }
    return new Model(spec, session);
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
      if (!(data instanceof Float32Array) || data.length !== size(output)) {
        throw new PorticoError('vision_unavailable', { file: this.#spec.file, output: output.name });
      }
      return data;
    });
  }

  /** A pass over a synthetic pattern. @throws PorticoError vision_unavailable unless every output is finite */
  async selfTest(): Promise<void> {
    for (let i = 0; i < this.input.length; i++) this.input[i] = Math.sin(i * 0.1);
    for (const output of await this.run()) {
      if (!output.every(Number.isFinite)) throw new PorticoError('vision_unavailable', { file: this.#spec.file });
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function size(spec: TensorSpec): number {
  return spec.shape.reduce((product, dimension) => product * dimension, 1);
}

function tensors(metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] {
  return metadata.map((value) =>
    value.isTensor && value.type === 'float32'
      ? { name: value.name, shape: value.shape.map(Number) }
      : { name: `${value.name} (not float32)`, shape: [] },
  );
}

function describe(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): string {
  const list = (specs: readonly TensorSpec[]) => specs.map((spec) => `${spec.name}[${spec.shape.join('x')}]`).join(',');
  return `${list(inputs)} -> ${list(outputs)}`;
}
