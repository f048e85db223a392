/**
 * Entry of a child process: one real box, started from the environment as `npm start` starts it, that answers the bench's
 * questions over the IPC channel. Ends when told to or when the bench is gone.
 */
import { subscribe } from 'node:diagnostics_channel';
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
/** How long each request took here, milliseconds, in the order in which they came; from its head read to its answer handed to the system. */
const requestMs: number[] = [];
let requests = 0;
const watchRequests = () => {
  const under = new WeakMap<object, { n: number; beganMs: number }>();
  subscribe('http.server.request.start', (message) => under.set((message as { request: object }).request, { n: requests++, beganMs: performance.now() }));
  subscribe('http.server.response.finish', (message) => {
    const begun = under.get((message as { request: object }).request);
    if (begun !== undefined) requestMs[begun.n] = performance.now() - begun.beganMs;
  });
  return 0;
};

answerQuestions({ url: appliance.urls[0]!, rootPem: appliance.rootPem, ownerCode: appliance.ownerCode ?? '' }, {
  moveClock: (ms) => { movedMs += ms; return 0; },
  watchRequests,
  /** Of the n-th request since then; -1: there was none. */
  requestMs: (n) => requestMs[n] ?? -1,
  residentBytes: () => process.memoryUsage.rss(),
  watchLoop: () => { loop.reset(); loop.enable(); return 0; },
  /** 99th percentile since `watchLoop`, milliseconds. */
  loopP99: () => { loop.disable(); return loop.percentile(99) / 1e6; },
}, () => appliance.stop());
