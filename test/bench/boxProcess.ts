/**
 * Entry of a child process: one real box, started from the environment as `npm start` starts it, that answers the bench's
 * questions over the IPC channel. Ends when told to or when the bench is gone.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadConfig } from '../../appliance/config/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { startAppliance } from '../../appliance/main.js';
import { answerQuestions } from './child.js';

process.umask(0o077);
// A visit that was closed by hand is not reopened by a face for two minutes: between runs the clock moves on.
let movedMs = 0;
const config = loadConfig();
const appliance = await startAppliance(config, { ownMachine: true, log: createLogger('silent'), clock: { now: () => Date.now() + movedMs } });
const loop = monitorEventLoopDelay({ resolution: 1 });

answerQuestions({ url: appliance.urls[0]!, rootPem: appliance.rootPem, ownerCode: appliance.ownerCode ?? '' }, {
  moveClock: (ms) => { movedMs += ms; return 0; },
  residentBytes: () => process.memoryUsage.rss(),
  watchLoop: () => { loop.reset(); loop.enable(); return 0; },
  /** 99th percentile since `watchLoop`, milliseconds. */
  loopP99: () => { loop.disable(); return loop.percentile(99) / 1e6; },
}, () => appliance.stop());
