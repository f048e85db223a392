/** `portico models check DIR`: may this pack be used, how fast is it, and is it better than the present one. */
import { readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { isPorticoError } from '../appliance/kit/index.js';
import { createVision, examinePack, type Calibration, type PackExam, type Vision } from '../appliance/vision/index.js';
import { loadManifest, manifestPathFor, modelPackOf, type ModelManifest } from '../models/manifest.js';
import { readModels } from '../models/verify.js';
import { UsageError, type Json, type Output } from './output.js';
import { calibrate, compare, enough, ENROLLED_PHOTOS, makeTrial, proposeGates, ratesOf, type Interval, type Person, type ReadFace, type Trial } from './calibration.js';

/** Fewer people say nothing about strangers. */
const PEOPLE_MIN = 20;
/** Photos of one person beyond this bring time, not knowledge. */
const PHOTOS_MAX = 12;
/** Interleaved rounds of timing after the first few, which warm up; on a busy or slow machine as many as fit the time, but some. */
const ROUNDS = 40;
const WARM_UP = 3;
const ROUNDS_MIN = 5;
const TIMING_BUDGET_MS = 5_000;
/** The rate on which the verdict rests: the default of PORTICO_FPIR_KNOWN. */
const VERDICT_FPIR = 0.003;
const IMAGES = new Set(['.jpg', '.jpeg', '.png', '.webp']);

export interface CheckOptions {
  /** Folder of the pack: its .onnx files and its manifest.json. */
  dir: string;
  /** Folder of the pack that the box uses now. */
  presentDir: string;
  /** A folder for each person with photos of that person alone or in front. */
  facesDir: string | null;
  /** Whether the measured calibration and gates go into the pack's manifest. */
  write: boolean;
  /** Rounds of timing; default ROUNDS. */
  rounds?: number;
}

/** @returns what was found, for programs @throws PorticoError for a pack that must not be used, UsageError */
export async function checkModels(options: CheckOptions, output: Pick<Output, 'line' | 'progress'>): Promise<{ [key: string]: Json }> {
  const { dir, presentDir, facesDir } = options;
  if (!(await isFolder(dir))) throw new UsageError(`${dir} is not a folder`);
  if (facesDir !== null && !(await isFolder(facesDir))) throw new UsageError(`--faces: ${facesDir} is not a folder`);
  if (options.write && facesDir === null) throw new UsageError('--write needs --faces: there is nothing to write without');
  const manifestPath = manifestPathFor(dir);
  if (options.write && manifestPath !== join(dir, 'manifest.json')) throw new UsageError(`--write: ${dir} has no manifest.json of its own`);
  const manifest = await loadManifest(manifestPath);
  const present = await loadManifest(manifestPathFor(presentDir));
  const found = { pack: modelPackOf(manifest), licence: manifest.source.licence, present: modelPackOf(present) };
  output.line(`pack      ${modelPackOf(manifest)}`);
  output.line(`licence   ${manifest.source.licence}`);
  output.line(`present   ${modelPackOf(present)}`);
  if (manifestPath !== join(dir, 'manifest.json')) output.line('note      no manifest.json in this folder: it is taken for the built-in pack');

  const times = await timeBoth({ dir, manifest }, { dir: presentDir, manifest: present }, options.rounds ?? ROUNDS, output);
  if (facesDir === null) {
    const known = manifest.calibration === null ? 'none yet: give --faces FOLDER --write' : manifest.calibration.measuredOn;
    output.line(`calibrated  ${known}`);
    output.line('verdict   cannot tell: give --faces FOLDER (a folder of photos for each person)');
    return { ...found, times, calibration: manifest.calibration?.measuredOn ?? null, verdict: null };
  }

  const listed = await listPeople(facesDir);
  if (listed.length < PEOPLE_MIN) {
    throw new UsageError(`--faces: ${listed.length} people with more than ${ENROLLED_PHOTOS} photos; at least ${PEOPLE_MIN} are needed`);
  }
  const trial = makeTrial(await readPeople(dir, listed, 'new pack', output));
  const presentTrial = makeTrial(await readPeople(presentDir, listed, 'present pack', output));
  const { verdict, rates } = report(trial, presentTrial, present, output);

  const { gates, rankCorrelation } = proposeGates(trial);
  const photos = trial.probes.length;
  const measuredOn = `${listed.length} people, ${ENROLLED_PHOTOS} photos enrolled each, ${photos} probes, ${new Date().toISOString().slice(0, 10)}`;
  const { calibration, behindStrictest } = calibrate(trial, gates, measuredOn);
  output.line('');
  output.line(`norm and similarity: rank correlation ${rankCorrelation.toFixed(2)}; gates ${gates === null ? 'none: the norm says nothing' : JSON.stringify(gates)}`);
  tabulate(calibration, output);
  if (behindStrictest < 3) output.line('  few strangers stand behind the strictest column of the last row: take it as a guess, or give more people');
  if (options.write) {
    await writeManifest(manifestPath, { ...manifest, gates, calibration });
    output.line(`written to ${manifestPath}`);
  }
  return { ...found, times, people: listed.length, rates, verdict, calibration: JSON.parse(JSON.stringify(calibration)) as Json, written: options.write ? manifestPath : null };
}

interface Pack {
  dir: string;
  manifest: ModelManifest;
}

/** Opens both packs, which is the self-test, and times them turn by turn. */
async function timeBoth(candidate: Pack, present: Pack, rounds: number, output: Pick<Output, 'line' | 'progress'>): Promise<{ [key: string]: Json }> {
  const exam = await open(candidate);
  output.line('self-test  passed: hashes, shapes, finite numbers, sense');
  try {
    const other = await open(present);
    try {
      const packs = [exam, other];
      const frames: number[][] = [[], []];
      const faces: number[][] = [[], []];
      const started = performance.now();
      for (let round = -WARM_UP; round < rounds; round++) {
        if (round >= ROUNDS_MIN && performance.now() - started > TIMING_BUDGET_MS) break;
        for (const [index, pack] of packs.entries()) {
          const [frame, face] = [await pack.timeFrame(), await pack.timeFace()];
          if (round < 0) continue;
          frames[index]!.push(frame);
          faces[index]!.push(face);
        }
        output.progress('timing', round + WARM_UP + 1, rounds + WARM_UP);
      }
      const text = (times: number[][]) => `${median(times[0]!).toFixed(1)} ms (present ${median(times[1]!).toFixed(1)})`;
      output.line(`time      a frame of 1280x720 ${text(frames)}, each face ${text(faces)}; medians of ${frames[0]!.length}, one core`);
      return { frameMs: median(frames[0]!), faceMs: median(faces[0]!), presentFrameMs: median(frames[1]!), presentFaceMs: median(faces[1]!), rounds: frames[0]!.length };
    } finally {
      await other.release();
    }
  } finally {
    await exam.release();
  }
}

async function open({ dir, manifest }: Pack): Promise<PackExam> {
  return examinePack(manifest, await readModels(dir, manifest));
}

function report(trial: Trial, presentTrial: Trial, present: ModelManifest, output: Pick<Output, 'line' | 'progress'>): { verdict: string; rates: Json } {
  const [rates, presentRates] = [ratesOf(trial), ratesOf(presentTrial)];
  output.line('');
  output.line(`${trial.templates.length} people, ${ENROLLED_PHOTOS} photos each enrolled as their mean, ${trial.probes.length} probes, no gates`);
  output.line('FPIR     FNIR of the new pack         of the present pack');
  for (const [index, { fpir, fnir }] of rates.entries()) {
    output.line(`${percent(fpir).padEnd(8)} ${range(fnir).padEnd(28)} ${range(presentRates[index]!.fnir)}`);
  }
  const index = rates.findIndex(({ fpir }) => fpir === VERDICT_FPIR);
  const { verdict, wins } = compare(rates[index]!.hit, presentRates[index]!.hit);
  const differing = wins.of === 0
    ? 'the two decide alike on every probe'
    : `of ${wins.of} probes on which the two differ the new pack is right on ${wins.count}: ${range(wins)}`;
  output.line(`verdict   ${verdict} than ${modelPackOf(present)} at FPIR ${percent(VERDICT_FPIR)}: ${differing}`.replace('cannot tell than', 'cannot tell against'));
  return { verdict, rates: rates.map(({ fpir, fnir }, at) => ({ fpir, fnir: { ...fnir }, presentFnir: { ...presentRates[at]!.fnir } })) };
}

function tabulate({ fpir, table, perDecade, floor, cap }: Calibration, output: Pick<Output, 'line' | 'progress'>): void {
  output.line(`thresholds (cosine)  people   ${fpir.map((rate) => `FPIR ${percent(rate)}`.padEnd(11)).join('')}`);
  for (const { people, cosine } of table) output.line(`${''.padEnd(20)} ${String(people).padEnd(8)} ${cosine.map((value) => value.toFixed(3).padEnd(11)).join('')}`);
  output.line(`  ${perDecade} for ten times more people, never below ${floor} or above ${cap}`);
}

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
const range = ({ share, low, high }: Interval) => `${percent(share)} (${percent(low)} to ${percent(high)})`;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** People with more photos than are enrolled, and their photos, in the order of their names. */
async function listPeople(facesDir: string): Promise<{ name: string; files: string[] }[]> {
  const people: { name: string; files: string[] }[] = [];
  for (const name of (await readdir(facesDir)).sort()) {
    if (!(await isFolder(join(facesDir, name)))) continue;
    const files = (await readdir(join(facesDir, name))).filter((file) => IMAGES.has(extname(file).toLowerCase())).sort().slice(0, PHOTOS_MAX);
    if (files.length > ENROLLED_PHOTOS) people.push({ name, files: files.map((file) => join(facesDir, name, file)) });
  }
  return people;
}

async function readPeople(modelsDir: string, listed: { name: string; files: string[] }[], what: string, output: Pick<Output, 'line' | 'progress'>): Promise<Person[]> {
  const workers = Math.min(4, availableParallelism());
  const vision = createVision({ modelsDir, workers, uncalibrated: true });
  await vision.start();
  try {
    const total = listed.reduce((sum, { files }) => sum + files.length, 0);
    let done = 0;
    const people: Person[] = [];
    for (const { name, files } of listed) {
      const photos: (ReadFace | null)[] = new Array<ReadFace | null>(files.length).fill(null);
      // As many at once as there are workers, so that their queue never grows.
      for (let from = 0; from < files.length; from += workers) {
        await Promise.all(files.slice(from, from + workers).map(async (file, i) => {
          photos[from + i] = await largestFace(vision, file);
          output.progress(what, ++done, total);
        }));
      }
      people.push({ name, photos });
    }
    return enough(people);
  } finally {
    await vision.stop();
  }
}

async function largestFace(vision: Vision, file: string): Promise<ReadFace | null> {
  try {
    const [face] = (await vision.analyse(await readFile(file), { maxFaces: 1 })).faces;
    return face === undefined ? null : { embedding: face.embedding, norm: face.quality.norm };
  } catch (error) {
    // A photo that cannot be read is a photo without a face; a worker that died is not.
    if (isPorticoError(error) && error.code.startsWith('image_')) return null;
    throw error;
  }
}

async function writeManifest(path: string, manifest: ModelManifest): Promise<void> {
  const incoming = `${path}.incoming`;
  await writeFile(incoming, `${JSON.stringify(manifest, null, 2)}\n`);
  await loadManifest(incoming);
  await rename(incoming, path);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}
