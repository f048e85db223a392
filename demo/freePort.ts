import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A busy port is passed over for one of the next so many. */
const TRIES_MAX = 50;

/**
 * The wanted port or the next one that is free; any free one for 0.
 * @throws Error when none of the next fifty is free
 */
export async function findFreePort(wanted: number): Promise<number> {
  for (let port = wanted; port < Math.min(wanted + TRIES_MAX, 65_536); port += 1) {
    const free = await tryPort(port);
    if (free !== null) return free;
  }
  throw new Error(`No free port from ${wanted} on. Choose another with --port.`);
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '0.0.0.0', () => {
      const { port: bound } = server.address() as AddressInfo;
      server.close(() => resolve(bound));
    });
  });
}
