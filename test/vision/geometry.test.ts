import t from 'tap';
import {
  angleDegrees,
  clampBox,
  cropTransform,
  invert,
  iou,
  similarityTransform,
  suppress,
  transform,
  type Affine,
  type RgbImage,
} from '../../appliance/vision/geometry.js';
import { tilesOf } from '../../appliance/vision/detector.js';
import { shrink } from '../../appliance/vision/letterbox.js';
import { toGrey, warp, warpGrey } from '../../appliance/vision/warp.js';

const square = (x: number, y: number, side: number) => ({ x, y, width: side, height: side });

function picture(width: number, height: number, colour: (x: number, y: number) => readonly [number, number, number]): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, data };
}

t.test('a similarity without five distinct points, or with unequal lists, is refused', async (t) => {
  const p = { x: 3, y: 4 };
  t.throws(() => similarityTransform([p, p, p], [p, p, p]), RangeError);
  t.throws(() => similarityTransform([p], [p]), RangeError);
  t.throws(() => similarityTransform([p, { x: 0, y: 0 }], [p]), RangeError);
  t.throws(() => similarityTransform([{ x: NaN, y: 0 }, p], [p, p]), RangeError);
  t.throws(() => invert({ a: 0, b: 0, c: 1, d: 0, e: 0, f: 1 }), RangeError);
});

t.test('a similarity is found again from the points that it moved', async (t) => {
  const known = { a: 0.6, b: -0.9, c: 12, d: 0.9, e: 0.6, f: -7 };
  const from = [
    { x: 38, y: 51 },
    { x: 73, y: 51 },
    { x: 56, y: 71 },
    { x: 41, y: 92 },
    { x: 70, y: 92 },
  ];
  const found = similarityTransform(from, from.map((point) => transform(known, point)));
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f'] as const) t.ok(Math.abs(found[key] - known[key]) < 1e-9, key);
  const back = transform(invert(known), transform(known, { x: 5, y: 9 }));
  t.ok(Math.abs(back.x - 5) < 1e-9 && Math.abs(back.y - 9) < 1e-9);
});

t.test('a mirrored pattern is met by the best rotation, never by a reflection', async (t) => {
  const from = [{ x: 0, y: 0 }, { x: 2, y: 0 }, { x: 0, y: 1 }];
  const found = similarityTransform(from, from.map(({ x, y }) => ({ x: -x, y })));
  t.ok(found.a * found.e - found.b * found.d > 0);
});

t.test('overlap of boxes', async (t) => {
  t.equal(iou(square(0, 0, 10), square(0, 0, 10)), 1);
  t.equal(iou(square(0, 0, 10), square(10, 0, 10)), 0);
  t.ok(Math.abs(iou(square(0, 0, 10), square(5, 0, 10)) - 1 / 3) < 1e-12);
  t.equal(iou(square(0, 0, 0), square(0, 0, 0)), 0);
  t.strictSame(clampBox({ x: -5, y: 90, width: 20, height: 20 }, 100, 100), { x: 0, y: 90, width: 15, height: 10 });
  t.equal(clampBox(square(200, 200, 5), 100, 100).width, 0);
});

t.test('suppression keeps the best of each heap, best first', async (t) => {
  const kept = suppress(
    [
      { box: square(1, 0, 10), score: 0.7 },
      { box: square(0, 0, 10), score: 0.9 },
      { box: square(50, 0, 10), score: 0.8 },
    ],
    (p, q) => iou(p, q) > 0.3,
  );
  t.strictSame(kept.map((found) => found.score), [0.9, 0.8]);
});

t.test('angles are clockwise positive on the screen', async (t) => {
  t.equal(angleDegrees({ x: 0, y: 0 }, { x: 1, y: 0 }), 0);
  t.equal(angleDegrees({ x: 0, y: 0 }, { x: 0, y: 1 }), 90);
});

t.test('a crop of a picture onto itself changes nothing, and outside is black', async (t) => {
  const image = picture(8, 8, (x, y) => [x * 10, y * 10, 100]);
  const out = new Float32Array(3 * 64);
  warp(image, cropTransform({ x: 3.5, y: 3.5 }, 8, 0, 8), 8, out);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      t.ok(Math.abs(out[y * 8 + x]! - x * 10) < 1e-4, `red ${x},${y}`);
      t.ok(Math.abs(out[64 + y * 8 + x]! - y * 10) < 1e-4, `green ${x},${y}`);
    }
  }
  warp(image, cropTransform({ x: 100, y: 100 }, 8, 0, 8), 8, out);
  t.ok(out.every((value) => value === 0));
});

t.test('a crop turned by 90 degrees reads the picture from its side', async (t) => {
  const image = picture(8, 8, (x) => [x * 10, 0, 0]);
  const out = new Float32Array(3 * 64);
  // The crop's x runs down the picture and its y runs to the picture's left.
  warp(image, cropTransform({ x: 3.5, y: 3.5 }, 8, 90, 8), 8, out);
  t.ok(Math.abs(out[0]! - 70) < 1e-3 && Math.abs(out[7]! - 70) < 1e-3 && Math.abs(out[56]!) < 1e-3);
});

t.test('shrinking takes the mean: a fine chequerboard becomes grey', async (t) => {
  for (const times of [2, 4, 6]) {
    const image = picture(16 * times, 16 * times, (x, y) => ((x + y) % 2 === 0 ? [255, 255, 255] : [0, 0, 0]));
    const out = new Float32Array(3 * 256);
    warp(image, cropTransform({ x: 8 * times - 0.5, y: 8 * times - 0.5 }, 16 * times, 0, 16), 16, out);
    t.ok(Math.abs(out[5 * 16 + 5]! - 127.5) < 6, `crop, ${times} times: ${out[5 * 16 + 5]}`);
    const tensor = new Float32Array(3 * 256);
    t.equal(shrink(image, { x: 0, y: 0, width: image.width, height: image.height }, 16, 16, tensor), times);
    t.ok(Math.abs(tensor[5 * 16 + 5]! * 128 + 127 - 127.5) < 10, `letterbox, ${times} times`);
  }
});

/** A picture of noise, the same every time. */
function noise(width: number, height: number): RgbImage {
  let seed = 1;
  const next = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) >> 16 & 0xff;
  return picture(width, height, () => [next(), next(), next()]);
}

/** What `warp` promises, word for word and slowly: one value of one channel, black outside of the picture. */
function sample(image: RgbImage, map: Affine, column: number, row: number, channel: number): number {
  const pixel = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < image.width && y < image.height ? image.data[(y * image.width + x) * 3 + channel]! : 0;
  const n = Math.max(1, Math.round(Math.hypot(map.a, map.d)));
  let sum = 0;
  for (let k = 0; k < n * n; k++) {
    const at = { x: column + ((k % n) + 0.5) / n - 0.5, y: row + (Math.floor(k / n) + 0.5) / n - 0.5 };
    const { x, y } = transform(map, at);
    if (n >= 3) {
      sum += pixel(Math.round(x), Math.round(y));
      continue;
    }
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const upper = pixel(x0, y0) * (1 - x + x0) + pixel(x0 + 1, y0) * (x - x0);
    const lower = pixel(x0, y0 + 1) * (1 - x + x0) + pixel(x0 + 1, y0 + 1) * (x - x0);
    sum += upper * (1 - y + y0) + lower * (y - y0);
  }
  return sum / (n * n);
}

t.test('a crop holds the mean of its samples, inside the picture, over each rim, and enlarged', async (t) => {
  const image = noise(97, 61);
  const size = 16;
  const out = new Float32Array(3 * size * size);
  const grey = new Float32Array(size * size);
  const expectedGrey = new Float32Array(size * size);
  // Centres inside, over each rim and corner, and beyond; sides for 1, 2, 3 and 4 samples a side and for enlarging.
  const centres = [[48.3, 30.1], [1.7, 30.2], [95.4, 29.7], [47.6, 0.3], [50.1, 60.2], [96.1, 60.3], [-7.9, -8.2]] as const;
  for (const [x, y] of centres) {
    for (const side of [0.9, 9.7, 17.3, 33.1, 47.7, 63.9]) {
      for (const roll of [0, 7.3, -123.4]) {
        const map = cropTransform({ x, y }, side, roll, size);
        warp(image, map, size, out.fill(-1));
        const worst = out.reduce((most, value, i) => {
          const place = i % (size * size);
          const exact = sample(image, map, place % size, Math.floor(place / size), Math.floor(i / (size * size)));
          return Math.max(most, Math.abs(value - exact));
        }, 0);
        const name = `${x},${y} side ${side} roll ${roll}`;
        t.ok(worst <= 0.25, `${name}: off by ${worst}`);
        warpGrey(image, map, size, 1 / 256, grey.fill(-1));
        toGrey(out, expectedGrey);
        t.ok(grey.every((value, i) => Math.abs(value * 256 - expectedGrey[i]!) < 1e-3), `${name}: grey`);
      }
    }
  }
});

t.test('the letterbox takes the mean of what lies under each target pixel', async (t) => {
  const image = noise(176, 98);
  const regions = [[0, 0, 176, 98], [13, 9, 71, 58], [80, 50, 9, 7], [8, 3, 160, 90], [9, 3, 160, 90], [8, 3, 158, 90], [0, 5, 159, 90]] as const;
  for (const [x, y, width, height] of regions) {
    const region = { x, y, width, height };
    const tensor = new Float32Array(3 * 40 * 30);
    const scale = shrink(image, region, 40, 30, tensor);
    let worst = 0;
    const last = { x: region.x + region.width, y: region.y + region.height };
    for (let row = 0; row < Math.round(region.height / scale); row++) {
      for (let column = 0; column < Math.round(region.width / scale); column++) {
        const from = { x: region.x + Math.floor(column * scale), y: region.y + Math.floor(row * scale) };
        const to = { x: region.x + Math.floor((column + 1) * scale), y: region.y + Math.floor((row + 1) * scale) };
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0;
          let count = 0;
          // From a shrinkage of 4 on every second row.
          for (let y = from.y; y < Math.min(last.y, Math.max(to.y, from.y + 1)); y += scale >= 4 ? 2 : 1) {
            for (let x = from.x; x < Math.min(last.x, Math.max(to.x, from.x + 1)); x++) {
              sum += image.data[(y * image.width + x) * 3 + channel]!;
              count += 1;
            }
          }
          const value = tensor[channel * 1200 + row * 40 + column]! * 128 + 127;
          worst = Math.max(worst, Math.abs(value - sum / count));
        }
      }
    }
    t.ok(worst < 1e-3, `${width} x ${height} from ${x}: off by ${worst}`);
  }
});

t.test('the letterbox sits top left, keeps proportions, and is black beside the picture', async (t) => {
  const tensor = new Float32Array(3 * 320 * 240);
  const image = picture(640, 360, () => [255, 127, 0]);
  t.equal(shrink(image, { x: 0, y: 0, width: 640, height: 360 }, 320, 240, tensor), 2);
  t.ok(Math.abs(tensor[179 * 320 + 319]! - 1) < 1e-6, 'red at the last row of the picture');
  t.ok(Math.abs(tensor[320 * 240]!) < 1e-6, 'green');
  t.ok(Math.abs(tensor[180 * 320]! + 127 / 128) < 1e-6, 'black below');
});

t.test('luma', async (t) => {
  const grey = new Float32Array(1);
  toGrey(Float32Array.of(100, 50, 200), grey);
  t.ok(Math.abs(grey[0]! - (29.9 + 29.35 + 22.8)) < 1e-4);
});

t.test('tiles cover the picture and overlap by a quarter', async (t) => {
  const tiles = tilesOf(1280, 720);
  t.equal(tiles.length, 6);
  t.strictSame(tiles[0], { x: 0, y: 0, width: 512, height: 412 });
  const last = tiles[5]!;
  t.strictSame([last.x + last.width, last.y + last.height], [1280, 720]);
  t.strictSame([tiles[1]!.x, tiles[3]!.y], [384, 308]);
});
