import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Access } from '../access/index.js';
import { CAMERA_MODES, CAMERA_RANGES, CLOSE, PROTOCOL_VERSION, type SESSION_SCOPES } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { isPorticoError, PorticoError } from '../kit/index.js';
import type { Recognition } from '../recognition/index.js';
import { serveCamera } from './camera.js';
import { isOwnOrigin, signedIn, staffOf } from './guards.js';
import { SOCKETS_PER_DEVICE_MAX } from './limits.js';
import type { LiveHub } from './live.js';
import { endSocket } from './wire.js';

const HEARTBEAT_MS = 15_000;

type Scope = (typeof SESSION_SCOPES)[number];
interface SocketQuery { v?: string; mode?: string; range?: string; epoch?: string; since?: string }

/**
 * The two sockets. A browser cannot read the status of a refused upgrade, so refusals are told in a typed message on
 * the open socket, which then closes with a code that the page understands.
 */
export function registerSockets(app: FastifyInstance, deps: { access: Access; events: EventBus; hub: LiveHub; recognition: Recognition }): void {
  const { access, events, hub, recognition } = deps;
  const open = new Set<{ socket: WebSocket; deviceId: string; key: string; scope: Scope; alive: boolean }>();

  const admit = (socket: WebSocket, request: FastifyRequest, authorise: () => { device: { id: string }; session: { key: string; scope: Scope } }): boolean => {
    socket.on('error', () => undefined); // followed by 'close'
    try {
      if (!isOwnOrigin(request)) throw new PorticoError('wrong_origin');
      if ((request.query as SocketQuery).v !== String(PROTOCOL_VERSION)) throw new PorticoError('wrong_protocol_version', { expected: PROTOCOL_VERSION });
      const { device, session } = authorise();
      if ([...open].filter(({ deviceId }) => deviceId === device.id).length >= SOCKETS_PER_DEVICE_MAX) throw new PorticoError('too_many_requests');
      const entry = { socket, deviceId: device.id, key: session.key, scope: session.scope, alive: true };
      open.add(entry);
      socket.on('pong', () => { entry.alive = true; });
      socket.on('close', () => open.delete(entry));
      return true;
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      socket.send(JSON.stringify({ v: 1, type: 'error', ...error.toBody() }));
      endSocket(socket, closeCodeOf(error));
      return false;
    }
  };

  app.get('/live', { websocket: true, schema: { hide: true } }, (socket, request) => {
    if (!admit(socket, request, () => staffOf(request))) return;
    const { epoch, since } = request.query as SocketQuery;
    const resume = epoch !== undefined && since !== undefined && /^\d{1,15}$/.test(since) ? { epoch, since: Number(since) } : null;
    hub.connect(socket, resume);
  });

  app.get('/camera', { websocket: true, schema: { hide: true } }, (socket, request) => {
    const query = request.query as SocketQuery;
    const mode = CAMERA_MODES.find((known) => known === query.mode);
    const range = CAMERA_RANGES.find((known) => known === (query.range ?? 'near'));
    const admitted = admit(socket, request, () => {
      if (mode === undefined) throw new PorticoError('camera_mode_invalid');
      // Whoever steps up to a desk is near; a desk that looked further would look at passers-by.
      if (range === undefined || (mode === 'front_desk' && range === 'far')) throw new PorticoError('camera_range_invalid');
      return mode === 'look_up' ? staffOf(request) : signedIn(request);
    });
    if (admitted && mode !== undefined && range !== undefined) serveCamera(socket, { mode, range }, recognition);
  });

  const unsubscribe = events.on('sessionEnded', ({ sessionKey }) => {
    for (const entry of open) if (entry.key === sessionKey) endSocket(entry.socket, CLOSE.sessionEnded);
  });
  const stillLive = (entry: { key: string; scope: Scope }): boolean => {
    try {
      return access.isLive(entry.key, entry.scope);
    } catch (err) {
      app.log.error({ err }, 'a session could not be looked up');
      return false; // fail closed; the page comes back when the database does
    }
  };
  const heartbeat = setInterval(() => {
    for (const entry of open) {
      if (!entry.alive) entry.socket.terminate();
      else if (!stillLive(entry)) endSocket(entry.socket, CLOSE.sessionEnded);
      else {
        entry.alive = false;
        entry.socket.ping();
      }
    }
  }, HEARTBEAT_MS);
  app.addHook('preClose', async () => {
    clearInterval(heartbeat);
    unsubscribe();
  });
}

function closeCodeOf(error: PorticoError): number {
  if (error.code === 'wrong_protocol_version') return CLOSE.wrongVersion;
  if (error.code === 'too_many_requests') return CLOSE.flood;
  return error.status === 401 ? CLOSE.sessionEnded : CLOSE.notAllowed;
}
