import sharp, { type Sharp } from 'sharp';
import t from 'tap';
import { createVision, decidable, judgeForEnrolment, usable, type FoundFace } from '../../appliance/vision/index.js';
import { iou } from '../../appliance/vision/geometry.js';
import { defaultModelsDir } from '../../models/manifest.js';
import { DOUBTFUL_PAIRS, SAMPLE_FACES, samplePhoto, type SampleFace } from '../fixtures/sample-faces.js';

const vision = createVision({ modelsDir: defaultModelsDir(), workers: 1 });
t.before(() => vision.start());
t.teardown(() => vision.stop());

function overlap(face: FoundFace, known: SampleFace): number {
  const [x, y, right, bottom] = known.box;
  return iou(face.box, { x, y, width: right - x, height: bottom - y });
}

/** One person's face in a photo on its own, with room around it. */
async function portrait(photo: string, person: string): Promise<Sharp> {
  const known = SAMPLE_FACES[photo]!.find((face) => face.person === person)!;
  const [left, top, right, bottom] = known.box;
  const margin = 90;
  const crop = { left: left - margin, top: top - margin, width: right - left + 2 * margin, height: bottom - top + 2 * margin };
  return sharp(await sharp(await samplePhoto(photo)).extract(crop).png().toBuffer());
}

async function only(image: Buffer): Promise<FoundFace> {
  const { faces } = await vision.analyse(image);
  if (faces.length !== 1) throw new Error(`expected one face, found ${faces.length}`);
  return faces[0]!;
}

t.test('finds every face of the sample photos and nothing else, and knows the one person who is in two', async (t) => {
  const read: { person: string; face: FoundFace }[] = [];
  for (const [name, known] of Object.entries(SAMPLE_FACES)) {
    const { faces, width } = await vision.analyse(await samplePhoto(name));
    t.equal(width, 1920);
    t.equal(faces.length, known.length, `${name}: as many as there are`);
    for (const sample of known) {
      const best = faces.reduce((p, q) => (overlap(q, sample) > overlap(p, sample) ? q : p));
      t.ok(overlap(best, sample) > 0.6, `${name}: ${sample.person} ${overlap(best, sample).toFixed(2)}`);
      read.push({ person: sample.person, face: best });
    }
    const sizes = faces.map(({ box }) => box.width * box.height);
    t.strictSame(sizes, [...sizes].sort((p, q) => q - p), 'largest first');
  }
  t.equal(new Set(read.map(({ face }) => face)).size, 22);

  const doubtful = (p: string, q: string) => DOUBTFUL_PAIRS.some((pair) => pair.includes(p) && pair.includes(q));
  let same = 0;
  let highest = -1;
  read.forEach((p, i) => {
    for (const q of read.slice(i + 1)) {
      if (doubtful(p.person, q.person)) continue;
      const similarity = p.face.embedding.similarity(q.face.embedding);
      if (p.person === q.person) same = similarity;
      else highest = Math.max(highest, similarity);
    }
  });
  t.ok(same > 0.6, `the same person: ${same.toFixed(3)}`);
  t.ok(highest < 0.45, `the most similar strangers: ${highest.toFixed(3)}`);
});

t.test('tiles find the small faces that the whole frame misses, each once', async (t) => {
  const small = await sharp(await samplePhoto('sample5.jpg')).resize(300).png().toBuffer();
  const frame = await sharp({ create: { width: 1280, height: 720, channels: 3, background: '#777' } })
    .composite([{ input: small, left: 700, top: 400 }])
    .png()
    .toBuffer();
  const whole = await vision.analyse(frame);
  const tiled = await vision.analyse(frame, { tiles: true });
  t.ok(whole.faces.length < 5, `whole: ${whole.faces.length}`);
  t.equal(tiled.faces.length, 5);
  const photo = await vision.analyse(await samplePhoto('sample6.jpg'), { tiles: true });
  t.equal(photo.faces.length, 4, 'no face twice');
});

t.test('looks at no more faces than asked for, the largest ones', async (t) => {
  const photo = await samplePhoto('sample5.jpg');
  const all = await vision.analyse(photo);
  const two = await vision.analyse(photo, { maxFaces: 2 });
  t.strictSame(two.faces.map((face) => face.box), all.faces.slice(0, 2).map((face) => face.box));
});

t.test('a picture without a face has none', async (t) => {
  const grey = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#999' } }).jpeg().toBuffer();
  t.strictSame((await vision.analyse(grey)).faces, []);
});

t.test('the same face is known again upside down by EXIF, rolled, smaller, and in JPEG of poor quality', async (t) => {
  const face = await portrait('sample6.jpg', 'P18');
  const plain = await only(await face.clone().png().toBuffer());
  const similarity = async (other: Buffer) => plain.embedding.similarity((await only(other)).embedding);
  const turned = await face.clone().rotate(180).withMetadata({ orientation: 3 }).png().toBuffer();
  t.ok((await similarity(turned)) > 0.999, 'EXIF');
  t.ok((await similarity(await face.clone().rotate(60, { background: '#000' }).png().toBuffer())) > 0.75, 'rolled by 60 degrees');
  t.ok((await similarity(await face.clone().resize(170).png().toBuffer())) > 0.85, 'smaller');
  t.ok((await similarity(await face.clone().jpeg({ quality: 30 }).toBuffer())) > 0.9, 'poor JPEG');
});

t.test('signs: roll is clockwise positive, yaw is positive to the own left', async (t) => {
  const face = await portrait('sample5.jpg', 'P16');
  const plain = await only(await face.clone().png().toBuffer());
  const mirrored = await only(await face.clone().flop().png().toBuffer());
  // The woman looks to the right of the picture, which is her own left.
  t.ok(plain.quality.yawDegrees > 15, `${plain.quality.yawDegrees}`);
  t.ok(mirrored.quality.yawDegrees < -15, `${mirrored.quality.yawDegrees}`);
  const rolled = await only(await face.clone().rotate(20).png().toBuffer());
  const change = rolled.quality.rollDegrees - plain.quality.rollDegrees;
  t.ok(change > 12 && change < 28, `${change}`);
});

t.test('says why a face is not good enough to enrol', async (t) => {
  const face = await portrait('sample6.jpg', 'P18');
  const judge = async (image: Sharp) => judgeForEnrolment(await only(await image.png().toBuffer()), vision.pack.gates);
  t.equal(await judge(face.clone()), null);
  t.equal(await judge(face.clone().resize(90)), 'face_too_small');
  t.equal(await judge(face.clone().blur(12)), 'face_blurred');
  t.equal(await judge(face.clone().linear(0.15, 0)), 'face_too_dark');
});

t.test('limits by the numbers alone', async (t) => {
  const { gates } = vision.pack;
  const good = { norm: 3.6, visible: 1, sharpness: 50, brightness: 120, yawDegrees: 0, rollDegrees: 0, eyesClosed: 0.1, eyeDistance: 60 };
  t.equal(judgeForEnrolment({ quality: good }, gates), null);
  t.equal(judgeForEnrolment({ quality: { ...good, brightness: 230 } }, gates), 'face_too_bright');
  t.equal(judgeForEnrolment({ quality: { ...good, brightness: 20 } }, gates), 'face_too_dark');
  t.equal(judgeForEnrolment({ quality: { ...good, yawDegrees: -31 } }, gates), 'face_turned');
  t.equal(judgeForEnrolment({ quality: { ...good, yawDegrees: 31 } }, gates), 'face_turned');
  t.equal(judgeForEnrolment({ quality: { ...good, eyesClosed: 0.975 } }, gates), 'face_eyes_closed');
  t.equal(judgeForEnrolment({ quality: { ...good, eyesClosed: 0.974 } }, gates), null);
  t.equal(judgeForEnrolment({ quality: { ...good, eyesClosed: 1, yawDegrees: -20 } }, gates), 'face_eyes_closed');
  t.equal(judgeForEnrolment({ quality: { ...good, eyesClosed: 1, yawDegrees: -20.1 } }, gates), null, 'of a head that is turned the model says nothing');
  t.equal(judgeForEnrolment({ quality: { ...good, eyesClosed: 1, sharpness: 5 } }, gates), 'face_blurred', 'what may be the cause comes first');
  t.equal(judgeForEnrolment({ quality: { ...good, eyesClosed: 1, norm: 3.2 } }, gates), 'face_eyes_closed', 'and the norm last');
  t.equal(judgeForEnrolment({ quality: { ...good, norm: 3.2 } }, gates), 'face_poor_quality');
  t.equal(judgeForEnrolment({ quality: { ...good, visible: 0.8 } }, gates), 'face_cut_off');
  t.ok(decidable({ ...good, visible: 0.75 }, gates) && !decidable({ ...good, visible: 0.74 }, gates));
  t.ok(usable({ ...good, norm: 2.6 }, gates) && !usable({ ...good, norm: 2.5 }, gates));
  t.equal(judgeForEnrolment({ quality: { ...good, eyesClosed: null } }, gates), null, 'eyes that nobody looked at are not judged');
  t.ok(decidable({ ...good, norm: 3.1 }, gates) && !decidable({ ...good, norm: 3.0 }, gates));
  t.ok(usable({ ...good, norm: 0.1 }, null) && decidable({ ...good, norm: 0.1 }, null), 'a pack whose norm says nothing');
  t.equal(judgeForEnrolment({ quality: { ...good, norm: 0.1 } }, null), null);
  t.notOk(decidable({ ...good, visible: 0.5 }, null));
});

t.test('an embedding that left the room cannot be written down', async (t) => {
  const face = await only(await (await portrait('sample6.jpg', 'P18')).png().toBuffer());
  t.throws(() => JSON.stringify(face), TypeError);
  t.equal(face.embedding.length, 512);
});
