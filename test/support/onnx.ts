/** Small networks made on the spot, for what no real model does: NaN, other shapes, nothing at all. */
import onnxProto from 'onnx-proto';

const { ModelProto, TensorProto } = onnxProto.onnx;
const FLOAT = TensorProto.DataType.FLOAT;

/**
 * An embedder of mean colours: 1 x 3 x 112 x 112 -> 1 x `length`, each value a mix of the three means plus `bias`.
 * @param options.root takes the root of each value: NaN where it is negative, so for dark pictures
 * @param options.free leaves batch, height and width open, as exporters of any-size models do
 */
export function tinyEmbedder(options: { length: number; bias: number; weight?: number; root?: boolean; free?: boolean }): Uint8Array {
  const { length, bias, weight = 1, root = false, free = false } = options;
  const dims = (...sizes: (number | string)[]) => ({
    tensorType: { elemType: FLOAT, shape: { dim: sizes.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size })) } },
  });
  const floats = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
  // Another mix for each value: with root all of one sign, so that the mean brightness decides.
  const mix = Array.from({ length: 3 * length }, (_, i) => weight * (root ? 1 : Math.sin(i)));
  const shape = new Uint8Array(BigInt64Array.from([1n, BigInt(length)]).buffer);
  return ModelProto.encode({
    irVersion: 7,
    opsetImport: [{ domain: '', version: 11 }],
    graph: {
      name: 'tiny',
      input: [{ name: 'data', type: free ? dims('batch', 3, 'height', 'width') : dims(1, 3, 112, 112) }],
      output: [{ name: 'fc1', type: free ? dims('batch', length) : dims(1, length) }],
      initializer: [
        { name: 'mix', dims: [length, 3, 1, 1], dataType: FLOAT, rawData: floats(mix) },
        { name: 'bias', dims: [length], dataType: FLOAT, rawData: floats(new Array<number>(length).fill(bias)) },
        { name: 'shape', dims: [2], dataType: TensorProto.DataType.INT64, rawData: shape },
      ],
      node: [
        { opType: 'GlobalAveragePool', input: ['data'], output: ['means'] },
        { opType: 'Conv', input: ['means', 'mix', 'bias'], output: ['mixed'] },
        ...(root ? [{ opType: 'Sqrt', input: ['mixed'], output: ['rooted'] }] : []),
        { opType: 'Reshape', input: [root ? 'rooted' : 'mixed', 'shape'], output: ['fc1'] },
      ],
    },
  }).finish();
}
