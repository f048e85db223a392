import type { Server } from 'node:net';
import { MAX_FRAME_BYTES } from '../contract/index.js';

/** JSON bodies: the largest is a drawn signature. */
export const JSON_BYTES_MAX = 1_000_000;
/** What is a text on a socket: pages only ever send pings of 30 bytes. */
export const SOCKET_TEXT_BYTES_MAX = 65_536;
/** Twice what is taken: a little too large gets a typed answer, far larger ends the connection. Who is refused may answer the close frame. */
export const SOCKET_BYTES_MAX = { camera: 2 * MAX_FRAME_BYTES, live: 2 * SOCKET_TEXT_BYTES_MAX, refused: 125 } as const;
/** An iPad has two open; a page that sleeps and wakes leaves some half-open for up to two heartbeats. */
export const SOCKETS_PER_DEVICE_MAX = 24;

/**
 * For the HTTPS server. Ours send some 700 bytes of headers; Node's own default is 16 kB. Who sends its headers or its body by
 * the drop is cut off: within the limit, plus at most one round of the check.
 */
const HTTPS_LIMITS = {
  maxHeaderSize: 8_192, headersTimeout: 10_000, handshakeTimeout: 10_000, connectionsCheckingInterval: 2_000,
} as const;
/** A photo of 8 MB over a bad Wi-Fi takes some 10 s. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Between two requests of one connection; a page that stays open asks more often, or opens another. */
const KEEP_ALIVE_MS = 30_000;
/** Nothing goes either way: who asks and never reads the answer. Sockets have their own heartbeat instead. */
const SILENCE_MS = 120_000;

/** A browser opens up to eight; behind one address of a guest network there may be thirty iPads. */
export const HTTPS_CONNECTIONS = { perAddress: 256, inAll: 1_024 } as const;
/** For the plain server: a few small answers to iPads that are being set up. */
export const PLAIN_CONNECTIONS = { perAddress: 16, inAll: 64 } as const;
const PLAIN_LIMITS = { maxHeaderSize: 4_096, headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 1_000, connectionsCheckingInterval: 1_000 } as const;
/** A socket that has not answered the last ping is closed; sessions are looked up again. */
const HEARTBEAT_MS = 15_000;

/** @param patience factor on all waiting: 1 in the product, less in tests, which would else wait for minutes */
export function waitsOf(patience: number) {
  const scaled = <T extends { headersTimeout: number; connectionsCheckingInterval: number }>(limits: T): T => {
    const isTime = (name: string) => /Timeout$|Interval$/.test(name);
    return Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, isTime(name) ? value * patience : value])) as T;
  };
  return {
    https: scaled(HTTPS_LIMITS), plain: scaled(PLAIN_LIMITS), requestMs: REQUEST_TIMEOUT_MS * patience, keepAliveMs: KEEP_ALIVE_MS * patience,
    silenceMs: SILENCE_MS * patience, heartbeatMs: HEARTBEAT_MS * patience,
  };
}

/**
 * Closes connections beyond the limits at once, before TLS and before a byte is read: one address cannot take them all. So are those
 * from elsewhere than where the store's devices are.
 */
export function limitConnections(server: Server, { perAddress, inAll }: { perAddress: number; inAll: number }, mayReach: (address: string) => boolean): void {
  server.maxConnections = inAll;
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress;
    if (address === undefined) return; // gone already
    const count = open.get(address) ?? 0;
    if (count >= perAddress || !mayReach(address)) {
      socket.destroy();
      return;
    }
    open.set(address, count + 1);
    socket.once('close', () => {
      const left = open.get(address)! - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
