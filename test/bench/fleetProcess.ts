/** Entry of a child process: head office's check of a fleet as the command does it, and how much memory that took. */
import { readFileSync } from 'node:fs';
import { readFleetKeys, verifyFleet } from '../../fleet/index.js';

export interface FleetMeasured { files: number; merged: number; faults: number; cells: number; seconds: number; /** Of all its threads together. */ cpuSeconds: number; rssMb: number }

const [folder, keys, out] = process.argv.slice(2) as [string, string, string | undefined];
const beganMs = performance.now();
const report = await verifyFleet({ folder, keys: readFleetKeys(readFileSync(keys, 'utf8')), out: out ?? null });
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.send!({
  files: report.files, merged: report.merged, faults: report.faults.length, cells: report.cells, seconds: (performance.now() - beganMs) / 1000, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  rssMb: maxRSS / 1024,
} satisfies FleetMeasured);
process.disconnect();
