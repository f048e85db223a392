/** Makes one backup in a process of its own and is killed at a step: `backupChild.js ORDER-FILE STEP:NTH`, the nth time that the step is told. */
import { readFileSync } from 'node:fs';
import { makeBackup, type RunOrder } from '../../appliance/backup/run.js';

const [file, at] = process.argv.slice(2) as [string, string];
const [wanted, nth] = at.split(':') as [string, string];
let left = Number(nth);
await makeBackup(JSON.parse(readFileSync(file, 'utf8')) as RunOrder, (step) => {
  if (step !== wanted || (left -= 1) > 0) return;
  process.kill(process.pid, 'SIGKILL');
  for (;;); // until it is over
});
