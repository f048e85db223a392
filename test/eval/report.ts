import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decide, similarityThreshold, type MatchDecision, type Thresholds } from '../../appliance/gallery/index.js';
import { Embedding } from '../../appliance/kit/index.js';
import { addGoodFrame, FUSED_FRAMES_MAX, identify, lookLift, newTrack, type Identity } from '../../appliance/recognition/track.js';
import { decidable, iou, judgeForEnrolment, type Box, type FaceQuality } from '../../appliance/vision/index.js';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';
import { listImages } from './embed.js';
import { inOrder } from './inOrder.js';
import type { Output } from './main.js';
import { detCurve, histogram, rate, rateOf, sample, seeded, type DetPoint, type Rate } from './measures.js';
import { bySizePlot, detPlot, scoresPlot, type BySize } from './plots.js';
import { measureRange, type RangeRow } from './range.js';
import { largestFace, withStore, type EvalStore, type StoreOptions } from './store.js';

export const REPORT_USAGE =
  'report --faces DIR [--samples] [--range-frames N] [--out DIR] [--into FILE.md] [--json] [--models DIR] [--workers N]   measure everything on a folder of people';

/** Photos that make a template (RECOGNITION, recipe 7), and how many a person must have so that one is left to probe with. */
const ENROLMENT_PHOTOS = 3;
const PHOTOS_MIN = ENROLMENT_PHOTOS + 1;
/** With fewer there is nobody to be mistaken for. */
const PEOPLE_MIN = 2;
/** So many that 95 % can be told from 90 %. */
export const RANGE_FRAMES = 150;
const GALLERY_SIZES = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
const SUBSETS = 20;
const DET_THRESHOLDS = Array.from({ length: 161 }, (_, i) => Number((0.1 + 0.005 * i).toFixed(3)));
/** Boxes this much alike are one face. */
const SAMPLE_IOU_MIN = 0.4;

/** The folder cannot be measured; the message says why. */
export class ReportError extends Error {}

export interface ReportOptions extends StoreOptions {
  facesDir: string;
  samples: boolean;
  /** Frames for each height; 0: leave the range out. */
  rangeFrames: number;
  /** Where the drawings go. */
  outDir?: string;
}

/** Shares of probes are of those good enough to decide on, unless another base is named. */
export interface Report {
  model_pack: string;
  chosen_fpir: { known: number; candidate: number };
  photos: { people: number; photos: number; not_an_image: number; no_face: number };
  enrolled_people: number;
  /** People with enough photos of whom fewer than three pass the enrolment gate; they count as strangers. */
  not_enrollable_people: number;
  thresholds: { known: number; candidate: number };
  mated: {
    people: number; rank1: Rate; fnir_known: Rate; fnir_candidate: Rate; wrong_named: Rate; wrong_asked: Rate;
    /** Of the faces found. */
    asked_again: Rate;
  };
  strangers: { people: number; fpir_known: Rate; fpir_candidate: Rate; asked_again: Rate };
  /** Of all faces found but those enrolled from. */
  asked_again: Rate;
  /** The gallery's best match is the one that comparing with every template finds. */
  search_recall_at_1: Rate;
  tracks: {
    frames: number;
    mated: { people: number; fnir_known: Rate; named_at_first_frame: Rate; wrong_named: Rate };
    /** `named`, `asked`: after any of the frames. */
    strangers: { people: number; fpir_known: Rate; fpir_candidate: Rate };
  };
  by_gallery_size: {
    people: number; subsets: number; threshold_known: number; threshold_candidate: number;
    fnir_known: number; fnir_candidate: number; fpir_known: number; fpir_candidate: number;
  }[];
  det: { single: DetPoint[]; track: DetPoint[] };
  range: RangeRow[];
  samples: { faces: number; found: number; false_faces: number } | null;
  targets: Target[];
}

export interface Target { figure: string; wanted: string; met: boolean }

interface Photo { person: string; file: string; box: Box; quality: FaceQuality; embedding: Embedding }
interface Person { name: string; faces: Photo[] }
interface Enrolled { id: string; template: Embedding; probes: Photo[]; ready: Photo[] }
interface Looked { photo: Photo; match: MatchDecision }

/**
 * Measures through the product's own rooms. Same folder, same figures.
 * @throws ReportError when the folder does not hold what is needed; PorticoError when the models are not there
 */
export async function report(options: ReportOptions, output: Output): Promise<Report> {
  const folders = await peopleIn(options.facesDir);
  return withStore(options, async (store) => {
    const { gates } = store.vision.pack;
    const { people, counts } = await lookAtAll(store, folders, options.facesDir, output);
    const { enrolled, strangers, notEnrollable } = enrolPeople(store, people);
    const names = new Map(enrolled.map((one) => [one.id, one]));
    const strangerProbes = strangers.flatMap(({ faces }) => faces);
    const mated = await matchAll(store, enrolled.flatMap(({ ready }) => ready), output, 'probes of enrolled people');
    const unknown = await matchAll(store, strangerProbes.filter(({ quality }) => decidable(quality, gates)), output, 'strangers');
    const ownerOf = new Map(enrolled.flatMap(({ id, ready }) => ready.map((photo) => [photo, id] as const)));
    const right = ({ photo, match }: Looked) => match.customerId === ownerOf.get(photo);
    const named = ({ match }: Looked) => match.decision === 'known';
    const reacted = ({ match }: Looked) => match.decision !== 'unknown';
    const thresholds = mated[0]?.match.thresholds ?? unknown[0]?.match.thresholds;
    if (thresholds === undefined) throw new ReportError('none of the photos is good enough to decide on');

    const matedFaces = enrolled.flatMap(({ probes }) => probes);
    const poor = ({ quality }: Photo) => !decidable(quality, gates);
    const tracks = await followTracks(store, enrolled, strangers, output);
    const scores = scoreTable([...enrolled.values()], mated, unknown);
    const bySize = byGallerySize(store, enrolled.length, scores);
    const range = options.rangeFrames === 0 ? [] : await measureRange(store, enrolled.flatMap(({ id, ready }) => ready.map((photo) => (
      { path: join(options.facesDir, photo.person, photo.file), box: photo.box, customerId: id }))), options.rangeFrames, output);
    const det = {
      single: detCurve(mated.map((one) => ({ score: one.match.score!, right: right(one) })), unknown.map(({ match }) => match.score!), DET_THRESHOLDS),
      track: detCurve(
        tracks.mated.map(({ last, id }) => ({ score: last.match.score!, right: last.match.customerId === id })),
        tracks.strangers.map(({ last }) => last.match.score!), DET_THRESHOLDS),
    };
    const measured: Omit<Report, 'targets'> = {
      model_pack: store.vision.modelPack,
      chosen_fpir: { known: store.fpir.known, candidate: store.fpir.candidate },
      photos: counts,
      enrolled_people: names.size,
      not_enrollable_people: notEnrollable,
      thresholds: { known: thresholds.known, candidate: thresholds.candidate },
      mated: {
        people: enrolled.filter(({ ready }) => ready.length > 0).length,
        rank1: rateOf(mated, right),
        fnir_known: rateOf(mated, (one) => !(named(one) && right(one))),
        fnir_candidate: rateOf(mated, (one) => !(reacted(one) && right(one))),
        wrong_named: rateOf(mated, (one) => named(one) && !right(one)),
        wrong_asked: rateOf(mated, (one) => one.match.decision === 'candidate' && !right(one)),
        asked_again: rateOf(matedFaces, poor),
      },
      strangers: {
        people: strangers.length,
        fpir_known: rateOf(unknown, named),
        fpir_candidate: rateOf(unknown, reacted),
        asked_again: rateOf(strangerProbes, poor),
      },
      asked_again: rateOf([...matedFaces, ...strangerProbes], poor),
      search_recall_at_1: rateOf(scores.rows, (row) => enrolled[row.best]!.id === row.match.customerId),
      tracks: {
        frames: FUSED_FRAMES_MAX,
        mated: {
          people: new Set(tracks.mated.map(({ id }) => id)).size,
          fnir_known: rateOf(tracks.mated, ({ last, id }) => !(last.identity.decision === 'known' && last.identity.customerId === id)),
          named_at_first_frame: rateOf(tracks.mated, ({ steps, id }) => steps[0]!.identity.decision === 'known' && steps[0]!.identity.customerId === id),
          wrong_named: rateOf(tracks.mated, ({ steps, id }) => steps.some(({ identity }) => identity.decision === 'known' && identity.customerId !== id)),
        },
        strangers: {
          people: new Set(tracks.strangers.map(({ name }) => name)).size,
          fpir_known: rateOf(tracks.strangers, ({ steps }) => steps.some(({ identity }) => identity.decision === 'known')),
          fpir_candidate: rateOf(tracks.strangers, ({ steps }) => steps.some(({ identity }) => identity.decision === 'known' || identity.decision === 'candidate')),
        },
      },
      by_gallery_size: bySize,
      det,
      range,
      samples: options.samples ? await lookAtSamples(store) : null,
    };
    if (options.outDir !== undefined) {
      await draw(options.outDir, measured, {
        mated: mated.map(({ match }) => match.score!), strangers: unknown.map(({ match }) => match.score!), matedTracks: tracks.mated.length, strangerTracks: tracks.strangers.length,
      });
    }
    return { ...measured, targets: targetsOf(measured) };
  });
}

/** @throws ReportError when that is not a folder for each person with photos in it, or there are too few */
async function peopleIn(facesDir: string): Promise<{ name: string; files: string[] }[]> {
  const names = (await readdir(facesDir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  if (names.length === 0) throw new ReportError(`${facesDir} has no folders: there must be one for each person, with that person's photos in it`);
  const people: { name: string; files: string[] }[] = [];
  for (const name of names) people.push({ name, files: await listImages(join(facesDir, name)) });
  if (people.every(({ files }) => files.length === 0)) throw new ReportError(`no photos in the folders of ${facesDir} (.jpg, .jpeg, .png, .webp, .gif)`);
  const enough = people.filter(({ files }) => files.length >= PHOTOS_MIN).length;
  if (enough < PEOPLE_MIN) throw new ReportError(`too few people: ${PEOPLE_MIN} with at least ${PHOTOS_MIN} photos are needed; found ${enough} of ${people.length}`);
  return people;
}

async function lookAtAll({ vision }: EvalStore, folders: readonly { name: string; files: string[] }[], facesDir: string, output: Output): Promise<{ people: Person[]; counts: Report['photos'] }> {
  const people = folders.map(({ name }): Person => ({ name, faces: [] }));
  const all = folders.flatMap(({ name, files }, person) => files.map((file) => ({ name, file, person })));
  const counts = { people: folders.filter(({ files }) => files.length > 0).length, photos: all.length, not_an_image: 0, no_face: 0 };
  await inOrder(all, ({ name, file }) => largestFace(vision, join(facesDir, name, file)), async (looked, index) => {
    const { name, file, person } = all[index]!;
    output.progress(index + 1, all.length, 'photos');
    if ('error' in looked) counts.not_an_image += 1;
    else if (looked.face === null) counts.no_face += 1;
    else people[person]!.faces.push({ person: name, file, box: looked.face.box, quality: looked.face.quality, embedding: looked.face.embedding });
  });
  return { people, counts };
}

/** The first three photos by name that the enrolment guide would take; the rest of that person's photos are probes. */
function enrolPeople({ enrol, vision }: EvalStore, people: readonly Person[]): { enrolled: Enrolled[]; strangers: Person[]; notEnrollable: number } {
  const { gates } = vision.pack;
  const enrolled: Enrolled[] = [];
  const strangers: Person[] = [];
  let notEnrollable = 0;
  for (const person of people) {
    const good = person.faces.filter((photo) => judgeForEnrolment(photo, gates) === null).slice(0, ENROLMENT_PHOTOS);
    const enough = person.faces.length >= PHOTOS_MIN;
    if (!enough || good.length < ENROLMENT_PHOTOS) {
      if (enough) notEnrollable += 1;
      if (person.faces.length > 0) strangers.push(person);
      continue;
    }
    const probes = person.faces.filter((photo) => !good.includes(photo));
    const id = enrol(good);
    enrolled.push({ id, template: Embedding.mean(good.map(({ embedding }) => embedding)), probes, ready: probes.filter(({ quality }) => decidable(quality, gates)) });
  }
  if (enrolled.length < PEOPLE_MIN) {
    throw new ReportError(`too few people: ${PEOPLE_MIN} with ${ENROLMENT_PHOTOS} photos good enough to enrol from are needed; found ${enrolled.length} of ${people.length}`);
  }
  if (strangers.length === 0) throw new ReportError(`no strangers: people with fewer than ${PHOTOS_MIN} photos are needed to measure the FPIR, and there are none`);
  return { enrolled, strangers, notEnrollable };
}

async function matchAll({ gallery }: EvalStore, photos: readonly Photo[], output: Output, what: string): Promise<Looked[]> {
  const looked: Looked[] = [];
  await inOrder(photos, async (photo) => ({ photo, match: await gallery.match(photo.embedding) }), async (one) => {
    looked.push(one);
    output.progress(looked.length, photos.length, what);
  });
  return looked;
}

interface Step { identity: Identity; match: MatchDecision }
interface Followed { name: string; id: string | null; steps: Step[]; last: Step }

/**
 * Three photos of a person after another as if they were frames of one visit: fused and decided by the product's own
 * track. Photos are far less alike than frames of a visit. No photo is in two tracks.
 */
async function followTracks(store: EvalStore, enrolled: readonly Enrolled[], strangers: readonly Person[], output: Output): Promise<{ mated: Followed[]; strangers: Followed[] }> {
  const inThrees = (photos: readonly Photo[]) => Array.from({ length: Math.floor(photos.length / FUSED_FRAMES_MAX) }, (_, i) => photos.slice(i * FUSED_FRAMES_MAX, (i + 1) * FUSED_FRAMES_MAX));
  const { gates } = store.vision.pack;
  const plans = [
    ...enrolled.flatMap(({ id, ready }) => inThrees(ready).map((photos) => ({ id, photos }))),
    ...strangers.flatMap(({ faces }) => inThrees(faces.filter(({ quality }) => decidable(quality, gates))).map((photos) => ({ id: null, photos }))),
  ];
  const followed: Followed[] = [];
  await inOrder(plans, async ({ id, photos }) => follow(store, id, photos), async (one) => {
    followed.push(one);
    output.progress(followed.length, plans.length, 'tracks');
  });
  return { mated: followed.filter(({ id }) => id !== null), strangers: followed.filter(({ id }) => id === null) };
}

async function follow({ gallery }: EvalStore, id: string | null, photos: readonly Photo[]): Promise<Followed> {
  const track = newTrack(1, photos[0]!.box, 0, 1);
  const steps: Step[] = [];
  for (const photo of photos) {
    addGoodFrame(track, photo.embedding);
    const match = await gallery.match(track.appearance!, { lift: lookLift(track) });
    track.identity = identify(match, track);
    steps.push({ identity: track.identity, match });
  }
  return { name: photos[0]!.person, id, steps, last: steps.at(-1)! };
}

/** A probe against every template; `own`: the row's person, null: a stranger. */
interface Row { cosines: Float32Array; own: number | null; best: number; match: MatchDecision }
interface ScoreTable { rows: Row[]; mated: Row[]; strangers: Row[] }

/** Everybody against everybody, for galleries that were not enrolled one by one and as the reference of the search. */
function scoreTable(enrolled: readonly Enrolled[], mated: readonly Looked[], unknown: readonly Looked[]): ScoreTable {
  const ownIndex = new Map(enrolled.flatMap(({ ready }, index) => ready.map((photo) => [photo, index] as const)));
  const rowOf = ({ photo, match }: Looked): Row => {
    const cosines = Float32Array.from(enrolled, ({ template }) => photo.embedding.similarity(template));
    let best = 0;
    for (let i = 1; i < cosines.length; i++) if (cosines[i]! > cosines[best]!) best = i;
    return { cosines, own: ownIndex.get(photo) ?? null, best, match };
  };
  const rows = { mated: mated.map(rowOf), strangers: unknown.map(rowOf) };
  return { ...rows, rows: [...rows.mated, ...rows.strangers] };
}

/** Random galleries of growing size, each decided at the thresholds that the product derives for that size. */
function byGallerySize({ fpir, vision }: EvalStore, people: number, scores: ScoreTable): Report['by_gallery_size'] {
  const sizes = [...GALLERY_SIZES.filter((size) => size < people), people];
  const everybody = Array.from({ length: people }, (_, i) => i);
  return sizes.map((size) => {
    const { calibration } = vision.pack;
    const thresholds = { known: similarityThreshold(calibration, size, fpir.known), candidate: similarityThreshold(calibration, size, fpir.candidate) };
    const subsets = size === people ? 1 : SUBSETS;
    const random = seeded(`gallery of ${size}`);
    const total = { matedProbes: 0, strangerProbes: 0, notNamed: 0, notAsked: 0, strangersNamed: 0, strangersAsked: 0 };
    for (let i = 0; i < subsets; i++) {
      const gallery = sample(everybody, size, random);
      const present = new Set(gallery);
      for (const row of scores.mated) {
        if (!present.has(row.own!)) continue;
        const { decision, best } = decideIn(gallery, row, thresholds);
        total.matedProbes += 1;
        if (best !== row.own || decision !== 'known') total.notNamed += 1;
        if (best !== row.own || decision === 'unknown') total.notAsked += 1;
      }
      for (const row of scores.strangers) {
        const { decision } = decideIn(gallery, row, thresholds);
        total.strangerProbes += 1;
        if (decision === 'known') total.strangersNamed += 1;
        if (decision !== 'unknown') total.strangersAsked += 1;
      }
    }
    return {
      people: size, subsets, threshold_known: thresholds.known, threshold_candidate: thresholds.candidate,
      fnir_known: total.notNamed / Math.max(1, total.matedProbes), fnir_candidate: total.notAsked / Math.max(1, total.matedProbes),
      fpir_known: total.strangersNamed / Math.max(1, total.strangerProbes), fpir_candidate: total.strangersAsked / Math.max(1, total.strangerProbes),
    };
  });
}

function decideIn(gallery: readonly number[], { cosines }: Row, thresholds: Thresholds): { decision: MatchDecision['decision']; best: number } {
  let best = -1;
  let second = -1;
  for (const i of gallery) {
    if (best === -1 || cosines[i]! > cosines[best]!) [best, second] = [i, best];
    else if (second === -1 || cosines[i]! > cosines[second]!) second = i;
  }
  const margin = second === -1 ? null : cosines[best]! - cosines[second]!;
  return { decision: decide(cosines[best]!, margin, thresholds), best };
}

/** The six sample photos of npm @vladmandic/face-api, whose 22 faces were marked by hand. */
async function lookAtSamples({ vision }: EvalStore): Promise<NonNullable<Report['samples']>> {
  const result = { faces: 0, found: 0, false_faces: 0 };
  for (const [name, marked] of Object.entries(SAMPLE_FACES)) {
    const { faces } = await vision.analyse(await samplePhoto(name));
    const boxes = marked.map(({ box: [left, top, right, bottom] }) => ({ x: left, y: top, width: right - left, height: bottom - top }));
    result.faces += boxes.length;
    result.found += boxes.filter((box) => faces.some((face) => iou(face.box, box) >= SAMPLE_IOU_MIN)).length;
    result.false_faces += faces.filter((face) => boxes.every((box) => iou(face.box, box) < SAMPLE_IOU_MIN)).length;
  }
  return result;
}

/** What issue 3 of the project asks for; a figure that was not measured has no line. */
function targetsOf(report: Omit<Report, 'targets'>): Target[] {
  const { mated, strangers, tracks, chosen_fpir: chosen } = report;
  const targets: Target[] = [];
  const atMost = (figure: string, measured: Rate, limit: number) => {
    if (measured.rate !== null) targets.push({ figure, wanted: `at most ${inPercent(limit)}`, met: measured.rate <= limit });
  };
  const atLeast = (figure: string, measured: Rate, limit: number) => {
    if (measured.rate !== null) targets.push({ figure, wanted: `at least ${inPercent(limit)}`, met: measured.rate >= limit });
  };
  const around = (figure: string, measured: Rate, wanted: number) => {
    if (measured.rate !== null) targets.push({ figure, wanted: `${inPercent(wanted / 3)} to ${inPercent(wanted * 3)}`, met: measured.rate >= wanted / 3 && measured.rate <= wanted * 3 });
  };
  atLeast('mated.rank1', mated.rank1, 0.995);
  atMost('mated.fnir_known', mated.fnir_known, 0.01);
  around('strangers.fpir_known', strangers.fpir_known, chosen.known);
  around('strangers.fpir_candidate', strangers.fpir_candidate, chosen.candidate);
  atMost('asked_again', report.asked_again, 0.12);
  atMost('tracks.mated.fnir_known', tracks.mated.fnir_known, 0.002);
  if (report.samples !== null) atMost('samples.false_faces', rate(report.samples.false_faces, report.samples.faces), 0);
  const near = report.range.find(({ height_px: height, tiles }) => height === 48 && tiles);
  if (near !== undefined) atLeast('range 48 px with tiles, found', near.found, 0.95);
  return targets;
}

const inPercent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

const BIN = { from: -0.1, width: 0.02, count: 55 };

async function draw(outDir: string, report: Omit<Report, 'targets'>, scores: { mated: number[]; strangers: number[]; matedTracks: number; strangerTracks: number }): Promise<void> {
  const { thresholds, mated, strangers } = report;
  await mkdir(outDir, { recursive: true });
  const counts = { mated: scores.mated.length, strangers: scores.strangers.length };
  const operating = [
    { name: 'known', threshold: thresholds.known, fpir: strangers.fpir_known.rate ?? 0, fnir: mated.fnir_known.rate ?? 0 },
    { name: 'candidate', threshold: thresholds.candidate, fpir: strangers.fpir_candidate.rate ?? 0, fnir: mated.fnir_candidate.rate ?? 0 },
  ];
  await writeFile(join(outDir, 'det.svg'), detPlot(report.det.single, report.det.track, operating, { ...counts, matedTracks: scores.matedTracks, strangerTracks: scores.strangerTracks, people: report.enrolled_people }));
  await writeFile(join(outDir, 'scores.svg'), scoresPlot({
    from: BIN.from, width: BIN.width,
    mated: histogram(scores.mated, BIN.from, BIN.width, BIN.count), strangers: histogram(scores.strangers, BIN.from, BIN.width, BIN.count),
  }, thresholds));
  await writeFile(join(outDir, 'fnir-by-gallery.svg'), bySizePlot(report.by_gallery_size satisfies BySize[], report.chosen_fpir, { ...counts, subsets: SUBSETS }));
}
