/** Each detector's decoding on tensors made by hand from the published formulas; the numbers were worked out on paper. */
import t from 'tap';
import { decodeScrfd, decodeUltraFace, decodeYuNet } from '../../appliance/vision/decoders.js';
import { prepare } from '../../appliance/vision/detector.js';

/** One tensor for each part and stride, all zero: parts x strides 8, 16, 32. */
function blank(width: number, height: number, parts: readonly number[]): Float32Array[] {
  return parts.flatMap((values) => [8, 16, 32].map((stride) => new Float32Array((width / stride) * (height / stride) * values)));
}
const near = (found: number, expected: number) => Math.abs(found - expected) < 1e-3;

t.test('UltraFace: corners in parts of the input', async (t) => {
  const scores = Float32Array.from([0.1, 0.9, 0.5, 0.5, 0, NaN, 0, 1]);
  const boxes = Float32Array.from([0.25, 0.5, 0.5, 0.75, 0, 0, 1, 1, 0, 0, 1, 1, 0.5, 0.5, 0.4, 0.6]);
  const found = decodeUltraFace({ outputs: [scores, boxes], width: 320, height: 240, scoreMin: 0.6 });
  t.equal(found.length, 1, 'below the limit, not a number, or turned inside out is no face');
  t.match(found[0], { box: { x: 80, y: 120, width: 80, height: 60 }, points: null });
});

t.test('YuNet: cell plus offset, exponent for the size, root of both scores', async (t) => {
  const [width, height] = [64, 96];
  const outputs = blank(width, height, [1, 1, 4, 10]);
  // Stride 16: 4 columns, 6 rows; cell of row 2, column 3.
  const cell = 2 * 4 + 3;
  outputs[1]![cell] = 0.81;
  outputs[4]![cell] = 1.2; // Held to 1.
  outputs[7]!.set([0.5, -0.25, Math.log(2), Math.log(3)], 4 * cell);
  outputs[10]!.set([-0.5, 0, 0.5, 0, 0, 0.5, -0.4, 1, 0.4, 1], 10 * cell);
  const found = decodeYuNet({ outputs, width, height, scoreMin: 0.6 });
  t.equal(found.length, 1);
  const [{ box, score, points }] = found as [typeof found[0] & object];
  t.ok(near(score, 0.9), `${score}`);
  // Centre (3.5 x 16, 1.75 x 16), size 32 x 48.
  t.ok(near(box.x, 40) && near(box.y, 4) && near(box.width, 32) && near(box.height, 48), JSON.stringify(box));
  t.ok(near(points!.leftEye.x, 40) && near(points!.leftEye.y, 32), 'points from the cell in strides');
  t.ok(near(points!.rightEye.x, 56) && near(points!.rightEye.y, 32));
  t.ok(near(points!.nose.x, 48) && near(points!.nose.y, 40));
  t.ok(near(points!.leftMouth.x, 41.6) && near(points!.rightMouth.x, 54.4) && near(points!.leftMouth.y, 48));
});

t.test('YuNet: each stride has its own grid', async (t) => {
  const [width, height] = [64, 32];
  const outputs = blank(width, height, [1, 1, 4, 10]);
  outputs[0]![9] = outputs[3]![9] = 1; // Stride 8: 8 columns, so row 1, column 1.
  outputs[2]![1] = outputs[5]![1] = 1; // Stride 32: 2 columns, so row 0, column 1.
  const found = decodeYuNet({ outputs, width, height, scoreMin: 0.5 });
  t.strictSame(found.map(({ box }) => box), [{ x: 4, y: 4, width: 8, height: 8 }, { x: 16, y: -16, width: 32, height: 32 }]);
});

t.test('SCRFD: distances from the corner of the cell in strides, two anchors a cell', async (t) => {
  const [width, height] = [96, 64];
  const outputs = blank(width, height, [2, 8, 20]);
  // Stride 8: 12 columns; row 3, column 5, second anchor.
  const anchor = 2 * (3 * 12 + 5) + 1;
  outputs[0]![anchor] = 0.7;
  outputs[3]!.set([1, 2, 3, 4], 4 * anchor);
  outputs[6]!.set([-1, -1, 1, -1, 0, 0, -0.5, 1, 0.5, 1], 10 * anchor);
  const found = decodeScrfd({ outputs, width, height, scoreMin: 0.5 });
  t.equal(found.length, 1);
  t.strictSame(found[0]!.box, { x: 40 - 8, y: 24 - 16, width: 32, height: 48 });
  t.strictSame(found[0]!.points, { leftEye: { x: 32, y: 16 }, rightEye: { x: 48, y: 16 }, nose: { x: 40, y: 24 }, leftMouth: { x: 36, y: 32 }, rightMouth: { x: 44, y: 32 } });
});

t.test('a candidate with a number that is none is left out, its neighbours stay', async (t) => {
  for (const spoil of [NaN, Infinity]) {
    const outputs = blank(64, 64, [2, 8, 20]);
    outputs[0]!.set([0.9, 0.9]);
    outputs[3]!.set([1, 1, 1, spoil, 1, 1, 1, 1]);
    t.equal(decodeScrfd({ outputs, width: 64, height: 64, scoreMin: 0.5 }).length, 1);
    const yunet = blank(64, 64, [1, 1, 4, 10]);
    yunet[0]!.set([1, 1]);
    yunet[3]!.set([1, 1]);
    yunet[9]!.set([0, spoil]);
    t.equal(decodeYuNet({ outputs: yunet, width: 64, height: 64, scoreMin: 0.5 }).length, 1);
  }
});

t.test('each kind gets the numbers that it was trained on', async (t) => {
  // Two pixels, planar: red 0 and 255, green 100, blue 200.
  const bytes = [0, 255, 100, 100, 200, 200];
  const input = (kind: 'ultraface' | 'yunet' | 'scrfd') => {
    const values = Float32Array.from(bytes, (x) => (x - 127) / 128);
    prepare(values, kind);
    return [...values];
  };
  t.ok(input('ultraface').every((value, i) => near(value, (bytes[i]! - 127) / 128)));
  t.ok(input('scrfd').every((value, i) => near(value, (bytes[i]! - 127.5) / 128)));
  t.ok(input('yunet').every((value, i) => near(value, [200, 200, 100, 100, 0, 255][i]!)), 'blue first, as they are');
});
