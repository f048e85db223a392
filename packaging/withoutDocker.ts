/**
 * `node dist/packaging/withoutDocker.js --debian ROOT --work DIR [--dockerfile FILE] [--wounds]`: carries out the Dockerfile without Docker, as root on Linux.
 * A stage is a folder. The base image is the debootstrapped Debian with this machine's Node in it, so what is proved is the file, not the base. What comes out is
 * looked through, then started as Docker would. `--wounds`: then the Dockerfile is spoiled in one place after another, and each has to be found.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runInImage, type Setting } from './chroot.js';
import { tryOut } from './container.js';
import { ignoreRules, parseDockerfile, type Stage, type Step } from './dockerfile.js';
import { faultsOfImage, RELEASE, sizeOf } from './imageContents.js';
import { WOUNDS } from './wounds.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const RUN_MS = 1_200_000;
/** What a debootstrapped Debian 12 with a Node in it stands for. */
const BASE = /^node:\d+-bookworm-slim$/;

const { values: options } = parseArgs({ options: { debian: { type: 'string' }, work: { type: 'string' }, dockerfile: { type: 'string', default: join(root, 'Dockerfile') }, wounds: { type: 'boolean', default: false } } });
if (options.debian === undefined || options.work === undefined) {
  console.error('node dist/packaging/withoutDocker.js --debian DEBOOTSTRAPPED_ROOT --work DIR [--dockerfile FILE] [--wounds]');
  process.exit(2);
}
const { debian } = options;
const work = resolve(options.work);
const since = performance.now();
const say = (line: string) => console.log(`${String(Math.round((performance.now() - since) / 1000)).padStart(4)} s  ${line}`);

/** Folders by what was done in them: of spoiled Dockerfiles only what differs is done again. */
const folders = new Map<string, Promise<string>>();
const bases = new Map<string, string>();
let folderCount = 0;

interface Built { key: string; image: Promise<Setting> }

const dockerfile = readFileSync(options.dockerfile, 'utf8');
rmSync(work, { recursive: true, force: true });
try {
  await make(dockerfile, say);
  if (options.wounds) await wound();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function make(text: string, tell: (line: string) => void): Promise<void> {
  const stages = parseDockerfile(text);
  const final = stages.at(-1)!;
  if (!BASE.test(final.base)) throw new Error(`the image is FROM ${final.base}, which is not ${BASE}`);
  // All at once, as BuildKit does it: one that copies from another waits for that one there.
  const built = new Map<string, Built>();
  const all = stages.map((stage) => {
    const each = build(stage, new Map(built), tell);
    if (stage.name !== null) built.set(stage.name, each);
    return each.image;
  });
  await Promise.allSettled(all); // whatever failed: nothing is under way any more when the folders are removed
  const image = (await Promise.all(all)).at(-1)!;
  const faults = await faultsOfImage({ directory: image.directory, base: bases.get(final.base)!, volumes: final.volumes }, readFileSync(join(root, 'package-lock.json'), 'utf8'));
  if (faults.length > 0) throw new Error(`the image has not what it should have:\n${faults.slice(0, 20).join('\n')}${faults.length > 20 ? `\nand ${faults.length - 20} more` : ''}`);
  const megabytes = (path: string) => `${(sizeOf(join(image.directory, RELEASE, path)) / 1_048_576).toFixed(0)} MiB`;
  tell(`the image: what is put onto the base is ${megabytes('.')} (node_modules ${megabytes('app/node_modules')}, models ${megabytes('app/models')}); it is the release, whole, and nothing else`);
  await tryOut(final, image, join(work, 'volumes'), tell);
}

async function wound(): Promise<void> {
  const unseen: string[] = [];
  for (const { words, change, found } of WOUNDS) {
    const spoiled = change(dockerfile);
    if (spoiled === dockerfile) throw new Error(`${words}: this changes nothing in the Dockerfile; mend packaging/wounds.ts`);
    const message = await make(spoiled, () => undefined).then(() => null, (error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (message !== null && found.test(message)) say(`refused: ${words}`);
    else unseen.push(message === null ? `${words}: nobody noticed` : `${words}: found, but for another reason: ${message}`);
  }
  if (unseen.length > 0) throw new Error(unseen.join('\n'));
}

/** One stage, on its way. */
function build(stage: Stage, built: ReadonlyMap<string, Built>, tell: (line: string) => void): Built {
  const from = built.get(stage.base);
  const lastChange = stage.steps.findLastIndex(({ kind }) => kind === 'run' || kind === 'copy' || kind === 'workdir');
  const key = JSON.stringify([from?.key ?? stage.base, stage.steps.slice(0, lastChange + 1).map((step) => (step.kind === 'copy' && step.from !== null ? [step, built.get(step.from)?.key] : step))]);
  const image = (async () => {
    const before = await from?.image;
    const start = (directory: string): Setting => ({ directory, env: before?.env ?? new Map([['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']]), workdir: before?.workdir ?? '/', user: before?.user ?? '0' });
    let made = folders.get(key);
    if (made === undefined) {
      tell(`FROM ${stage.base}${stage.name === null ? '' : ` AS ${stage.name}`}`);
      const directory = newFolder();
      copyAll(before?.directory ?? baseOf(stage.base, tell), directory);
      made = carryOut(stage, start(directory), built, tell);
      folders.set(key, made);
    }
    return stage.steps.reduce(after, start(await made));
  })();
  return { key, image };
}

async function carryOut(stage: Stage, start: Setting, built: ReadonlyMap<string, Built>, tell: (line: string) => void): Promise<string> {
  const named = stage.name === null ? '' : `${stage.name}: `;
  const args = new Map<string, string>();
  let setting = start;
  for (const step of stage.steps) {
    setting = after(setting, step);
    if (step.kind === 'arg') args.set(step.name, step.value);
    else if (step.kind === 'workdir') mkdirSync(join(setting.directory, setting.workdir), { recursive: true });
    else if (step.kind === 'copy') {
      const source = step.from === null ? null : await (built.get(step.from)?.image ?? fail(`COPY --from=${step.from}: no such stage`));
      tell(`${named}COPY ${step.from === null ? '' : `--from=${step.from} `}${step.sources.join(' ')} ${step.to}`);
      copy(step, source, setting);
    } else if (step.kind === 'run') {
      tell(`${named}RUN ${step.command.replace(/\s+/g, ' ')}`);
      await runInImage({ ...setting, env: new Map([...args, ...setting.env]) }, step.command, RUN_MS);
    }
  }
  tell(`${named}done`);
  return setting.directory;
}

/** What a step says about the programs after it. */
function after(setting: Setting, step: Step): Setting {
  switch (step.kind) {
    case 'env': return { ...setting, env: new Map([...setting.env, [step.name, step.value]]) };
    case 'user': return { ...setting, user: step.name };
    case 'workdir': return { ...setting, workdir: posix.resolve(setting.workdir, step.path) };
    case 'arg': case 'copy': case 'run': return setting;
  }
}

/** Docker's rules: of a folder its contents are copied; into a target that ends in / , or of several sources, by name; all of it belongs to root. */
function copy({ sources, to }: Step & { kind: 'copy' }, from: Setting | null, { directory, workdir }: Setting): void {
  const context = from === null ? root : from.directory;
  const isIgnored = from === null ? ignoreRules(readFileSync(join(root, '.dockerignore'), 'utf8')) : () => false;
  const target = posix.resolve(workdir, to);
  for (const source of sources) {
    const path = join(context, source);
    if (!existsSync(path) || isIgnored(posix.normalize(source))) fail(`COPY ${source}: not there`);
    const isFolder = statSync(path).isDirectory();
    const into = join(directory, !isFolder && (sources.length > 1 || to.endsWith('/') || to === '.') ? posix.join(target, posix.basename(source)) : target);
    mkdirSync(dirname(into), { recursive: true });
    if (from === null) cpSync(path, into, { recursive: true, verbatimSymlinks: true, filter: (each) => each === path || !isIgnored(each.slice(context.length).replace(/^\/+/, '')) });
    else execFileSync('cp', ['--recursive', '--no-dereference', '--preserve=mode,timestamps', '--reflink=auto', '--no-target-directory', path, into]);
  }
}

/** What the official image has under /usr/local: Node, npm, the headers, and a user node with the number 1000. */
function baseOf(image: string, tell: (line: string) => void): string {
  if (!BASE.test(image)) fail(`FROM ${image}: only ${BASE} can be stood in for here`);
  const known = bases.get(image);
  if (known !== undefined) return known;
  const directory = newFolder();
  copyAll(debian, directory);
  tell(`Node ${process.versions.node} of this machine in a Debian stands for ${image}`);
  const prefix = dirname(dirname(process.execPath));
  mkdirSync(join(directory, 'usr/local/lib/node_modules'), { recursive: true });
  cpSync(process.execPath, join(directory, 'usr/local/bin/node'));
  copyAll(join(prefix, 'lib/node_modules/npm'), join(directory, 'usr/local/lib/node_modules/npm'));
  copyAll(join(prefix, 'include/node'), join(directory, 'usr/local/include/node'));
  for (const name of ['npm', 'npx']) execFileSync('ln', ['--symbolic', '--force', `../lib/node_modules/npm/bin/${name}-cli.js`, join(directory, 'usr/local/bin', name)]);
  execFileSync('chroot', [directory, 'useradd', '--uid', '1000', '--user-group', '--create-home', 'node']);
  // Bound over while something runs; as a link it might lead out of the folder.
  rmSync(join(directory, 'etc/resolv.conf'), { force: true });
  writeFileSync(join(directory, 'etc/resolv.conf'), '');
  bases.set(image, directory);
  return directory;
}

function newFolder(): string {
  const directory = join(work, `stage-${folderCount++}`);
  mkdirSync(work, { recursive: true });
  return directory;
}

function copyAll(from: string, to: string): void {
  execFileSync('cp', ['--archive', '--reflink=auto', '--no-target-directory', from, to]);
}

function fail(words: string): never {
  throw new Error(words);
}
