/** The release tree: all that a box runs, with its own Node, the same bytes whoever builds it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, cp, lstat, lutimes, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { npmCommand } from '../models/install.js';
import { loadManifest } from '../models/manifest.js';
import { verifyModels } from '../models/verify.js';
import { manPage } from './man.js';

export interface Release {
  version: string;
  /** Without the leading v. */
  node: string;
  /** As Node names them: linux, x64. */
  platform: string;
  arch: string;
  /** ISO 8601, of the sources rather than of the clock. */
  builtAt: string;
  /** SHA-256, hexadecimal, by path below the tree; release.json itself is not among them. */
  files: Record<string, string>;
}

/** Of dist/ what a box runs; tests, the demo and the tools of packaging stay behind. */
const PARTS_OF_DIST = ['appliance', 'cli', 'fleet', 'models', 'page', 'provisioning', 'updates'];
/** Of package.json what Node and `portico --version` read. */
const KEPT_OF_PACKAGE = ['name', 'version', 'description', 'private', 'type', 'license', 'bin', 'engines', 'dependencies'];
/** Letters of one weight are set (papers/sheet.ts); the package brings nine, 10 MB each. */
const FONT_KEPT = '400Regular';

/** Tests that packages bring along, 11 MB: nobody runs them in a store. */
export const TEST_FILE = /(^|\/)(test|tests|__tests__|fixtures)\/|\.(test|spec)\.[cm]?[jt]s$/;

/** @returns the commit's time, or SOURCE_DATE_EPOCH (reproducible-builds.org), in seconds */
export function sourceEpochSeconds(root: string, given: string | undefined): number {
  const text = given ?? execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' });
  const seconds = Number(text.trim());
  if (!Number.isSafeInteger(seconds) || seconds <= 0) throw new Error(`SOURCE_DATE_EPOCH is not a number of seconds: ${text}`);
  return seconds;
}

/**
 * Builds the tree from a project that is built (dist/) and has its models.
 * @param options.out is made anew: what lies there is removed
 * @throws PorticoError model_missing, model_corrupt; Error when npm fails or dist/ is not built
 */
export async function buildRelease(options: {
  root: string; out: string; version?: string; epochSeconds: number; npmExecPath: string | undefined; environment: NodeJS.ProcessEnv;
  /** A node_modules that "npm ci --omit=dev" made from the same lock file; without it npm is run. */
  modules?: string;
  say: (line: string) => void;
}): Promise<Release> {
  const { root, out, epochSeconds, say } = options;
  const app = join(out, 'app');
  await rm(out, { recursive: true, force: true });
  await mkdir(join(app, 'dist'), { recursive: true });
  for (const part of PARTS_OF_DIST) {
    const from = join(root, 'dist', part);
    const built = await lstat(from).then(() => true, () => false);
    if (built) await cp(from, join(app, 'dist', part), { recursive: true, filter: (path) => !path.endsWith('.map') });
    else if (['appliance', 'cli', 'models', 'page'].includes(part)) throw new Error(`dist/${part} is missing: run "npm run build" first`);
  }
  await mkdir(join(app, 'dist/packaging'));
  await copyFile(join(root, 'dist/packaging/healthProbe.js'), join(app, 'dist/packaging/healthProbe.js'));
  await lstat(join(app, 'dist/appliance/gallery/scan/scan.wasm')); // made by a step of its own
  await cp(join(root, 'appliance/storage/migrations'), join(app, 'appliance/storage/migrations'), { recursive: true });
  await writeFile(join(app, 'dist/portico.1'), manPage());

  const manifest = await loadManifest(join(root, 'models/manifest.json'));
  await mkdir(join(app, 'models/files'), { recursive: true });
  await copyFile(join(root, 'models/manifest.json'), join(app, 'models/manifest.json'));
  for (const { file } of manifest.models) await copyFile(join(root, 'models/files', file), join(app, 'models/files', file));
  await verifyModels(join(app, 'models/files'), manifest);
  say(`models: ${manifest.models.length} files of ${manifest.id}, checked`);

  await installModules(options, app);
  await mkdir(join(out, 'bin'));
  await copyFile(process.execPath, join(out, 'bin/node'));
  const packageJson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(join(app, 'package.json'), `${JSON.stringify(Object.fromEntries(KEPT_OF_PACKAGE.flatMap((key) => (key in packageJson ? [[key, packageJson[key]]] : []))), null, 2)}\n`);
  return stamp(out, options.version ?? String(packageJson['version']), epochSeconds);
}

/**
 * Gives a tree its version, modes, times and release.json. Also for a tree that has one: the same tree under a higher version is how upgrades are tried.
 * @throws Error when the version could not be a folder's name or a package's version
 */
export async function stamp(out: string, version: string, epochSeconds: number): Promise<Release> {
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/.test(version)) throw new Error(`not a version such as 1.2.3: ${version}`);
  const packagePath = join(out, 'app/package.json');
  const packageJson = JSON.parse(await readFile(packagePath, 'utf8')) as Record<string, unknown>;
  await writeFile(packagePath, `${JSON.stringify({ ...packageJson, version }, null, 2)}\n`);
  await rm(join(out, 'release.json'), { force: true });
  const files: Record<string, string> = {};
  for (const path of await filesBelow(out)) files[relative(out, path)] = await sha256OfFile(path);
  const release: Release = {
    version, node: process.versions.node, platform: process.platform, arch: process.arch, builtAt: new Date(epochSeconds * 1000).toISOString(), files,
  };
  await writeFile(join(out, 'release.json'), `${JSON.stringify(release, null, 1)}\n`);
  await settle(out, epochSeconds);
  return release;
}

/** Every plain file below a folder, sorted by bytes; links and anything else are a fault: a release has none. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const found = await Promise.all(entries.map(async (entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    if (!entry.isFile()) throw new Error(`neither a file nor a folder: ${path}`);
    return [path];
  }));
  return found.flat().sort((a, b) => (a < b ? -1 : 1));
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function installModules({ root, modules: given, npmExecPath, environment, say }: Parameters<typeof buildRelease>[0], app: string): Promise<void> {
  const modules = join(app, 'node_modules');
  const startedAt = performance.now();
  if (given === undefined) {
    say('node_modules: installing from the lock file, without what only developers need: a minute or more');
    await runNpm(root, app, npmExecPath, environment);
  } else {
    await cp(given, modules, { recursive: true, verbatimSymlinks: true });
  }
  for (const path of await unneeded(modules)) await rm(path, { recursive: true, force: true });
  say(`node_modules: ${given === undefined ? 'installed from the lock file' : 'copied'} and thinned in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}

async function runNpm(root: string, app: string, npmExecPath: string | undefined, environment: NodeJS.ProcessEnv): Promise<void> {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) await copyFile(join(root, file), join(app, file));
  const npm = npmCommand(npmExecPath);
  const { status } = spawnSync(npm.program, [...npm.args, 'ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: app, shell: npm.shell, stdio: ['ignore', 'ignore', 'inherit'], env: environment,
  });
  if (status !== 0) throw new Error(`npm ci --omit=dev ended with ${status ?? 'a signal'}`);
  await rm(join(app, 'package-lock.json'));
  await rm(join(app, '.npmrc'));
}

/** What no box of this platform reads: others' binaries, sources of what is compiled, types, source maps, tests. Licences stay. */
async function unneeded(modules: string): Promise<string[]> {
  const here = `${process.platform}/${process.arch}`;
  const drop = ['.bin', '.package-lock.json', '@types', 'better-sqlite3/deps', 'better-sqlite3/src', 'better-sqlite3/binding.gyp', 'prebuild-install', 'node-gyp'].map((path) => join(modules, path));
  if (process.platform !== 'win32') drop.push(join(modules, 'ssh2/util/pagent.exe'));
  const runtimes = join(modules, 'onnxruntime-node/bin/napi-v6');
  for (const platform of await readdir(runtimes)) {
    for (const arch of await readdir(join(runtimes, platform))) if (`${platform}/${arch}` !== here) drop.push(join(runtimes, platform, arch));
    if (platform !== process.platform) drop.push(join(runtimes, platform));
  }
  const built = join(modules, 'better-sqlite3/build');
  for (const path of await filesOrLinksBelow(built)) if (relative(built, path) !== 'Release/better_sqlite3.node') drop.push(path);
  const fonts = join(modules, '@expo-google-fonts/noto-sans-sc');
  for (const entry of await readdir(fonts, { withFileTypes: true })) if (entry.isDirectory() && entry.name !== FONT_KEPT) drop.push(join(fonts, entry.name));
  for (const path of await filesOrLinksBelow(modules)) if (/\.(map|[cm]?ts|tsbuildinfo)$|\/\.bin\//.test(path) || TEST_FILE.test(relative(modules, path))) drop.push(path);
  return drop;
}

async function filesOrLinksBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

/** Modes that do not hang on the builder's umask, times that do not hang on the clock, no empty folders. */
async function settle(directory: string, epochSeconds: number): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await settle(path, epochSeconds);
    else {
      await chmod(path, path.endsWith('/bin/node') ? 0o755 : 0o644);
      await lutimes(path, epochSeconds, epochSeconds);
    }
  }
  if ((await readdir(directory)).length === 0) return rm(directory, { recursive: true });
  await chmod(directory, 0o755);
  await lutimes(directory, epochSeconds, epochSeconds);
}
