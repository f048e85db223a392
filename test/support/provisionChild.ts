/**
 * A process that applies a stick, settles or boots for the first time, and is killed on its way:
 * `node provisionChild.js apply|settle|firstboot ROOT STICK NOW STEP`. It kills itself before the given step, counted from 0.
 */
import { applyStick, firstBoot, openBox, settleBox } from '../../provisioning/box.js';
import { TestClock } from './scratch.js';

const [what, root, stick, now, step] = process.argv.slice(2) as [string, string, string, string, string];
let steps = 0;
const box = await openBox(root, stick, {
  clock: new TestClock(Number(now)),
  at: () => {
    if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
    steps += 1;
  },
});
if (what === 'apply') await applyStick({ ...box, stick, dryRun: false, version: '0.1.0' });
else if (what === 'settle') await settleBox(box);
else await firstBoot(box.paths, box.disk, box.credentials);
