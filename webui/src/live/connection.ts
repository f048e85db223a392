/** What the page knows about its link to the box. Pure: `useLive` feeds it. */
export type LinkStatus = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'untrusted' | 'outdated' | 'closed';

export interface Link {
  readonly status: LinkStatus;
  /** Sockets that failed since the last one that worked. */
  readonly failures: number;
}

export type LinkEvent =
  | { type: 'heard' }
  /** `reachable`: an https request at that moment was answered. */
  | { type: 'failed'; reachable: boolean }
  | { type: 'outdated' }
  | { type: 'closed' };

/**
 * Three, because a box that restarts answers https a moment before it takes sockets; a certificate that was only
 * clicked through fails every time (WebKit lets https pass then, but not wss).
 */
const FAILURES_UNTIL_UNTRUSTED = 3;
const FAILURES_UNTIL_OFFLINE = 2;

export const newLink: Link = { status: 'connecting', failures: 0 };

export function nextLink(link: Link, event: LinkEvent): Link {
  switch (event.type) {
    case 'heard':
      return link.status === 'live' && link.failures === 0 ? link : { status: 'live', failures: 0 };
    case 'outdated':
      return { status: 'outdated', failures: 0 };
    case 'closed':
      return { status: 'closed', failures: 0 };
    case 'failed': {
      const failures = link.failures + 1;
      if (event.reachable) {
        return { status: failures >= FAILURES_UNTIL_UNTRUSTED ? 'untrusted' : 'reconnecting', failures };
      }
      return { status: failures >= FAILURES_UNTIL_OFFLINE ? 'offline' : 'reconnecting', failures };
    }
  }
}
