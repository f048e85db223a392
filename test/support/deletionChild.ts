/** A process that withdraws a consent and is killed on its way: `node deletionChild.js FOLDER CUSTOMER NOW STEP`. */
import { openRooms } from './rooms.js';
import { TestClock } from './scratch.js';
import { watchSteps } from './steps.js';

const [dataDirectory, customerId, now, step] = process.argv.slice(2) as [string, string, string, string];
const { consent } = openRooms({ teardown: () => undefined }, { dataDirectory, clock: new TestClock(Number(now)) });
let steps = 0;
watchSteps(() => {
  if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
  steps += 1;
});
consent.withdraw(customerId);
