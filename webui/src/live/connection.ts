import type { PageErrorCode } from '../api/errorCodes.js';

/** What the page knows about its link to the box. Pure: `useLive` feeds it. */
export type LinkStatus = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'untrusted' | 'refused' | 'outdated' | 'closed';

export interface Link {
  readonly status: LinkStatus;
  /** Sockets that failed since the last one that worked. */
  readonly failures: number;
  /** Of those, how many in a row never opened although the box answered https. */
  readonly blocked: number;
  /** What the box said when it refused the last socket. */
  readonly problem: PageErrorCode | null;
}

export type LinkEvent =
  | { type: 'heard' }
  /** The socket is gone; what became of the box is being asked. */
  | { type: 'lost' }
  /** `reachable`: an https request at that moment was answered. `opened`: the socket had opened before it failed. */
  | { type: 'failed'; reachable: boolean; opened: boolean; problem: PageErrorCode | null }
  | { type: 'outdated' }
  | { type: 'closed' };

/**
 * Three, because a box that restarts answers https a moment before it takes sockets; a certificate that was only
 * clicked through fails every time (WebKit lets https pass then, but not wss).
 */
const BLOCKED_UNTIL_UNTRUSTED = 3;
const FAILURES_UNTIL_OFFLINE = 2;

export const newLink: Link = { status: 'connecting', failures: 0, blocked: 0, problem: null };

export function nextLink(link: Link, event: LinkEvent): Link {
  switch (event.type) {
    case 'heard':
      return link.status === 'live' && link.failures === 0 ? link : { ...newLink, status: 'live' };
    case 'lost':
      return link.status === 'live' ? { ...link, status: 'reconnecting' } : link;
    case 'outdated':
      return { ...newLink, status: 'outdated' };
    case 'closed':
      return { ...newLink, status: 'closed' };
    case 'failed': {
      const failures = link.failures + 1;
      if (!event.reachable) {
        return { status: failures >= FAILURES_UNTIL_OFFLINE ? 'offline' : 'reconnecting', failures, blocked: 0, problem: null };
      }
      // What opened was trusted; it ended for another reason, which the box may have said.
      const blocked = event.opened ? 0 : link.blocked + 1;
      if (event.problem) return { status: 'refused', failures, blocked, problem: event.problem };
      return { status: blocked >= BLOCKED_UNTIL_UNTRUSTED ? 'untrusted' : 'reconnecting', failures, blocked, problem: null };
    }
  }
}
