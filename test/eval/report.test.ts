/** The evaluation tools on a small folder of faces made from the sample photos, through real models. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import t from 'tap';
import { defaultModelsDir } from '../../models/manifest.js';
import { temporaryDirectory } from '../support/scratch.js';
import { portrait } from '../support/scene.js';
import { identify, type IdentifyLine } from './identify.js';
import { detCurve, histogram, rate, sample, seeded } from './measures.js';
import { report } from './report.js';
import { reportText, writeInto } from './reportText.js';

const silent = { progress: () => undefined };

t.test('a share without a case is none', async (t) => {
  t.strictSame(rate(0, 0), { count: 0, of: 0, rate: null, low: null, high: null });
  t.match(rate(10, 10), { count: 10, of: 10, rate: 1, high: 1 });
});

t.test('a DET curve counts what is missed and who is let in', async (t) => {
  const mated = [{ score: 0.9, right: true }, { score: 0.5, right: true }, { score: 0.6, right: false }, { score: 0.7, right: true }];
  t.strictSame(detCurve(mated, [0.3, 0.7], [0.2, 0.5, 0.7, 0.71]), [
    { threshold: 0.2, fpir: 1, fnir: 0.25 }, { threshold: 0.5, fpir: 0.5, fnir: 0.25 },
    { threshold: 0.7, fpir: 0.5, fnir: 0.5 }, { threshold: 0.71, fpir: 0, fnir: 0.75 },
  ]);
});

t.test('every score is in a bin', async (t) => {
  t.strictSame(histogram([-5, 0, 0.09, 0.1, 0.25, 9], 0, 0.1, 3), [3, 1, 2]);
});

t.test('a seed gives the same sample again, another seed another one', async (t) => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  const first = sample(items, 20, seeded('a'));
  t.equal(new Set(first).size, 20);
  t.strictSame(sample(items, 20, seeded('a')), first);
  t.notSame(sample(items, 20, seeded('b')), first);
  t.equal(sample(items, 200, seeded('a')).length, 100);
});

/** Views of one photo; the first three are good ones, "poor" is too blurred to decide on. */
const VIEWS: Record<string, (photo: Sharp) => Sharp> = {
  '1-as-it-is': (photo) => photo,
  '2-darker': (photo) => photo.modulate({ brightness: 0.85 }),
  '3-leaning': (photo) => photo.rotate(4, { background: '#808080' }),
  '4-soft': (photo) => photo.blur(1.2),
  '5-mirrored': (photo) => photo.flop(),
  '6-brighter': (photo) => photo.modulate({ brightness: 1.15 }),
  '7-poor': (photo) => photo.blur(6),
};
const ENROLLED = ['P01', 'P03', 'P08', 'P14'];
const STRANGERS = ['P13', 'P18', 'P19'];

async function makeFaces(folder: string): Promise<void> {
  for (const person of [...ENROLLED, ...STRANGERS]) {
    const photo = await portrait(person);
    mkdirSync(join(folder, person), { recursive: true });
    for (const [view, change] of Object.entries(VIEWS).slice(0, ENROLLED.includes(person) ? undefined : 3)) {
      writeFileSync(join(folder, person, `${view}.jpg`), await change(sharp(photo)).jpeg({ quality: 88 }).toBuffer());
    }
  }
  mkdirSync(join(folder, 'nobody'));
  writeFileSync(join(folder, 'nobody', 'wall.jpg'), await sharp({ create: { width: 300, height: 300, channels: 3, background: '#8a8a86' } }).jpeg().toBuffer());
  writeFileSync(join(folder, 'nobody', 'letter.jpg'), 'not an image');
}

t.test('report and identify agree, and their counts add up', async (t) => {
  const root = temporaryDirectory(t);
  const faces = join(root, 'faces');
  await makeFaces(faces);
  const out = join(root, 'plots');
  const measured = await report({ facesDir: faces, modelsDir: defaultModelsDir(), workers: 1, samples: true, rangeFrames: 2, outDir: out }, silent);

  const { mated, strangers, tracks } = measured;
  t.strictSame(measured.photos, { people: 8, photos: 39, not_an_image: 1, no_face: 1 });
  t.equal(measured.enrolled_people, ENROLLED.length);
  t.equal(mated.asked_again.of, 16, 'four photos of each are left to probe with');
  t.equal(mated.rank1.of, mated.asked_again.of - mated.asked_again.count);
  t.equal(strangers.fpir_known.of, strangers.asked_again.of - strangers.asked_again.count);
  t.equal(measured.asked_again.of, mated.asked_again.of + strangers.asked_again.of);
  t.equal(mated.asked_again.count, ENROLLED.length, 'the poor views are refused');
  t.equal(mated.rank1.rate, 1, 'views of one photo are alike');
  t.ok(mated.fnir_candidate.count <= mated.fnir_known.count);
  t.ok(strangers.fpir_known.count <= strangers.fpir_candidate.count);
  t.equal(measured.search_recall_at_1.rate, 1);
  t.strictSame([tracks.mated.fnir_known.count, tracks.mated.fnir_known.of], [0, ENROLLED.length]);
  t.equal(tracks.strangers.fpir_known.of, STRANGERS.length);
  t.strictSame(measured.samples, { faces: 22, found: 22, false_faces: 0 });
  for (const points of [measured.det.single, measured.det.track]) {
    const wrong = points.slice(1).filter((point, i) => point.fpir > points[i]!.fpir || point.fnir < points[i]!.fnir);
    t.strictSame(wrong, [], 'with the threshold FPIR never rises and FNIR never falls');
    t.equal(points.at(-1)!.fpir, 0, 'nobody is .9 like somebody else');
  }
  t.strictSame(measured.by_gallery_size.map(({ people, subsets }) => [people, subsets]), [[ENROLLED.length, 1]]);
  t.equal(measured.by_gallery_size[0]!.fnir_known, mated.fnir_known.rate, 'the table of scores and the gallery decide alike');
  t.equal(measured.by_gallery_size[0]!.fpir_candidate, strangers.fpir_candidate.rate);
  t.equal(measured.by_gallery_size[0]!.threshold_known, measured.thresholds.known);
  t.equal(measured.range.length, 8);
  for (const row of measured.range) t.equal(row.frames, 2);
  const large = measured.range.find(({ height_px: height, tiles }) => height === 80 && tiles)!;
  t.equal(large.found.rate, 1);
  t.equal(large.rank1.rate, 1);

  // What the report calls probes, given to the other tool.
  for (const name of [...ENROLLED, ...STRANGERS, 'nobody']) {
    for (const [i, file] of (name === 'nobody' ? ['wall.jpg', 'letter.jpg'] : Object.keys(VIEWS).map((view) => `${view}.jpg`)).entries()) {
      const to = join(root, ENROLLED.includes(name) && i < 3 ? 'gallery' : 'probes', name, file);
      if (!existsSync(join(faces, name, file))) continue;
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(join(faces, name, file), to);
    }
  }
  mkdirSync(join(root, 'gallery', 'faceless'));
  copyFileSync(join(faces, 'nobody', 'wall.jpg'), join(root, 'gallery', 'faceless', 'wall.jpg'));
  const outFile = join(root, 'decisions.jsonl');
  const counts = await identify({ galleryDir: join(root, 'gallery'), probesDir: join(root, 'probes'), outFile, modelsDir: defaultModelsDir(), workers: 1 }, silent);
  t.strictSame(counts, { enrolled: ENROLLED.length, withoutFace: 1, leftOut: 1, probes: 27 });
  const lines = readFileSync(outFile, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as IdentifyLine);
  const decided = lines.filter((line): line is Exclude<IdentifyLine, { error: string }> => !('error' in line));
  t.equal(lines.length - decided.length, 1, 'the letter');
  t.equal(decided.filter(({ decision }) => decision === 'no_face').length, 1);
  t.equal(decided.filter(({ decision }) => decision === 'rejected_quality').length, measured.asked_again.count);
  const person = (file: string) => file.split('/')[0]!;
  const isMated = ({ file }: { file: string }) => ENROLLED.includes(person(file));
  t.equal(decided.filter((line) => isMated(line) && line.decision === 'known' && line.identity === person(line.file)).length, mated.fnir_known.of - mated.fnir_known.count);
  t.equal(decided.filter((line) => !isMated(line) && line.decision === 'known').length, strangers.fpir_known.count);
  t.equal(decided.filter((line) => !isMated(line) && line.decision === 'candidate').length, strangers.fpir_candidate.count - strangers.fpir_known.count);

  for (const [file, says] of [['det.svg', `one photo: ${mated.rank1.of} mated`], ['scores.svg', `${mated.rank1.of} probes`], ['fnir-by-gallery.svg', 'chosen FPIR 0.3 %']] as const) {
    const svg = readFileSync(join(out, file), 'utf8');
    t.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    t.ok(svg.includes(says), `${file} says ${says}`);
    t.notOk(svg.includes('NaN'), `${file} has no holes`);
  }
  const text = reportText(measured);
  const { count, of } = mated.fnir_known;
  t.ok(text.includes(`${count} of ${of}`));
  const page = join(root, 'page.md');
  writeFileSync(page, 'before\n<!-- report: begin -->\nold\n<!-- report: end -->\nafter\n');
  await writeInto(page, text);
  t.equal(readFileSync(page, 'utf8'), `before\n<!-- report: begin -->\n${text}\n<!-- report: end -->\nafter\n`);
  await t.rejects(writeInto(outFile, text), { message: /has no "<!-- report: begin -->"/ });
});

t.test('says what is wrong with a folder or a command line', async (t) => {
  const root = temporaryDirectory(t);
  const options = { modelsDir: defaultModelsDir(), workers: 1, samples: false, rangeFrames: 0 };
  await t.rejects(report({ ...options, facesDir: root }, silent), { message: /has no folders/ });
  mkdirSync(join(root, 'one'));
  await t.rejects(report({ ...options, facesDir: root }, silent), { message: /no photos/ });
  writeFileSync(join(root, 'one', 'a.jpg'), await portrait('P01'));
  await t.rejects(report({ ...options, facesDir: root }, silent), { message: /too few people/ });

  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const run = async (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args], { env: { ...process.env, NODE_OPTIONS: '' } }).then(() => ({ code: 0, stderr: '' }), (error: { code: number; stderr: string }) => error);
  const wrong = await run('report', '--faces', root, '--range-frames', 'many');
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /--range-frames: a whole number/);
  const empty = await run('report', '--faces', join(root, 'one'));
  t.equal(empty.code, 1);
  t.match(empty.stderr, /has no folders/);
  t.notMatch(empty.stderr, /\bat .*\.js/, 'no stack for what is not a fault of ours');
});
