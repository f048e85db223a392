#!/usr/bin/env node
/** `npm run demo`: a store with sample customers, a virtual camera, and the box that recognises them. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isPorticoError } from '../appliance/kit/index.js';
import { openStore, type DemoStore } from './store.js';

const USAGE = `Usage: npm run demo -- [options]
  --port N            HTTPS port (default 8443, or the next free one; 0: any)
  --data DIR          the demo's data folder, emptied at each start (default .portico-demo)
  --seconds N         stop after N seconds
  --until-visits N    stop when N different customers have come; an error if --seconds runs out before
`;
const PORT_DEFAULT = 8443;
/** With --until-visits alone. */
const UNTIL_VISITS_SECONDS_MAX = 600;

process.umask(0o077); // whatever is written is for this user alone
process.stdout.on('error', () => process.exit(0)); // who read it has gone, as with "| head"

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}

const came = new Set<string>();
let end: (exitCode: number) => void = () => undefined;
const ended = new Promise<number>((resolve) => { end = resolve; });
let store: DemoStore;
try {
  store = await openStore({
    ...options,
    say: (line) => process.stdout.write(`${line}\n`),
    trouble: (reason) => process.stderr.write(`${reason}\n`),
    arrived: (customerId) => {
      came.add(customerId);
      if (came.size === options.untilVisits) end(0);
    },
  });
} catch (error) {
  process.stderr.write(`\nThe demo did not start. ${explain(error)}\n`);
  process.exit(1);
}

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => end(0));
}
if (options.seconds !== null) {
  setTimeout(() => {
    const missing = options.untilVisits === null ? 0 : options.untilVisits - came.size;
    if (missing > 0) process.stderr.write(`Only ${came.size} of ${options.untilVisits} customers came in ${options.seconds} s.\n`);
    end(missing > 0 ? 1 : 0);
  }, options.seconds * 1000).unref();
}

const exitCode = await ended;
await store.close();
process.exit(exitCode);

function readOptions() {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, data: { type: 'string' }, seconds: { type: 'string' }, 'until-visits': { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const untilVisits = count('--until-visits', values['until-visits'], 1, 1_000);
  return {
    port: count('--port', values.port, 0, 65_535) ?? PORT_DEFAULT,
    dataDirectory: resolve(values.data ?? '.portico-demo'),
    seconds: count('--seconds', values.seconds, 1, 1_000_000) ?? (untilVisits === null ? null : UNTIL_VISITS_SECONDS_MAX),
    untilVisits,
  };
}

function count(name: string, text: string | undefined, min: number, max: number): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) throw new Error(`${name} must be a whole number from ${min} to ${max}.`);
  return value;
}

function explain(error: unknown): string {
  if (isPorticoError(error)) {
    return `${error.message} (${error.code})${Object.entries(error.details ?? {}).map(([name, value]) => `\n  ${name}: ${String(value)}`).join('')}`;
  }
  return error instanceof Error ? error.message : String(error);
}
