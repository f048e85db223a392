/** The secret rotation (C20): orthogonal whatever the seed, and a new seed has nothing in common with the old one. */
import fc from 'fast-check';
import t from 'tap';
import { Rotation } from '../../appliance/gallery/rotation.js';
import { Embedding, RotatedEmbedding } from '../../appliance/kit/index.js';
import { TemplateMaker } from '../support/templates.js';

const LENGTH = 512;
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const vector = fc.float32Array({ minLength: LENGTH, maxLength: LENGTH, noNaN: true, min: -8, max: 8 }).filter((values) => values.some((value) => Math.abs(value) > 1e-3));

t.test('C20: cosines are kept, whatever the seed and the vectors', async (t) => {
  fc.assert(fc.property(seed, vector, vector, (bytes, a, b) => {
    const rotation = new Rotation(bytes, LENGTH);
    const [x, y] = [new Embedding(a), new Embedding(b)];
    return Math.abs(rotation.turn(x).similarity(rotation.turn(y)) - x.similarity(y)) < 1e-5;
  }), { numRuns: 60 });
  t.pass();
});

t.test('C20: the way back is exact, and axes stay at right angles', async (t) => {
  fc.assert(fc.property(seed, vector, (bytes, a) => {
    const rotation = new Rotation(bytes, LENGTH);
    const x = new Embedding(a);
    return rotation.turnBack(rotation.turn(x)).similarity(x) > 1 - 1e-5;
  }), { numRuns: 60 });
  const rotation = new Rotation(new Uint8Array(32).fill(7), LENGTH);
  const axes = Array.from({ length: LENGTH }, (_, axis) => rotation.turn(new Embedding(Float32Array.from({ length: LENGTH }, (_, i) => (i === axis ? 1 : 0)))));
  let most = 0;
  for (let i = 0; i < LENGTH; i++) for (let j = 0; j < i; j++) most = Math.max(most, Math.abs(axes[i]!.similarity(axes[j]!)));
  t.ok(most < 1e-5, `${most}`);
});

t.test('C20: the same face under two seeds has nothing in common', async (t) => {
  const maker = new TemplateMaker(3);
  const faces = Array.from({ length: 200 }, () => new Embedding(maker.template()));
  const cosines = faces.map((face, i) => {
    const [one, other] = [new Rotation(seedOf(2 * i), LENGTH), new Rotation(seedOf(2 * i + 1), LENGTH)];
    return one.turn(face).similarity(other.turn(face));
  });
  // Of random directions in 512 dimensions: mean 0, deviation .044; five of these for the worst of 200.
  t.ok(Math.max(...cosines.map(Math.abs)) < 0.22, `${Math.max(...cosines)}`);
  t.ok(Math.abs(cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length) < 0.016);
  const deviation = Math.sqrt(cosines.reduce((sum, cosine) => sum + cosine * cosine, 0) / cosines.length);
  t.ok(Math.abs(deviation - 1 / Math.sqrt(LENGTH)) < 0.01, `${deviation}`);
});

t.test('one bit of the seed turns everything, and the same seed turns alike', async (t) => {
  const face = new Embedding(new TemplateMaker(4).template());
  const bytes = seedOf(1);
  const other = bytes.slice();
  other[31]! ^= 1;
  const turned = (of: Uint8Array) => new Rotation(of, LENGTH).turn(face);
  t.ok(Math.abs(turned(bytes).similarity(turned(other))) < 0.22);
  t.strictSame(turned(bytes).values(), turned(bytes.slice()).values());
  t.ok(Math.abs(new Embedding(turned(bytes).values()).similarity(face)) < 0.22, 'nor is it like the face itself');
});

t.test('what does not fit is refused', async (t) => {
  t.throws(() => new Rotation(new Uint8Array(31), LENGTH), RangeError);
  for (const length of [0, 1, 3, 500, 131_072]) t.throws(() => new Rotation(new Uint8Array(32), length), RangeError, `${length}`);
  const rotation = new Rotation(new Uint8Array(32), LENGTH);
  t.throws(() => rotation.turn(new Embedding([1, 2, 3])), RangeError);
  t.throws(() => rotation.turnBack(new RotatedEmbedding([1, 2, 3])), RangeError);
});

function seedOf(number: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (number * 37 + i * 11) & 255);
}
