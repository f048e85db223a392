import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { createVision, type FrameAnalysis, type VisionOptions } from '../../appliance/vision/index.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { inOrder } from './inOrder.js';
import type { Output } from './main.js';

export const EMBED_USAGE = 'embed --in DIR --out FILE.jsonl [--tiles] [--models DIR] [--workers N]   one line of faces and templates for each image';

export interface EmbedOptions extends Pick<VisionOptions, 'modelsDir' | 'workers'> {
  inDir: string;
  outFile: string;
  tiles: boolean;
}

/** One line of the output. `file` is relative to the folder, with / between its parts. */
export type EmbedLine =
  | {
      file: string;
      width: number;
      height: number;
      /** Largest first. `box`: x, y, width, height in pixels of the upright image; `template`: 512 values, L2 norm 1. */
      faces: { box: number[]; score: number; template: number[] }[];
    }
  | { file: string; error: string };

const IMAGE_EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif']);

/** Embeds every image of a folder, in the order of their names. @throws PorticoError when the models are not there */
export async function embed(options: EmbedOptions, output: Output): Promise<{ images: number; faces: number; errors: number }> {
  const files = await listImages(options.inDir);
  const vision = createVision(options);
  await vision.start();
  const out = createWriteStream(options.outFile);
  await once(out, 'open');
  const counts = { images: 0, faces: 0, errors: 0 };
  try {
    await inOrder(files, (file) => embedFile(vision, options, file), async (line, index) => {
      counts.images += 1;
      if ('error' in line) counts.errors += 1;
      else counts.faces += line.faces.length;
      if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
      output.progress(index + 1, files.length, 'images');
    });
  } finally {
    await vision.stop();
    out.end();
  }
  await once(out, 'close');
  return counts;
}

type Analyser = Pick<ReturnType<typeof createVision>, 'analyse'>;

async function embedFile(vision: Analyser, options: EmbedOptions, file: string): Promise<EmbedLine> {
  try {
    return toLine(file, await vision.analyse(await readFile(join(options.inDir, file)), { tiles: options.tiles }));
  } catch (error) {
    if (isPorticoError(error)) return { file, error: error.code };
    throw error;
  }
}

function toLine(file: string, analysis: FrameAnalysis): EmbedLine {
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  return {
    file,
    width: analysis.width,
    height: analysis.height,
    faces: analysis.faces.map(({ box, detectionScore, embedding }) => ({
      box: [box.x, box.y, box.width, box.height].map((value) => rounded(value, 2)),
      score: rounded(detectionScore, 4),
      template: Array.from(embedding.values(), (value) => rounded(value, 6)),
    })),
  };
}

/** Images below a folder, paths relative to it with / between their parts, sorted. */
export async function listImages(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
