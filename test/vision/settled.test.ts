import sharp from 'sharp';
import t from 'tap';
import type { Detection } from '../../appliance/vision/detector.js';
import { createVision, MAX_FACES, type Box, type FoundFace } from '../../appliance/vision/index.js';
import { splitSettled } from '../../appliance/vision/settled.js';
import { defaultModelsDir } from '../../models/manifest.js';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';

const box = (x: number, y = 0, size = 100): Box => ({ x, y, width: size, height: size });
const seen = (...boxes: Box[]): Detection[] => boxes.map((found) => ({ box: found, score: 0.9, points: null }));
/** What a box shows: two patterns that have nothing in common. */
const PATTERNS = [Float32Array.from({ length: 256 }, (_, i) => Math.sin(i)), Float32Array.from({ length: 256 }, (_, i) => Math.sin(7 * i))] as const;
const split = (detections: Detection[], settled: Box[], now = PATTERNS[0]) => {
  const result = splitSettled(detections, settled.map((where) => ({ box: where, glance: PATTERNS[0] })), () => now);
  return { settled: result.settled.map(({ index, detection }) => [index, detections.indexOf(detection)]), open: result.open.map((detection) => detections.indexOf(detection)) };
};

t.test('who stands where somebody decided stood, alone, is settled', async (t) => {
  t.strictSame(split(seen(box(10), box(500)), [box(0)]), { settled: [[0, 0]], open: [1] });
  t.strictSame(split(seen(box(500), box(10)), [box(1000), box(0), box(505)]), { settled: [[1, 1], [2, 0]], open: [] });
});

t.test('who has moved too far is looked at again', async (t) => {
  t.strictSame(split(seen(box(40)), [box(0)]), { settled: [], open: [0] }, 'IoU .43');
  t.strictSame(split(seen(box(0, 0, 160)), [box(0)]), { settled: [], open: [0] }, 'has come closer');
});

t.test('where two may have changed places both are looked at again', async (t) => {
  t.strictSame(split(seen(box(0), box(70)), [box(0)]), { settled: [], open: [0, 1] }, 'another face close by');
  t.strictSame(split(seen(box(0)), [box(0), box(60)]), { settled: [], open: [0] }, 'another track close by');
  t.strictSame(split(seen(box(0), box(15)), [box(5)]), { settled: [], open: [0, 1] }, 'two on one');
  t.strictSame(split(seen(box(5)), [box(0), box(10)]), { settled: [], open: [0] }, 'one on two');
});

t.test('who stands in the same place but looks otherwise is looked at again', async (t) => {
  t.strictSame(split(seen(box(10)), [box(0)], PATTERNS[1]), { settled: [], open: [0] });
  t.strictSame(split(seen(box(10)), [box(0)], new Float32Array(256)), { settled: [], open: [0] }, 'a plain surface');
  const dimmed = PATTERNS[0].map((value, i) => 0.6 * value + 0.2 * PATTERNS[1][i]!);
  t.strictSame(split(seen(box(10)), [box(0)], dimmed), { settled: [[0, 0]], open: [] }, 'in other light it is still the same');
});

t.test('nothing to compare with', async (t) => {
  t.strictSame(split([], [box(0)]), { settled: [], open: [] });
  t.strictSame(split(seen(box(0)), []), { settled: [], open: [0] });
});

t.test('in the room: settled faces are not read again and do not use up the places of others', async (t) => {
  const vision = createVision({ modelsDir: defaultModelsDir(), workers: 1 });
  await vision.start();
  t.teardown(() => vision.stop());
  const photo = await samplePhoto('sample6.jpg');
  const all = await vision.analyse(photo);
  t.strictSame(all.settled, []);
  const held = ({ box: where, glance }: FoundFace) => ({ box: where, glance: glance! });
  const { faces, settled } = await vision.analyse(photo, { settled: [held(all.faces[2]!), { ...held(all.faces[2]!), box: { x: 0, y: 0, width: 40, height: 40 } }, held(all.faces[0]!)], maxFaces: 2 });
  t.strictSame(settled.map(({ index }) => index), [0, 2]);
  t.strictSame(settled.map((face) => face.box), [all.faces[2]!.box, all.faces[0]!.box]);
  t.strictSame(faces.map((face) => face.box), [all.faces[1]!.box, all.faces[3]!.box]);

  await t.test('a wall of forty faces takes the time of eight, the nearest', async (t) => {
    const people = Object.entries(SAMPLE_FACES).flatMap(([name, known]) => known.map((face) => ({ name, face })));
    const tiles = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      const { name, face } = people[i % people.length]!;
      const [left, top, right, bottom] = face.box;
      // The first ten are larger than the rest.
      const size = i < 10 ? 230 : 150;
      const input = await sharp(await samplePhoto(name))
        .extract({ left: left - 60, top: top - 60, width: right - left + 120, height: bottom - top + 120 })
        .resize(size, size, { fit: 'contain' }).png().toBuffer();
      return { input, left: (i % 10) * 240, top: Math.floor(i / 10) * 240 };
    }));
    const wall = await sharp({ create: { width: 2400, height: 960, channels: 3, background: '#777' } }).composite(tiles).jpeg().toBuffer();
    const { faces: nearest } = await vision.analyse(wall, { tiles: true });
    t.equal(nearest.length, MAX_FACES);
    const { faces: every } = await vision.analyse(wall, { tiles: true, maxFaces: 60 });
    t.ok(every.length >= 35 && every.length <= 40, `${every.length} found`);
    t.strictSame(nearest.map((face) => face.box), every.slice(0, MAX_FACES).map((face) => face.box));
    t.ok(nearest.every((face) => face.box.y < 240), 'all from the row of large ones');
  });
});
