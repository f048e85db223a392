/** Puts a backup back in a process of its own and is killed at a step: `restoreChild.js FILE DATA KEY NOW STEP`. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { restore } from '../../cli/restore.js';
import { TestClock } from '../support/scratch.js';

const [file, dataDirectory, keyFile, now, step] = process.argv.slice(2) as [string, string, string, string, string];
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  for (;;); // until it is over
};
if (step.startsWith('moved')) {
  // After so many renames from the one that says yes on.
  let left = Number(step.slice(5));
  const { renameSync } = fs;
  fs.renameSync = (from, to) => {
    renameSync(from, to);
    if (/restor(ing|ed)/.test(String(from)) && !String(to).includes('ballast') && (left -= 1) === 0) die();
  };
  syncBuiltinESMExports();
}
await restore(file, { dataDirectory, credentialsDirectory: null }, { keyFile, replace: true, keyOut: null }, new TestClock(Number(now)), { line: () => undefined, progress: () => undefined }, (at) => {
  if (at === step) die();
});
