/**
 * Measures recognition on folders of photos, and the release for head office on the known attacks: `node dist/test/eval/main.js COMMAND ...`. A tool for engineers; it
 * writes templates to a file, so use it only with photos that may be used for that.
 */
import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { isPorticoError } from '../../appliance/kit/index.js';
import { defaultModelsDir } from '../../models/manifest.js';
import { anonymity, ANONYMITY_USAGE, FULL_RUNS } from './anonymity.js';
import { embed, EMBED_USAGE } from './embed.js';
import { identify, IDENTIFY_USAGE } from './identify.js';
import { RANGE_FRAMES, report, ReportError, REPORT_USAGE } from './report.js';
import { aroundMarks, reportText, writeInto } from './reportText.js';

/** Where commands say how far they are. */
export interface Output {
  progress(done: number, of: number, what: string): void;
}

/** The command line is wrong: exit code 2. */
class UsageError extends Error {}

interface Command {
  usage: string;
  /** @returns what is printed when it is done */
  run(args: string[], output: Output): Promise<string>;
}

const COMMANDS: Record<string, Command> = {
  embed: {
    usage: EMBED_USAGE,
    async run(args, output) {
      const { values } = parseArgs({
        args,
        options: { in: { type: 'string' }, out: { type: 'string' }, tiles: { type: 'boolean' }, ...VISION_OPTIONS },
      });
      const inDir = required(values.in, '--in');
      const outFile = required(values.out, '--out');
      if (!(await isFolder(inDir))) throw new UsageError(`--in: ${inDir} is not a folder`);
      const counts = await embed(
        { inDir, outFile, tiles: values.tiles ?? false, ...visionOptions(values) },
        output,
      );
      return `${counts.images} images, ${counts.faces} faces, ${counts.errors} errors: ${outFile}`;
    },
  },
  identify: {
    usage: IDENTIFY_USAGE,
    async run(args, output) {
      const { values } = parseArgs({
        args,
        options: { gallery: { type: 'string' }, probes: { type: 'string' }, out: { type: 'string' }, ...VISION_OPTIONS },
      });
      const galleryDir = required(values.gallery, '--gallery');
      const probesDir = required(values.probes, '--probes');
      const outFile = required(values.out, '--out');
      if (!(await isFolder(galleryDir))) throw new UsageError(`--gallery: ${galleryDir} is not a folder`);
      if (!(await isFolder(probesDir))) throw new UsageError(`--probes: ${probesDir} is not a folder`);
      const { enrolled, withoutFace, leftOut, probes } = await identify({ galleryDir, probesDir, outFile, ...visionOptions(values) }, output);
      return `${enrolled} enrolled, ${withoutFace} folders without a readable face, ${leftOut} photos left out, ${probes} probes: ${outFile}`;
    },
  },
  report: {
    usage: REPORT_USAGE,
    async run(args, output) {
      const { values } = parseArgs({
        args,
        options: {
          faces: { type: 'string' }, samples: { type: 'boolean' }, 'range-frames': { type: 'string' }, out: { type: 'string' }, into: { type: 'string' },
          json: { type: 'boolean' }, ...VISION_OPTIONS,
        },
      });
      const facesDir = required(values.faces, '--faces');
      if (!(await isFolder(facesDir))) throw new UsageError(`--faces: ${facesDir} is not a folder`);
      if (values.into !== undefined) await aroundMarks(values.into);
      const measured = await report({
        facesDir, samples: values.samples ?? false, rangeFrames: wholeNumber(values['range-frames'], '--range-frames', 0) ?? RANGE_FRAMES,
        ...(values.out === undefined ? {} : { outDir: values.out }), ...visionOptions(values),
      }, output);
      const text = reportText(measured);
      if (values.into !== undefined) await writeInto(values.into, text);
      return values.json === true ? `${text}\n${JSON.stringify(measured)}` : text;
    },
  },
  anonymity: {
    usage: ANONYMITY_USAGE,
    async run(args, output) {
      const { values } = parseArgs({ args, options: { runs: { type: 'string' }, into: { type: 'string' } } });
      if (values.runs !== undefined && !/^[1-9][0-9]{3,6}$/.test(values.runs)) throw new UsageError(`--runs: a whole number from 1000 to 9999999, not "${values.runs}"`);
      if (values.into !== undefined) await aroundMarks(values.into);
      const text = await anonymity(values.runs === undefined ? FULL_RUNS : Number(values.runs), output);
      if (values.into !== undefined) await writeInto(values.into, text);
      return text;
    },
  },
};

const VISION_OPTIONS = { models: { type: 'string' }, workers: { type: 'string' } } as const;

function visionOptions(values: { models?: string | undefined; workers?: string | undefined }): { modelsDir: string; workers?: number } {
  const workers = wholeNumber(values.workers, '--workers', 1);
  return { modelsDir: values.models ?? defaultModelsDir(), ...(workers === undefined ? {} : { workers }) };
}

const terminal: Output = {
  progress(done, of, what) {
    if (process.stderr.isTTY) process.stderr.write(`\r${done}/${of} ${what}${done === of ? '\n' : ''}`);
  },
};

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new UsageError(`${name} is missing`);
  return value;
}

function wholeNumber(value: string | undefined, name: string, min: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^[0-9]{1,4}$/.test(value) || number < min) throw new UsageError(`${name}: a whole number from ${min} to 9999, not "${value}"`);
  return number;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}

/** `parseArgs` refuses unknown options with errors of its own. */
function isUsageError(error: unknown): error is Error {
  return error instanceof UsageError || (error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS'));
}

async function main(args: string[]): Promise<number> {
  const [name = '', ...rest] = args;
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw new UsageError(name === '' ? 'a command is missing' : `unknown command: ${name}`);
    console.log(await command.run(rest, terminal));
    return 0;
  } catch (error) {
    if (isUsageError(error)) {
      const usages = Object.values(COMMANDS).map((command) => `  node dist/test/eval/main.js ${command.usage}`);
      console.error([error.message, 'Usage:', ...usages].join('\n'));
      return 2;
    }
    if (error instanceof ReportError) {
      console.error(error.message);
      return 1;
    }
    console.error(isPorticoError(error) ? `${error.code}: ${error.message} ${JSON.stringify(error.details ?? {})}` : error);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
