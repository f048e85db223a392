/**
 * A process that makes the releases that are due and delivers them to a folder, and is killed on its way: `node releaseChild.js DATA FOLDER NOW STEP`. It kills itself
 * before the given step, counted from 0; without one it says "opened", works, and says how many steps there were.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { exportingStore, HOUR, toFolder } from './exporting.js';
import { watchSteps } from './steps.js';

const [dataDirectory, folder, now, step] = process.argv.slice(2) as [string, string, string, string | undefined];
let steps = 0;
const at = (): void => {
  if (steps === Number(step ?? Infinity)) process.kill(process.pid, 'SIGKILL');
  steps += 1;
};

/** Each call that changes what is on a disk is a step. */
function watchFiles(): void {
  const stepsOf = <T extends object>(object: T, ...names: (keyof T)[]) => {
    for (const name of names) {
      const given = object[name] as (...values: unknown[]) => unknown;
      Object.assign(object, { [name](this: unknown, ...values: unknown[]) { at(); return given.apply(this, values); } });
    }
  };
  stepsOf(fs, 'writeSync', 'fsyncSync', 'openSync', 'closeSync');
  stepsOf(fs.promises, 'rename', 'rm');
  // What open() hands out: a file is also cut off between its bytes and their flushing.
  const { open } = fs.promises;
  fs.promises.open = async (...values) => {
    at();
    const file = await open(...values);
    stepsOf(file, 'writeFile', 'sync', 'close');
    return file;
  };
  syncBuiltinESMExports();
}

const store = exportingStore({ teardown: () => undefined }, { dataDirectory, folder });
store.clock.move(Number(now) - store.clock.now());
watchSteps(at);
watchFiles();
fs.writeSync(1, 'opened\n');
steps = 0;
const exports = store.exportsWith(toFolder(folder));
await exports.work();
store.clock.move(HOUR); // many days at once wait for an hour
await exports.work();
await exports.stop();
fs.writeSync(1, `${steps} steps\n`);
store.rooms.close();
