import type { PageErrorCode } from '../api/errorCodes.js';
import { CLOSE, PROTOCOL_VERSION, type LiveMessage, type LiveRequest } from '../contract.js';
import { backoffMs } from './backoff.js';
import { nextLink, newLink, type Link, type LinkEvent } from './connection.js';
import { liveUrl } from './liveUrl.js';

export interface LiveSocketOptions {
  origin: string;
  /** Where to resume; null asks for a snapshot. */
  resume: () => { epoch: string; since: number } | null;
  onMessage: (message: LiveMessage) => void;
  onLink: (link: Link) => void;
  /** Does the box answer https right now? Also notices an ended session. */
  probe: () => Promise<boolean>;
}

const PING_MS = 5_000;
/** Two pings unanswered: the socket is dead even if nobody said so. */
const SILENCE_MS = 9_000;
/** For an answer where there is a reason to doubt. */
const DOUBT_MS = 3_000;
const OPEN_MS = 6_000;

/** Keeps one live socket open from start() to stop(). Every socket has a generation; late callbacks do nothing. */
export class LiveSocket {
  private generation = 0;
  private socket: WebSocket | null = null;
  private link: Link = newLink;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setInterval> | undefined;
  private openTimer: ReturnType<typeof setTimeout> | undefined;
  private doubtTimer: ReturnType<typeof setTimeout> | undefined;
  private heardAtMs = 0;
  private opened = false;
  private problem: PageErrorCode | null = null;

  constructor(private readonly options: LiveSocketOptions) {}

  /** Opens the socket, now; a running one is replaced. */
  start(): void {
    this.drop();
    const generation = ++this.generation;
    const socket = new WebSocket(liveUrl(this.options.origin, PROTOCOL_VERSION, this.options.resume()));
    this.socket = socket;
    const current = (): boolean => generation === this.generation;

    this.opened = false;
    this.problem = null;
    socket.addEventListener('open', () => current() && (this.opened = true));
    this.openTimer = setTimeout(() => current() && this.fail(), OPEN_MS);
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (!current() || typeof event.data !== 'string') return;
      this.heardAtMs = performance.now();
      clearTimeout(this.openTimer);
      clearTimeout(this.doubtTimer);
      this.doubtTimer = undefined;
      const message = parse(event.data);
      if (!message) return;
      if (message.type === 'error' && message.code === 'wrong_protocol_version') return this.outdated();
      if (message.type === 'error') this.problem = message.code as PageErrorCode; // shown if the box hangs up
      else this.heard();
      this.options.onMessage(message);
    });
    socket.addEventListener('close', (event) => {
      if (!current()) return;
      if (event.code === CLOSE.wrongVersion) return this.outdated();
      this.problem ??= CLOSED_FOR[event.code] ?? null;
      this.fail();
    });
    this.heardAtMs = performance.now();
    this.pingTimer = setInterval(() => {
      if (performance.now() - this.heardAtMs > SILENCE_MS) return this.fail();
      this.ping();
    }, PING_MS);
  }

  /** Something else has just failed to reach the box: is the socket still there? */
  doubt(): void {
    if (this.socket?.readyState !== WebSocket.OPEN || this.doubtTimer !== undefined) return;
    this.ping();
    this.doubtTimer = setTimeout(() => this.fail(), DOUBT_MS);
  }

  stop(): void {
    this.drop();
    this.step({ type: 'closed' });
  }

  private heard(): void {
    this.problem = null;
    this.step({ type: 'heard' });
  }

  private fail(): void {
    const { opened, problem } = this;
    this.drop();
    this.step({ type: 'lost' });
    const generation = this.generation;
    void this.options.probe().then((reachable) => {
      if (generation !== this.generation) return;
      this.step({ type: 'failed', reachable, opened, problem });
      this.retryTimer = setTimeout(() => this.start(), backoffMs(this.link.failures, Math.random()));
    });
  }

  private ping(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(PING));
  }

  private outdated(): void {
    this.drop();
    this.step({ type: 'outdated' });
  }

  /** Ends the present life of the socket: nothing it still says is heard. */
  private drop(): void {
    this.generation++;
    clearTimeout(this.retryTimer);
    clearTimeout(this.openTimer);
    clearTimeout(this.doubtTimer);
    this.doubtTimer = undefined;
    clearInterval(this.pingTimer);
    this.socket?.close();
    this.socket = null;
  }

  private step(event: LinkEvent): void {
    const link = nextLink(this.link, event);
    if (link === this.link) return;
    this.link = link;
    this.options.onLink(link);
  }
}

/** A close without a word before it. */
const CLOSED_FOR: Record<number, PageErrorCode> = {
  [CLOSE.notAllowed]: 'not_allowed',
  [CLOSE.flood]: 'too_many_requests',
  [CLOSE.tooSlow]: 'too_slow',
};

const PING: LiveRequest = { v: 1, type: 'live.ping' };

function parse(text: string): LiveMessage | null {
  try {
    const message = JSON.parse(text) as LiveMessage;
    return message.v === PROTOCOL_VERSION ? message : null;
  } catch {
    return null;
  }
}
