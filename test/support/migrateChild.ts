/** A process that is killed on its way through an update's migrations: `node migrateChild.js FOLDER MIGRATIONS STEP`. Says when it begins, and its steps when it was not killed. */
import fs, { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Database, openStorage } from '../../appliance/storage/index.js';
import { TestClock } from './scratch.js';
import { watchSteps } from './steps.js';

const [dataDirectory, migrationsDirectory, step] = process.argv.slice(2) as [string, string, string];
let steps = 0;
const at = () => {
  if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
  steps += 1;
};
watchSteps(at);
// A migration is one text of many statements: a step before and after each of them.
const { exec } = Database.prototype;
Database.prototype.exec = function (this: Database, sql) {
  for (const statement of sql.split(/;\s*\n/).filter((each) => each.trim() !== '')) {
    at();
    exec.call(this, statement);
  }
  at();
};
// And of the copy that is put aside: a step with half of it written, and around the renaming.
const { copyFileSync, renameSync } = fs;
fs.copyFileSync = (from, to, mode) => {
  const bytes = fs.readFileSync(from);
  fs.writeFileSync(to, bytes.subarray(0, bytes.length >> 1));
  at();
  copyFileSync(from, to, mode);
};
fs.renameSync = (from, to) => {
  at();
  renameSync(from, to);
  at();
};
syncBuiltinESMExports();
writeSync(1, 'begin\n');
openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock(), migrationsDirectory }).close();
writeSync(1, String(steps));
