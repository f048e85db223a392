import type { WebSocket } from 'ws';
import { CAMERA_MESSAGES, CLOSE, LIVE_MESSAGES, type CameraMessage, type LiveMessage } from '../contract/index.js';
import { serialiserOf } from './compilers.js';

const SERIALISERS = Object.fromEntries(Object.entries({ ...LIVE_MESSAGES, ...CAMERA_MESSAGES }).map(([type, schema]) => [type, serialiserOf(schema)]));

/** A message as it is sent: cut down to what the contract lists, as REST answers are. */
export function encode(message: LiveMessage | CameraMessage): string {
  return SERIALISERS[message.type]!(message);
}

/** A client this far behind is closed; it comes back and begins anew. */
export const BUFFERED_BYTES_MAX = 1_000_000;
/** A sleeping or hostile client never answers a close frame; after this the connection is cut. */
const CLOSE_PATIENCE_MS = 1_000;

/** Closes, and cuts the connection when the other side does not close its half soon: a close frame can be ignored. */
export function endSocket(client: WebSocket, code: number): void {
  client.close(code);
  setTimeout(() => client.terminate(), CLOSE_PATIENCE_MS).unref();
}

/**
 * Sends, unless the client does not drain what it was sent before.
 * @param text as bytes when it goes to many: then it is made UTF-8 once
 * @returns false when it was closed for that
 */
export function sendOrClose(client: WebSocket, text: string | Buffer): boolean {
  if (client.readyState !== client.OPEN) return false;
  if (client.bufferedAmount > BUFFERED_BYTES_MAX) {
    endSocket(client, CLOSE.tooSlow);
    return false;
  }
  client.send(text, { binary: false });
  return true;
}

/** An object, or null for anything else. */
export function parseJson(data: Buffer): object | null {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
