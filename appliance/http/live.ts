import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { Check } from 'typebox/schema';
import { CLOSE, LiveRequest, PROTOCOL_VERSION, type BoxHealth, type LiveEvent, type LiveMessage, type VisitCard } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock, type Logger } from '../kit/index.js';
import type { Sightings } from '../recognition/index.js';
import type { Cards } from './cards.js';
import { SOCKET_TEXT_BYTES_MAX } from './limits.js';
import { encode, endSocket, parseJson, sendOrClose } from './wire.js';

/** Events kept for pages that come back; at a busy store's pace, many minutes. */
const REPLAY_MAX = 1_000;
const CLIENTS_MAX = 200;

type Unsent<E> = E extends LiveEvent ? Omit<E, 'v' | 'epoch' | 'revision' | 'at'> : never;

/** What is to be told: an event, or one with the card of a visit as it is when it is told. */
type Waiting = Unsent<LiveEvent> | { visitId: string; onlyIf?: (visit: VisitCard) => boolean; as: (visit: VisitCard) => Unsent<LiveEvent> };
const updated = (visit: VisitCard): Unsent<LiveEvent> => ({ type: 'visit.updated', data: { visit } });
/** Drawn in one go: some ten milliseconds. */
const CARDS_AT_ONCE = 8;

/** Tells every connected page what happened: a snapshot, then events with a growing revision. */
export class LiveHub {
  readonly #deps: { events: EventBus; cards: Cards; sightings: Sightings; health: { now(): BoxHealth }; clock: Clock; log: Logger };
  readonly #epoch = randomUUID();
  readonly #replay: LiveEvent[] = [];
  readonly #clients = new Map<WebSocket, { stillMay(): boolean }>();
  readonly #waiting: Waiting[] = [];
  #revision = 0;
  #unsubscribe: (() => void)[] = [];

  constructor(deps: { events: EventBus; cards: Cards; sightings: Sightings; health: { now(): BoxHealth }; clock: Clock; log: Logger }) {
    this.#deps = deps;
  }

  start(): void {
    const { events, cards } = this.#deps;
    this.#unsubscribe = [
      events.on('visitOpened', ({ visitId, corrects }) => this.#queue({ visitId, as: (visit) => ({ type: 'visit.opened', data: { visit, corrects } }) })),
      events.on('visitUpdated', ({ visitId }) => this.#queueUpdate(visitId)),
      events.on('visitClosed', (closed) => this.#queue({ type: 'visit.closed', data: closed })),
      events.on('customerChanged', ({ customerId }) => {
        const visitId = cards.openVisitOf(customerId);
        if (visitId !== null) this.#queueUpdate(visitId);
      }),
      // Whose wish or taste it is: any card may say so now.
      events.on('productArrived', ({ productId }) => {
        const isOnCard = (visit: VisitCard): boolean => visit.suggestion?.subject === productId;
        for (const visitId of cards.openVisits()) this.#queue({ visitId, onlyIf: isOnCard, as: updated });
      }),
      events.on('candidateAsked', ({ candidate }) => this.#queue({ type: 'sighting.candidate', data: { candidate } })),
      events.on('candidateResolved', (resolved) => this.#queue({ type: 'sighting.resolved', data: resolved })),
      events.on('healthChecked', ({ health }) => this.#queue({ type: 'box.health', data: { health } })),
      // What a page could still replay, or still shows, about somebody who withdrew all or part, is restricted, merged or erased, goes too.
      events.on('consentEnded', ({ customerId }) => this.#forget(customerId)),
      events.on('consentNarrowed', ({ customerId }) => this.#forget(customerId)),
      events.on('consentSuspended', ({ customerId }) => this.#forget(customerId)),
      events.on('dossiersMerged', ({ customerIds }) => { for (const customerId of customerIds) this.#forget(customerId); }),
      events.on('dossierErased', ({ customerId }) => this.#forget(customerId, true)),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#waiting.length = 0;
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
    while (this.#waiting.length > 0) this.#tellPiece(this.#waiting.splice(0, CARDS_AT_ONCE)); // what it is given now and what comes after have to follow each other
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

  /** A card is drawn once for all that one piece of work does to it; with all that follows in its order. */
  #queueUpdate(visitId: string): void {
    if (!this.#waiting.some((each) => 'visitId' in each && each.visitId === visitId && each.onlyIf === undefined)) this.#queue({ visitId, as: updated });
  }

  #queue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length > 1) return;
    queueMicrotask(() => this.#tellSoon());
  }

  /** In pieces, so that other work comes in between where many cards change at once. */
  #tellSoon(): void {
    this.#tellPiece(this.#waiting.splice(0, CARDS_AT_ONCE));
    if (this.#waiting.length > 0) setImmediate(() => this.#tellSoon());
  }

  #tellPiece(piece: readonly Waiting[]): void {
    try {
      const cards = this.#deps.cards.visits(piece.flatMap((each) => ('visitId' in each ? each.visitId : [])));
      for (const each of piece) {
        if (!('visitId' in each)) {
          this.#tell(each);
          continue;
        }
        const visit = cards.get(each.visitId); // none: erased meanwhile
        if (visit !== undefined && each.onlyIf?.(visit) !== false) this.#tell(each.as(visit));
      }
    } catch (err) {
      this.#deps.log.error({ err, events: piece.length }, 'the pages could not be told');
    }
  }

  /** @param customerId null: of everybody */
  #forget(customerId: string | null, erased = false): void {
    const rest = customerId === null ? [] : this.#replay.filter((event) => !('visit' in event.data && event.data.visit.customerId === customerId)
      && !('candidate' in event.data && event.data.candidate.customerId === customerId));
    // A gap in the revisions makes older pages take a snapshot instead of a resume.
    this.#replay.splice(0, this.#replay.length, ...rest);
    this.#queue({ type: 'customer.forgotten', data: { customerId, erased } });
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
