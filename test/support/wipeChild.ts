/** A process that wipes a box and loses power on its way: `node wipeChild.js ROOT STEP [CONFIRM]`. */
import { systemClock } from '../../appliance/kit/index.js';
import { wipeBox } from '../../provisioning/wipe.js';
import { placesBelow } from '../../updates/index.js';
import { childMachine } from './releases.js';

const [base, at, confirm = 'SH-01'] = process.argv.slice(2) as [string, string, string?];
const places = placesBelow(base);
await wipeBox({
  places, machine: childMachine(places), clock: systemClock, confirm, requestedBy: 'console', certificateFolder: null, keepOrganisation: false,
  reached: (step) => { if (step === at) process.kill(process.pid, 'SIGKILL'); },
});
