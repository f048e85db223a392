import { createServer, type AddressInfo } from 'node:net';
import { get } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';

const ANSWER_WITHIN_MS = 5_000;
const AGAIN_MS = 250;

/**
 * What the box on this machine answers.
 * The certificate is not looked at: nothing but the box is asked here, over loopback, and a certificate that ran out is no fault of the version.
 */
export function askLoopback(port: number, path: string): Promise<number | null> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false, timeout: ANSWER_WITHIN_MS }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(null));
  });
}

export interface Patience {
  /** How long it may take until it is well for the first time. */
  withinMs: number;
  /** How long it then has to stay well without a break. */
  steadyMs: number;
}

/**
 * Waits until the box is well and stays so.
 * @param isUp false: it has ended, waiting is of no use
 */
export async function isWell(port: number, { withinMs, steadyMs }: Patience, isUp: () => boolean | Promise<boolean>): Promise<boolean> {
  const since = performance.now();
  let wellSince: number | null = null;
  while (await isUp()) {
    const ready = (await askLoopback(port, '/readyz')) === 200;
    const now = performance.now();
    wellSince = ready ? wellSince ?? now : null;
    if (wellSince !== null && now - wellSince >= steadyMs) return true;
    if (wellSince === null && now - since > withinMs + steadyMs) return false;
    if (now - since > 2 * (withinMs + steadyMs)) return false; // well now and then is not well
    await wait(AGAIN_MS);
  }
  return false;
}

/** A port of loopback that nobody has at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
