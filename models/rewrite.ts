/**
 * Changes to a network's graph that change its speed and not its answers. Pure: bytes in, bytes out, the same ones
 * every time, so that the manifest can name the hash of the result.
 */
import onnxProto from 'onnx-proto';
import { PorticoError } from '../appliance/kit/index.js';
import type { RewriteKind } from './manifest.js';

const { AttributeProto, ModelProto, NodeProto, TensorProto } = onnxProto.onnx;
type Tensor = InstanceType<typeof TensorProto>;
type Node = InstanceType<typeof NodeProto>;

/**
 * ONNX Runtime has no blocked-layout kernel for PRelu, so that each one costs two changes of layout. The same value is
 * `a * y + (1 - a) * Relu(y)`: two depthwise 1x1 convolutions, for which it has. RECOGNITION.md, "Time": the stock
 * recogniser takes half as long, outputs equal to 4e-7.
 * @param bytes an .onnx file in which every PRelu has a constant slope for each channel (C x 1 x 1)
 * @throws PorticoError model_corrupt {expected, found} when it is not of that kind
 */
export function rewrite(bytes: Uint8Array, kind: RewriteKind): Uint8Array {
  switch (kind) {
    case 'prelu-as-convolutions':
      return preluAsConvolutions(bytes);
  }
}

function preluAsConvolutions(bytes: Uint8Array): Uint8Array {
  let model;
  try {
    model = ModelProto.decode(bytes);
  } catch (cause) {
    throw new PorticoError('model_corrupt', { expected: 'an ONNX file', found: 'something else' }, { cause });
  }
  const { graph } = model;
  if (graph?.node == null || graph.initializer == null) throw unlike('a graph with weights', 'none');
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor as Tensor]));
  const nodes: Node[] = [];
  const slopes = new Set<string>();
  const added: Tensor[] = [];
  for (const node of graph.node as Node[]) {
    if (node.opType !== 'PRelu') {
      nodes.push(node);
      continue;
    }
    const [input, slopeName] = node.input as [string, string];
    const [output] = node.output as [string];
    const slope = channelValues(constants.get(slopeName), slopeName);
    slopes.add(slopeName);
    const name = (part: string) => `${output}/prelu/${part}`;
    added.push(
      depthwiseWeights(name('slope'), slope),
      depthwiseWeights(name('rest'), slope.map((value) => 1 - value)),
    );
    nodes.push(
      new NodeProto({ name: name('Relu'), opType: 'Relu', input: [input], output: [name('positive')] }),
      depthwise(name('ConvSlope'), input, name('slope'), name('sloped'), slope.length),
      depthwise(name('ConvRest'), name('positive'), name('rest'), name('rested'), slope.length),
      new NodeProto({ name: name('Add'), opType: 'Add', input: [name('sloped'), name('rested')], output: [output] }),
    );
  }
  if (slopes.size === 0) throw unlike('a graph with PRelu', 'one without');
  for (const node of nodes) for (const input of node.input) slopes.delete(input);
  graph.node = nodes;
  graph.initializer = [...graph.initializer.filter((tensor) => !slopes.has(tensor.name ?? '')), ...added];
  graph.input = (graph.input ?? []).filter((input) => !slopes.has(input.name ?? ''));
  return ModelProto.encode(model).finish();
}

/** The values of a slope, one for each channel. */
function channelValues(tensor: Tensor | undefined, name: string): Float32Array {
  if (tensor === undefined) throw unlike(`a constant slope ${name}`, 'a computed one');
  const dims = tensor.dims.map(Number);
  const [channels = 0] = dims;
  const { rawData } = tensor;
  if (tensor.dataType !== TensorProto.DataType.FLOAT || dims.length !== 3 || dims[1] !== 1 || dims[2] !== 1 || rawData.length !== 4 * channels) {
    throw unlike(`slope ${name} of float32 Cx1x1`, dims.join('x'));
  }
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Float32Array.from({ length: channels }, (_, i) => view.getFloat32(4 * i, true));
}

function depthwiseWeights(name: string, values: Float32Array): Tensor {
  const rawData = new Uint8Array(4 * values.length);
  const view = new DataView(rawData.buffer);
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return new TensorProto({ name, dims: [values.length, 1, 1, 1], dataType: TensorProto.DataType.FLOAT, rawData });
}

function depthwise(name: string, input: string, weights: string, output: string, channels: number): Node {
  const { INT, INTS } = AttributeProto.AttributeType;
  return new NodeProto({
    name,
    opType: 'Conv',
    input: [input, weights],
    output: [output],
    attribute: [
      new AttributeProto({ name: 'group', type: INT, i: channels }),
      new AttributeProto({ name: 'kernel_shape', type: INTS, ints: [1, 1] }),
    ],
  });
}

function unlike(expected: string, found: string): PorticoError {
  return new PorticoError('model_corrupt', { expected, found });
}
