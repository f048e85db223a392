/**
 * How fast the product is: `npm run --silent bench -- [--json] [--only frame,search,...] [--frames N] [--desk-full] [--fleet-full]`. Real models, real
 * encrypted files, real TLS sockets. The last line of stdout is one JSON object; README.md beside this file says what its
 * keys mean. Targets are shown, never enforced; the exit code is 1 only when something could not be measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../appliance/config/index.js';
import { cutOffAll } from './child.js';
import { measureDesk } from './desk.js';
import { measureFanout } from './fanout.js';
import { measureFleet } from './fleet.js';
import { measureFrame } from './frame.js';
import { readOptions, type BenchOptions, type Part } from './options.js';
import { measureReady } from './ready.js';
import { measureSearch } from './search.js';
import { measureLoop, measureStations } from './stations.js';
import { Store } from './store.js';
import { table } from './table.js';
import { heldAgainstTargets } from './targets.js';

/** No part takes a third of this on a machine at rest; the desk's and the fleet's are made first. */
const PART_DEADLINE_MS = 300_000;
const LONG_DEADLINE_MS = 1_800_000;
/** The store of the tracker's fifth issue, and a tenth of it. */
const DESK_FULL = { customers: 100_000, visits: 1_000_000 };
const DESK = { customers: 10_000, visits: 100_000 };
/** The fleet of the tracker's sixth issue, and a fiftieth of it. */
const FLEET_FULL = { stores: 1_000, days: 365 };
const FLEET = { stores: 20, days: 365 };

let options: BenchOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}

const startedAt = performance.now();
const say = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
};
const scratch = mkdtempSync(join(tmpdir(), 'portico-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) process.once(signal, () => process.exit(code));

const { modelsDirectory: modelsDir } = loadConfig();
let store: Promise<Store> | null = null;
const common = async () => ({ say, store: await (store ??= Store.make(scratch)) });
const measure: Record<Part, () => Promise<object>> = {
  frame: () => measureFrame({ say, modelsDir, frames: options.frames }),
  search: async () => measureSearch(await common()),
  ready: async () => measureReady(await common()),
  fanout: async () => measureFanout({ ...(await common()), scratch, modelsDir, frames: options.frames }),
  desk: () => measureDesk({ say, scratch, size: options.deskFull ? DESK_FULL : DESK }),
  fleet: () => measureFleet({ say, scratch, size: options.fleetFull ? FLEET_FULL : FLEET }),
  loop: async () => measureLoop(await common()),
  stations: async () => measureStations(await common()),
};

const measured: Record<string, unknown> = {};
const failed: string[] = [];
for (const part of options.parts) {
  say(part);
  const deadline = setTimeout(cutOffAll, part === 'desk' || part === 'fleet' ? LONG_DEADLINE_MS : PART_DEADLINE_MS);
  try {
    Object.assign(measured, await measure[part]());
  } catch (error) {
    failed.push(part);
    console.error(`${part} could not be measured:`, error);
  } finally {
    clearTimeout(deadline);
  }
}
const result = {
  ...measured, targets: heldAgainstTargets(measured), failed, took_s: Math.round((performance.now() - startedAt) / 1000),
  frames: options.frames, node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, date: new Date().toISOString(),
};
if (!options.json) console.log(table(result));
console.log(JSON.stringify(result));
process.exit(failed.length === 0 ? 0 : 1);
