import type { CameraMessage } from '../contract.js';

/**
 * How many frames may be sent. The box says an absolute number, which can be older than a frame already on its
 * way; so the frames not yet answered count as well, and neither side ever has to queue.
 */
export interface Credits {
  /** What the box last said. */
  readonly granted: number;
  /** The most it ever allows at once, from camera.ready. */
  readonly limit: number;
  readonly sent: number;
  readonly answered: number;
  readonly lastSentAtMs: number;
}

export const noCredits: Credits = { granted: 0, limit: 0, sent: 0, answered: 0, lastSentAtMs: -Infinity };

export function afterMessage(credits: Credits, message: CameraMessage): Credits {
  switch (message.type) {
    case 'camera.ready':
      return { ...noCredits, granted: message.data.credits, limit: message.data.credits };
    case 'camera.result':
    case 'camera.dropped':
    case 'camera.refused':
      return { ...credits, granted: message.data.credits, answered: credits.answered + 1 };
    case 'error':
      return credits;
    default:
      message satisfies never;
      return credits;
  }
}

export function afterSend(credits: Credits, nowMs: number): Credits {
  return { ...credits, granted: credits.granted - 1, sent: credits.sent + 1, lastSentAtMs: nowMs };
}

/** At most one frame each `intervalMs`, and only with a credit to spare. */
export function maySend(credits: Credits, nowMs: number, intervalMs: number): boolean {
  const underWay = credits.sent - credits.answered;
  return credits.granted > 0 && underWay < credits.limit && nowMs - credits.lastSentAtMs >= intervalMs;
}
