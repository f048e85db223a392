import { request } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { BoxPaths } from './boxPaths.js';
import { readIfThere } from './disk.js';

/** How long one answer may take. */
const ANSWER_MS = 5_000;
const EVERY_MS = 500;
const DEFAULT_PORT = 8443;

/**
 * Whether the box says that it is ready, over TLS from its own root: something else on this port does not pass for it.
 * @param deadlineMs from now; a box that restarts loads models and looks through its database first
 * @param options.isAnother whether the service was started anew: until then the one of before answers, and its answer says nothing
 */
export async function becomesWell(
  paths: BoxPaths, deadlineMs: number, { port = portOf(paths), isAnother = () => Promise.resolve(true) }: { port?: number; isAnother?: () => Promise<boolean> } = {},
): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const root = readIfThere(paths.rootCertificate); // made when the box starts for the first time
    if (root !== null && (await isAnother()) && (await isReady(port, root))) return true;
    if (performance.now() + EVERY_MS >= end) return false;
    await wait(EVERY_MS);
  }
}

function isReady(port: number, ca: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/readyz', ca, timeout: ANSWER_MS, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.end();
  });
}

/** The port that the service listens on: local.env is IT's own, and wins. */
function portOf(paths: BoxPaths): number {
  const local = readIfThere(paths.at('/etc/portico/local.env'))?.toString('utf8') ?? '';
  return Number(/^PORTICO_PORT="?(\d{1,5})"?\s*$/m.exec(local)?.[1] ?? DEFAULT_PORT);
}
