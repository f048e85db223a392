/** Closed eyes: on a real photo, and on faces whose eyes are painted shut. */
import sharp from 'sharp';
import t from 'tap';
import { decode } from '../../appliance/vision/decode.js';
import { Detector } from '../../appliance/vision/detector.js';
import { distance, type RgbImage } from '../../appliance/vision/geometry.js';
import { createVision, iou, judgeForEnrolment, type FoundFace, type Point } from '../../appliance/vision/index.js';
import { fivePoints, LandmarkFinder, type Landmarks } from '../../appliance/vision/landmarks.js';
import { Model } from '../../appliance/vision/ort.js';
import { defaultModelsDir, loadManifest } from '../../models/manifest.js';
import { modelOf } from '../../models/rules.js';
import { readModels } from '../../models/verify.js';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';
import { packFolder } from '../support/packs.js';
import { portrait } from '../support/scene.js';

const vision = createVision({ modelsDir: defaultModelsDir(), workers: 1 });
t.before(() => vision.start());
t.teardown(() => vision.stop());

const judge = (face: FoundFace) => judgeForEnrolment(face, vision.pack.gates);

async function largest(image: Buffer, eyes = true): Promise<FoundFace> {
  return (await vision.analyse(image, { eyes })).faces[0]!;
}

/**
 * Paints a lid over an eye: the skin above it into the skin below it, and a dark line of lashes.
 * @param first of the eye's six landmarks: 36 or 42
 */
function paintShut({ data, width, height }: RgbImage, points: Landmarks, first: 36 | 42): void {
  const before = data.slice();
  const [from, to] = [points[first]!, points[first + 3]!];
  const eyeWidth = distance(from, to);
  const across: Point = { x: (to.x - from.x) / eyeWidth, y: (to.y - from.y) / eyeWidth };
  const five = fivePoints(points);
  const centre = first === 36 ? five.leftEye : five.rightEye;
  /** Where a place (in widths of the eye, along it and down) begins in `data`. */
  const at = (u: number, v: number) => {
    const x = Math.round(centre.x + eyeWidth * (u * across.x - v * across.y));
    const y = Math.round(centre.y + eyeWidth * (u * across.y + v * across.x));
    return 3 * (Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x)));
  };
  for (let y = Math.floor(centre.y - eyeWidth); y <= centre.y + eyeWidth; y++) {
    for (let x = Math.floor(centre.x - eyeWidth); x <= centre.x + eyeWidth; x++) {
      const dx = (x - centre.x) / eyeWidth;
      const dy = (y - centre.y) / eyeWidth;
      const u = dx * across.x + dy * across.y;
      const v = dy * across.x - dx * across.y;
      const edge = 1 - (u / 0.66) ** 2 - (v / 0.34) ** 2;
      if (edge <= 0) continue;
      const opaque = Math.min(1, 4 * edge);
      const down = (v + 0.34) / 0.68;
      const lashes = Math.abs(u) < 0.52 ? Math.exp(-(((v - 0.05 - 0.13 * (1 - 4 * u * u)) / 0.05) ** 2)) : 0;
      for (let channel = 0; channel < 3; channel++) {
        const skin = before[at(0.9 * u, -0.36) + channel]! * (1 - down) + before[at(0.9 * u, 0.38) + channel]! * down;
        const place = 3 * (y * width + x) + channel;
        data[place] = opaque * skin * (1 - 0.75 * lashes) + (1 - opaque) * before[place]!;
      }
    }
  }
}

const pngOf = ({ data, width, height }: RgbImage) => sharp(data, { raw: { width, height, channels: 3 } }).png().toBuffer();

t.test('of the sample faces only the one with lowered lids is refused for the eyes', async (t) => {
  const refused: string[] = [];
  for (const [name, known] of Object.entries(SAMPLE_FACES)) {
    const { faces } = await vision.analyse(await samplePhoto(name), { eyes: true });
    t.equal(faces.length, known.length);
    for (const { person, box: [x, y, right, bottom] } of known) {
      const box = { x, y, width: right - x, height: bottom - y };
      const face = faces.reduce((p, q) => (iou(q.box, box) > iou(p.box, box) ? q : p));
      t.ok(face.quality.eyesClosed! >= 0 && face.quality.eyesClosed! <= 1, `${person}: ${face.quality.eyesClosed}`);
      if (judge(face) === 'face_eyes_closed') refused.push(person);
    }
  }
  t.strictSame(refused, ['P04']);
  const lowered = await largest(await portrait('P04'));
  t.equal(judge(lowered), 'face_eyes_closed');
  t.equal(judge(await largest(await portrait('P04'), false)), null, 'all else about the photo is good');
});

t.test('eyes painted shut are closed; one alone does not count', async (t) => {
  const manifest = await loadManifest();
  const bytes = await readModels(defaultModelsDir(), manifest);
  const detector = new Detector(await Model.load(bytes.detector, modelOf(manifest, 'detector')), modelOf(manifest, 'detector'));
  const finder = new LandmarkFinder(await Model.load(bytes.landmarks!, modelOf(manifest, 'landmarks')!));
  for (const person of ['P03', 'P08', 'P13', 'P14', 'P18', 'P19']) {
    const open = await portrait(person);
    t.equal(judge(await largest(open)), null, `${person} with open eyes`);
    const image = await decode(open);
    const [detection] = (await detector.detect(image, false)).sort((p, q) => q.box.height - p.box.height);
    const points = await finder.find(image, detection!.box);
    paintShut(image, points, 36);
    const wink = await largest(await pngOf(image));
    t.equal(judge(wink), null, `${person} with one eye shut: ${wink.quality.eyesClosed}`);
    paintShut(image, points, 42);
    const shut = await largest(await pngOf(image));
    t.equal(judge(shut), 'face_eyes_closed', `${person} with both eyes shut: ${shut.quality.eyesClosed}`);
  }
});

t.test('nobody looks at eyes unless asked, nor with a pack that has no model for it', async (t) => {
  const face = await portrait('P18');
  t.equal((await vision.analyse(face)).faces[0]!.quality.eyesClosed, null);
  t.type((await largest(face)).quality.eyesClosed, 'number');
  const without = createVision({
    modelsDir: await packFolder(t.testdir({}), (m) => (m.models = m.models.filter(({ role }) => role !== 'eyes'))), workers: 1,
  });
  await without.start();
  const found = (await without.analyse(await portrait('P04'), { eyes: true })).faces[0]!;
  t.equal(found.quality.eyesClosed, null);
  t.equal(judgeForEnrolment(found, without.pack.gates), null);
  await without.stop();
});
