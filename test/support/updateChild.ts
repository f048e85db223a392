/** A process that applies an update and loses power on its way, with all that it started: `node updateChild.js ROOT FILE KEY STEP`. */
import { systemClock } from '../../appliance/kit/index.js';
import { applyUpdate, placesBelow } from '../../updates/index.js';
import { childMachine, PATIENCE } from './releases.js';

const [base, file, pinned, at] = process.argv.slice(2) as [string, string, string, string];
const places = placesBelow(base);
await applyUpdate({
  places, machine: childMachine(places), clock: systemClock, pinned, file, now: true, patience: PATIENCE,
  reached: (step) => { if (step === at) process.kill(0, 'SIGKILL'); }, // 0: the whole group, the boxes too
}).catch((error: unknown) => { process.stdout.write(`${String((error as { code?: string }).code)}\n`); });
