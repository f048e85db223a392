import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer, type WebSocket } from 'ws';
import { PorticoError } from '../kit/index.js';

/** Who asks to upgrade is a request like any other until the handshake: limited, identified and refused before it, in plain HTTP. */
export class Upgrades {
  readonly #asking = new WeakMap<IncomingMessage, { socket: Duplex; head: Buffer; response: ServerResponse }>();

  /** @param paths of the sockets; whoever asks for an upgrade anywhere else is hung up on before a byte more is read */
  constructor(app: FastifyInstance, paths: readonly string[]) {
    app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      const path = (request.url ?? '').split('?')[0]!;
      if (request.method !== 'GET' || !paths.includes(path)) {
        socket.destroy();
        return;
      }
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      try {
        response.assignSocket(socket as Socket);
      } catch {
        socket.destroy(); // the answer to an earlier request of this connection is still under way
        return;
      }
      response.once('finish', () => (socket as Socket).destroySoon()); // refused
      this.#asking.set(request, { socket, head, response });
      app.routing(request, response);
    });
  }

  /** @throws PorticoError not_found: the request asks for no upgrade */
  require({ raw }: FastifyRequest): void {
    if (!this.#asking.has(raw)) throw new PorticoError('not_found');
  }

  /**
   * Completes the handshake and hands the open socket over; a handshake that is none is answered 400. Until here nothing that
   * came after the headers was taken in.
   * @param maxPayload bytes of one message; more ends the connection
   */
  accept(request: FastifyRequest, reply: FastifyReply, maxPayload: number, serve: (socket: WebSocket) => void): void {
    const { socket, head, response } = this.#asking.get(request.raw)!;
    reply.hijack();
    response.detachSocket(socket as Socket);
    const server = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false, clientTracking: false });
    server.handleUpgrade(request.raw, socket, head, (open) => {
      // What a client sends wrongly, and connections that break, are no fault of the box: 'close' follows.
      open.on('error', () => undefined);
      try {
        serve(open);
      } catch (err) {
        request.log.error({ err }, 'a socket failed');
        open.terminate();
      }
    });
  }
}
