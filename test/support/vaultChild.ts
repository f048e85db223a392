/** A process that makes a new vault and is killed on its way: `node vaultChild.js FOLDER NOW STEP`. */
import { newVault } from '../../cli/vault.js';
import { TestClock } from './scratch.js';
import { watchSteps } from './steps.js';

const [dataDirectory, now, step] = process.argv.slice(2) as [string, string, string];
let steps = 0;
watchSteps(() => {
  if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
  steps += 1;
});
newVault({ dataDirectory, credentialsDirectory: null }, new TestClock(Number(now)), { line: () => undefined, progress: () => undefined }, null);
