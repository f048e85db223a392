/** Entry of a child process: head office's check of a fleet as the command does it, and how much memory that took. */
import { readFileSync } from 'node:fs';
import { readFleetKeys, verifyFleet } from '../../fleet/index.js';

export interface FleetMeasured { files: number; merged: number; faults: number; cells: number; seconds: number; rssMb: number }

const [folder, keys, out] = process.argv.slice(2) as [string, string, string | undefined];
const beganMs = performance.now();
const report = await verifyFleet({ folder, keys: readFleetKeys(readFileSync(keys, 'utf8')), out: out ?? null });
process.send!({
  files: report.files, merged: report.merged, faults: report.faults.length, cells: report.cells, seconds: (performance.now() - beganMs) / 1000, rssMb: process.resourceUsage().maxRSS / 1024,
} satisfies FleetMeasured);
process.disconnect();
