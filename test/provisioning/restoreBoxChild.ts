/** Puts a backup back on a box below a root and is killed before its step of that number: `restoreBoxChild.js FILE KEY ROOT NOW INDEX`. */
import { restoreBox } from '../../cli/restoreBox.js';
import { TestClock } from '../support/scratch.js';

const [file, keyFile, root, now, index] = process.argv.slice(2) as [string, string, string, string, string];
let left = Number(index);
await restoreBox(file, { keyFile, replace: true, root }, new TestClock(Number(now)), { line: () => undefined, progress: () => undefined }, () => {
  left -= 1;
  if (left >= 0) return;
  process.kill(process.pid, 'SIGKILL');
  for (;;); // until it is over
});
