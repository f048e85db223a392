/** Head office's side: a year of releases of a fleet, checked and merged, beside what reading, hashing and checking signatures takes at the least. */
import { fork } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { KeySet } from '../../appliance/contract/index.js';
import { FLEET_TABLES } from '../../fleet/index.js';
import { cutOffWithOthers } from './child.js';
import type { FleetMeasured } from './fleetProcess.js';
import type { FleetThreadData, FromFleetThread } from './fleetThread.js';
import { round } from './statistics.js';

/** Of a release on the disk, and of what it becomes in the merged tables, at most; files take whole blocks. */
const DISK_BYTES_A_FILE = 16_384;
/** Left to others. */
const DISK_BYTES_SPARE = 2e9;

export async function measureFleet({ say, scratch, size: { stores, days } }: { say: (text: string) => void; scratch: string; size: { stores: number; days: number } }): Promise<object> {
  const folder = join(scratch, 'fleet');
  const [releases, out, keys] = [join(folder, 'releases'), join(folder, 'merged'), join(folder, 'stores.json')];
  mkdirSync(releases, { recursive: true });
  try {
    const { bavail, bsize } = statfsSync(folder);
    const needed = stores * days * DISK_BYTES_A_FILE + DISK_BYTES_SPARE;
    if (bavail * bsize < needed) throw new Error(`a fleet of ${stores} stores takes ${Math.ceil(needed / 1e9)} GB of disk, and there are ${Math.floor((bavail * bsize) / 1e9)}`);
    say(`fleet: making ${stores * days} releases`);
    const made = (await inThreads({ work: 'make', folder: releases, stores, days, keys: {} })) as Extract<FromFleetThread, { made: unknown }>[];
    const byStore: Record<string, KeySet[]> = Object.assign({}, ...made.map((part) => part.made));
    writeFileSync(keys, JSON.stringify(byStore));
    say('fleet: the floor');
    const floor = (await inThreads({ work: 'floor', folder: releases, stores, days, keys: byStore })) as Extract<FromFleetThread, { readMs: unknown }>[];
    say('fleet: checked');
    const checked = await inProcess([releases, keys]);
    say('fleet: checked and merged');
    const merged = await inProcess([releases, keys, out]);
    for (const { files, faults, merged: good } of [checked, merged]) if (files !== stores * days || faults > 0 || good !== files) throw new Error(`${files} files, ${good} good, ${faults} faults`);
    return {
      fleet: `${stores} stores x ${days} days, ${(made.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(0)} MB, ${merged.cells} cells`,
      fleet_verify_s: round(merged.seconds, 1), fleet_cpu_s: round(merged.cpuSeconds, 1), fleet_check_s: round(checked.seconds, 1), fleet_files_a_second: Math.round(merged.files / merged.seconds), fleet_rss_mb: Math.round(merged.rssMb),
      fleet_floor_read_s: round(longest(floor.map(({ readMs }) => readMs)) / 1000, 1), fleet_floor_es256_s: round(longest(floor.map(({ es256Ms }) => es256Ms)) / 1000, 1),
      fleet_merged_mb: Object.fromEntries(FLEET_TABLES.map((name) => [name, round(statSync(join(out, name)).size / 1e6, 1)])),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const longest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

/** As many threads as cores, each with its share of the stores. */
function inThreads({ stores, ...data }: Omit<FleetThreadData, 'from' | 'to'> & { stores: number }): Promise<FromFleetThread[]> {
  const threads = Math.min(stores, availableParallelism());
  return Promise.all(Array.from({ length: threads }, (_, at) => new Promise<FromFleetThread>((resolve, reject) => {
    const share = (number: number) => Math.round((stores * number) / threads);
    const worker = new Worker(new URL('./fleetThread.js', import.meta.url), { workerData: { ...data, from: share(at), to: share(at + 1) } satisfies FleetThreadData });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a thread of the bench ended without a word')));
  })));
}

function inProcess(args: string[]): Promise<FleetMeasured> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./fleetProcess.js', import.meta.url), args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    cutOffWithOthers(child);
    child.once('message', (measured) => resolve(measured as FleetMeasured));
    child.once('exit', (code) => reject(new Error(`the check of the fleet ended with ${code}`)));
  });
}
