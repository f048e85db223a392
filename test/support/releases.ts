/** Boxes to update: a root folder of their own, release trees that really start, and a machine that runs them as children. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, linkSync, copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { makeSigningKey, type SigningKey } from '../../provisioning/index.js';
import { makeBundle, placesBelow, readSettings, signBundle, type Machine, type Places } from '../../updates/index.js';
import { freePort } from '../../updates/probe.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const MIGRATIONS = join(ROOT, 'appliance/storage/migrations');
const PARTS = ['appliance', 'cli', 'fleet', 'models', 'page', 'provisioning', 'updates'];
export const PATIENCE = { withinMs: 60_000, steadyMs: 500 };

export interface TestRoot { base: string; places: Places; port: number; key: SigningKey }

/** A box's root folder: settings, organisation, and the release A that `current` leads to. */
export async function makeRoot(base: string, version = '1.0.0', settings: Record<string, string> = {}): Promise<TestRoot> {
  const places = placesBelow(base);
  const key = makeSigningKey();
  const port = await freePort();
  for (const folder of [places.releases, places.settings]) mkdirSync(folder, { recursive: true });
  mkdirSync(places.data, { recursive: true, mode: 0o700 });
  // Node looks for packages in the folders above too: the trees share the project's own.
  symlinkSync(join(ROOT, 'node_modules'), join(base, 'node_modules'));
  const all = { PORTICO_HOST: '127.0.0.1', PORTICO_PORT: String(port), PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1', PORTICO_STORE_ID: 'SH-01', ...settings };
  writeFileSync(join(places.settings, 'box.env'), Object.entries(all).map(([name, value]) => `${name}="${value}"\n`).join(''));
  writeFileSync(join(places.settings, 'organisation.json'), JSON.stringify({ keyId: key.keyId, publicKey: key.publicKey, serial: 1 }));
  makeTree(join(places.releases, version), version);
  symlinkSync(`releases/${version}`, places.current);
  return { base, places, port, key };
}

export interface Differences {
  /** One more migration, its SQL. */
  migration?: string;
  /** Done to the finished tree. */
  change?: (tree: string) => void;
}

/** A release tree of this project that starts with its own Node; packages come from above it. */
export function makeTree(tree: string, version: string, { migration, change }: Differences = {}): void {
  mkdirSync(join(tree, 'bin'), { recursive: true });
  try {
    linkSync(process.execPath, join(tree, 'bin/node'));
  } catch {
    copyFileSync(process.execPath, join(tree, 'bin/node'));
  }
  const app = join(tree, 'app');
  for (const part of PARTS) cpSync(join(ROOT, 'dist', part), join(app, 'dist', part), { recursive: true, filter: (path) => !path.endsWith('.map') });
  cpSync(MIGRATIONS, join(app, 'appliance/storage/migrations'), { recursive: true });
  cpSync(join(ROOT, 'models/files'), join(app, 'models/files'), { recursive: true });
  if (existsSync(join(ROOT, 'models/manifest.json'))) copyFileSync(join(ROOT, 'models/manifest.json'), join(app, 'models/manifest.json'));
  const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as object;
  writeFileSync(join(app, 'package.json'), JSON.stringify({ ...packageJson, version }));
  if (migration !== undefined) {
    const next = readdirSync(join(app, 'appliance/storage/migrations')).length + 1;
    writeFileSync(join(app, `appliance/storage/migrations/${String(next).padStart(4, '0')}-trial.sql`), migration);
  }
  writeFileSync(join(tree, 'release.json'), JSON.stringify({ version, node: process.versions.node, platform: process.platform, arch: process.arch, builtAt: '2026-11-22T00:00:00.000Z', files: {} }));
  change?.(tree);
}

/** A signed update. @returns its file */
export async function makeUpdate(root: TestRoot, version: string, differences: Differences = {}, minVersion: string | null = null): Promise<string> {
  const folder = join(root.base, 'made');
  const tree = join(folder, version);
  makeTree(tree, version, differences);
  const { file } = await makeBundle({ tree, folder, minVersion, clock: systemClock, level: 1 });
  await signBundle(file, root.key);
  return file;
}

export interface TestMachine extends Machine {
  box(): ChildProcess | null;
  /** From each stop to the next READY, milliseconds. */
  downtimes: number[];
  /** What the system was told, in words. */
  told: string[];
  /** The power goes: no goodbye. */
  cutPower(): Promise<void>;
}

/** Runs what `current` leads to, with the settings of the root, as a child. */
export function childMachine(places: Places): TestMachine {
  let box: ChildProcess | null = null;
  let stoppedAt: number | null = null;
  const downtimes: number[] = [];
  const told: string[] = [];
  const end = async (signal: NodeJS.Signals) => {
    const running = box;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => { running.once('exit', resolve); });
    running.kill(signal);
    await ended;
  };
  return {
    downtimes, told, box: () => box, user: () => null,
    tell: (commands) => { told.push(...commands.map((command) => command.join(' '))); return Promise.resolve(); },
    withCredentials: (use) => use(null),
    isUp: () => Promise.resolve(box !== null && box.exitCode === null && box.signalCode === null),
    stop: () => {
      stoppedAt = performance.now();
      return end('SIGTERM');
    },
    cutPower: () => end('SIGKILL'),
    start: async () => {
      const child = spawn(join(places.current, 'bin/node'), [join(places.current, 'app/dist/appliance/start.js')], {
        cwd: join(places.current, 'app'), stdio: ['ignore', 'pipe', 'pipe'], env: { ...readSettings(places), PORTICO_DATA_DIR: places.data },
      });
      box = child;
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
      await new Promise<void>((resolve, reject) => {
        let out = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          out += text;
          if (out.includes('Portico is running')) resolve();
        });
        child.once('exit', (code) => reject(new Error(`the box ended with ${code ?? 'a signal'}: ${said.slice(-500)}`)));
      });
      if (stoppedAt !== null) downtimes.push(performance.now() - stoppedAt);
      stoppedAt = null;
    },
  };
}

/** Ends what a test left running. */
export function endWith(t: Pick<Test, 'teardown'>, machine: TestMachine): TestMachine {
  t.teardown(() => machine.cutPower());
  return machine;
}
