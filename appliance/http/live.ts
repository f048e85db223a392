import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { Check } from 'typebox/schema';
import { CLOSE, LiveRequest, PROTOCOL_VERSION, type BoxHealth, type LiveEvent, type LiveMessage } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Sightings } from '../recognition/index.js';
import type { Cards } from './cards.js';
import { SOCKET_TEXT_BYTES_MAX } from './limits.js';
import { encode, endSocket, parseJson, sendOrClose } from './wire.js';

/** Events kept for pages that come back; at a busy store's pace, many minutes. */
const REPLAY_MAX = 1_000;
const CLIENTS_MAX = 200;

type Unsent<E> = E extends LiveEvent ? Omit<E, 'v' | 'epoch' | 'revision' | 'at'> : never;

/** Tells every connected page what happened: a snapshot, then events with a growing revision. */
export class LiveHub {
  readonly #deps: { events: EventBus; cards: Cards; sightings: Sightings; health: { now(): BoxHealth }; clock: Clock };
  readonly #epoch = randomUUID();
  readonly #replay: LiveEvent[] = [];
  readonly #clients = new Map<WebSocket, { stillMay(): boolean }>();
  #revision = 0;
  #unsubscribe: (() => void)[] = [];

  constructor(deps: { events: EventBus; cards: Cards; sightings: Sightings; health: { now(): BoxHealth }; clock: Clock }) {
    this.#deps = deps;
  }

  start(): void {
    const { events, cards } = this.#deps;
    this.#unsubscribe = [
      events.on('visitOpened', ({ visitId, corrects }) => this.#tell({ type: 'visit.opened', data: { visit: cards.visit(visitId), corrects } })),
      events.on('visitUpdated', ({ visitId }) => this.#tell({ type: 'visit.updated', data: { visit: cards.visit(visitId) } })),
      events.on('visitClosed', (closed) => this.#tell({ type: 'visit.closed', data: closed })),
      events.on('customerChanged', ({ customerId }) => {
        const visit = cards.ofCustomer(customerId);
        if (visit !== null) this.#tell({ type: 'visit.updated', data: { visit } });
      }),
      // Who wished for it is told as a changed customer; this is for those to whose taste it is.
      events.on('productArrived', ({ productId }) => {
        for (const visit of cards.inStore()) if (visit.suggestion?.subject === productId) this.#tell({ type: 'visit.updated', data: { visit } });
      }),
      events.on('candidateAsked', ({ candidate }) => this.#tell({ type: 'sighting.candidate', data: { candidate } })),
      events.on('candidateResolved', (resolved) => this.#tell({ type: 'sighting.resolved', data: resolved })),
      events.on('healthChecked', ({ health }) => this.#tell({ type: 'box.health', data: { health } })),
      // What a page could still replay about somebody who withdrew, or was erased, goes too.
      events.on('consentEnded', ({ customerId }) => this.#forget(customerId)),
      events.on('dossierErased', ({ customerId }) => this.#forget(customerId)),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const client of this.#clients.keys()) endSocket(client, CLOSE.goingAway);
    this.#clients.clear();
  }

  /**
   * Takes a signed-in page on: what it missed if that is still known, else a snapshot; then everything new.
   * @param resume epoch and revision of the last event the page has
   * @param stillMay whether its session still holds, asked before each event; if not, the socket is closed by it
   */
  connect(client: WebSocket, resume: { epoch: string; since: number } | null, stillMay: () => boolean): void {
    if (this.#clients.size >= CLIENTS_MAX) {
      endSocket(client, CLOSE.tooSlow);
      return;
    }
    client.on('message', (data: Buffer, isBinary: boolean) => this.#receive(client, data, isBinary));
    client.on('close', () => this.#clients.delete(client));
    const missed = resume === null ? null : this.#missed(resume);
    if (missed === null) {
      this.#send(client, {
        v: 1, type: 'live.snapshot', epoch: this.#epoch, revision: this.#revision, at: this.#at(),
        data: { visits: this.#deps.cards.inStore(), candidates: this.#deps.sightings.open(), health: this.#deps.health.now() },
      });
    } else {
      this.#send(client, { v: 1, type: 'live.resumed', epoch: this.#epoch, revision: this.#revision, at: this.#at() });
      for (const event of missed) this.#send(client, event);
    }
    if (client.readyState === client.OPEN) this.#clients.set(client, { stillMay });
  }

  #missed({ epoch, since }: { epoch: string; since: number }): LiveEvent[] | null {
    if (epoch !== this.#epoch || since > this.#revision) return null;
    const missed = this.#replay.filter((event) => event.revision > since);
    return missed.length === this.#revision - since ? missed : null;
  }

  #tell(unsent: Unsent<LiveEvent>): void {
    this.#revision += 1;
    const event = { v: 1, epoch: this.#epoch, revision: this.#revision, at: this.#at(), ...unsent } as LiveEvent;
    this.#replay.push(event);
    if (this.#replay.length > REPLAY_MAX) this.#replay.shift();
    const text = Buffer.from(encode(event));
    for (const [client, { stillMay }] of this.#clients) {
      if (stillMay()) this.#sendText(client, text);
      else this.#clients.delete(client);
    }
  }

  #forget(customerId: string): void {
    const rest = this.#replay.filter((event) => !('visit' in event.data && event.data.visit.customerId === customerId)
      && !('candidate' in event.data && event.data.candidate.customerId === customerId));
    // A gap in the revisions makes older pages take a snapshot instead of a resume.
    this.#replay.splice(0, this.#replay.length, ...rest);
  }

  #receive(client: WebSocket, data: Buffer, isBinary: boolean): void {
    if (data.length > SOCKET_TEXT_BYTES_MAX) {
      this.#refuse(client, new PorticoError('body_too_large'));
      endSocket(client, CLOSE.flood);
      return;
    }
    const message = isBinary ? null : parseJson(data);
    if (message === null) this.#refuse(client, new PorticoError('malformed_json'));
    else if ((message as { v?: unknown }).v !== PROTOCOL_VERSION) this.#refuse(client, new PorticoError('wrong_protocol_version', { expected: PROTOCOL_VERSION }));
    else if (!Check(LiveRequest, message)) this.#refuse(client, new PorticoError('unknown_message'));
    else this.#send(client, { v: 1, type: 'live.pong' });
  }

  #refuse(client: WebSocket, error: PorticoError): void {
    this.#send(client, { v: 1, type: 'error', ...error.toBody() });
  }

  #send(client: WebSocket, message: LiveMessage): void {
    this.#sendText(client, encode(message));
  }

  #sendText(client: WebSocket, text: string | Buffer): void {
    if (!sendOrClose(client, text)) this.#clients.delete(client);
  }

  #at(): string {
    return toInstant(this.#deps.clock.now());
  }
}
